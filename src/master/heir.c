/* heir: pidfds only, so that a pid that was given to a stranger meanwhile is nobody. Nothing fails. */
#include "master/heir.h"

#include "base/fd.h"
#include "base/say.h"
#include "master/process.h"

#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of the directory in /proc: the effective uid, or root's where a process hides from its own kind. */
static bool runs_as(pid_t pid, uid_t uid)
{
	char path[32];
	struct stat st;

	(void)snprintf(path, sizeof path, "/proc/%d", (int)pid);
	return stat(path, &st) == 0 && st.st_uid == uid;
}

static bool is_another(const struct process *p, pid_t pid)
{
	const struct service *s;
	const struct process *other;

	LIST_EACH (s, &p->service->master->services, const struct service, link)
		LIST_EACH (other, &s->processes, const struct process, link)
			if (other->pid == pid ||
				(other != p && other->heir.pidfd >= 0 && other->heir.pid == pid))
				return true;
	return pid == getpid();
}

static bool is_alive(int pidfd)
{
	struct pollfd end = {.fd = pidfd, .events = POLLIN};

	return poll(&end, 1, 0) == 0;
}

bool heir_name(struct process *p, pid_t pid)
{
	uid_t uid = p->service->spawn.uid != (uid_t)-1 ? p->service->spawn.uid : geteuid();
	int pidfd;

	if (p->heir.pidfd >= 0 && p->heir.pid == pid)
		return true;
	pidfd = is_another(p, pid) ? -1 : (int)syscall(SYS_pidfd_open, pid, 0);
	/* alive behind the look: then the look was at this one */
	if (pidfd < 0 || !runs_as(pid, uid) || !is_alive(pidfd)) {
		fd_close(&pidfd);
		return false;
	}
	fd_close(&p->heir.pidfd);
	p->heir.pid = pid;
	p->heir.pidfd = pidfd;
	return true;
}

bool heir_succeeds(struct process *p)
{
	siginfo_t si = {0};

	if (p->heir.pidfd < 0)
		return false;
	if (waitid(P_PIDFD, (id_t)p->heir.pidfd, &si, WEXITED | WNOHANG | WNOWAIT) < 0) {
		say(SAY_WARNING, "service %s: process %d, which process %d named, is not of this service",
			p->service->definition->name, (int)p->heir.pid, (int)p->pid);
		fd_close(&p->heir.pidfd);
		return false;
	}
	say(SAY_INFO, "service %s: process %d goes on as process %d", p->service->definition->name,
		(int)p->pid, (int)p->heir.pid);
	fd_close(&p->pidfd);
	p->pid = p->heir.pid;
	p->pidfd = p->heir.pidfd;
	p->heir.pidfd = -1;
	return true;
}
