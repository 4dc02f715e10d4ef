/* orphans: waits for whoever is nobody's. Nothing fails. */
#include "master/orphans.h"

#include "master/engine.h"
#include "master/process.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_engine(const struct engine *en, pid_t pid)
{
	return en != NULL && en->pid == pid;
}

static bool is_ours(const struct master *m, pid_t pid)
{
	struct service *s;
	struct process *p;

	LIST_EACH (s, &m->services, struct service, link)
		LIST_EACH (p, &s->processes, struct process, link)
			if (p->pid == pid || (p->heir.pidfd >= 0 && p->heir.pid == pid))
				return true;
	return is_engine(m->engine, pid) || is_engine(m->next, pid) || is_engine(m->retiring, pid) ||
	       m->upgrade.trial.pid == pid;
}

/* Somebody else's children may become ours (PID 1, a subreaper, or a child made with CLONE_PARENT);
 * nobody else buries them. Our own are buried by their pidfd, so the first of them ends the look for
 * now. Returns whether there may be more. */
static bool bury_orphans(const struct master *m)
{
	siginfo_t si;

	for (int i = 0; i < 1000; i++) {
		si.si_pid = 0;
		if (waitid(P_ALL, 0, &si, WEXITED | WNOHANG | WNOWAIT) < 0 || si.si_pid == 0)
			return false;
		if (is_ours(m, si.si_pid))
			return true;
		(void)waitid(P_PID, (id_t)si.si_pid, &si, WEXITED | WNOHANG);
	}
	return true;
}

void orphans_soon(struct master *m)
{
	static const struct timeval soon = {0, 10000};

	(void)event_add(&m->orphan_timer, &soon);
}

static void on_orphan(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	if (bury_orphans(arg))
		orphans_soon(arg);
}

void orphans_init(struct master *m)
{
	int reaper = 0;

	if (m->handed < 0)
		m->buries = getpid() == 1 || (prctl(PR_GET_CHILD_SUBREAPER, &reaper) == 0 && reaper != 0);
	(void)evtimer_assign(&m->orphan_timer, m->loop, on_orphan, m);
	(void)evsignal_assign(&m->sigchld, m->loop, SIGCHLD, on_orphan, m);
	if (m->buries)
		(void)evsignal_add(&m->sigchld, NULL); /* others wait for the second */
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);        /* who goes into the background stays ours: heir.h */
}

void orphans_look(struct master *m)
{
	(void)bury_orphans(m);
}
