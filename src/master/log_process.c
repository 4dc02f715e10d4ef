/* log_process: starts, replaces and survives it. Only a daemon that never had a log ends by it. */
#include "master/log_process.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/say.h"
#include "master/environment.h"
#include "master/ladder.h"
#include "master/log_handshake.h"
#include "master/log_outfit.h"
#include "master/log_writer.h"
#include "master/process.h"
#include "master/stopping.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define CANNOT_OPEN 80

struct service *log_process_service(const struct master *m)
{
	return service_of_type(m, "log");
}

/* Lines of ours, as reeve-log reads them. */
static bool own_line(void *arg, enum say_level level, const char *text)
{
	static const char types[] = {[SAY_DEBUG] = 1, [SAY_INFO] = 2, [SAY_WARNING] = 3, [SAY_ERROR] = 4};
	struct logpipes *l = arg;
	char line[NOTICE_MOST];
	int n = snprintf(line, sizeof line, "\001%c%d %s", types[level], (int)getpid(), text);

	return notices_put(&l->notices, line, n < (int)sizeof line ? (size_t)n : sizeof line - 1);
}

static void stop_serving(struct master *m)
{
	struct service *s;

	say_through(NULL, NULL);
	m->log.nudges = 0;
	m->log.serving = NULL;
	LIST_EACH (s, &m->services, struct service, link)
		s->log.at = 0;
}

void log_process_starting(struct service *s)
{
	if (!log_outfit_is_reeves(s) && s->master->log.fds[0] >= 0)
		log_handshake(s->master);
}

void log_process_started(struct process *p)
{
	struct master *m = p->service->master;
	struct service *s;
	int fd = OUTFIT_FIRST_FD;

	log_outfit_close_files(&m->log);
	mem_free(&m->log.given);
	m->log.given = log_outfit_summary(p->service);
	m->log.serving = p->service;
	m->log.speaks_reeve = log_outfit_is_reeves(p->service);
	LIST_EACH (s, &m->services, struct service, link) {
		s->log.at = logpipe_is_open(s) ? ++fd : 0;
		if (logpipe_is_open(s))
			s->log.only = log_writer_only(s);
	}
}

/* Of a daemon whose log can be written: it lets go of the terminal and of who waits for it. */
static void detach(struct master *m)
{
	int null;

	if (m->ready < 0)
		return;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd <= STDERR_FILENO && null >= 0; fd++)
		(void)dup2(null, fd);
	fd_close(&null);
	(void)!write(m->ready, "\n", 1);
	fd_close(&m->ready);
}

void log_process_up(struct process *p)
{
	struct master *m = p->service->master;

	detach(m);
	if (m->log.speaks_reeve)
		say_through(own_line, &m->log);
	else
		log_handshake_up(m);
}

void log_process_end(struct master *m)
{
	stop_serving(m);
	logpipe_end(m);
	log_outfit_close_files(&m->log);
	mem_free(&m->log.given);
}

/* Sent a signal, Dovecot's complains of every pipe that is open. At the daemon's stop nobody writes any more,
 * and it ends by itself when all are closed. */
bool log_process_leave(struct process *p)
{
	struct master *m = p->service->master;

	if (m->life != MASTER_STOPPING || log_outfit_is_reeves(p->service))
		return false;
	if (m->log.fds[0] >= 0)
		log_process_end(m);
	return true;
}

/* 80: it may not open its files. 0 with pipes still open: it may not open them again. Both start it anew
 * with files that we opened; that is no failure. */
bool log_process_ended(struct process *p, bool exited, int status)
{
	struct master *m = p->service->master;
	bool wants_files = exited && status == CANNOT_OPEN && !m->log.opens_files;

	stop_serving(m);
	if (m->is_daemon && m->ready < 0)
		say_through(own_line, &m->log); /* there is no stderr: the pipe keeps them for the next one */
	if (wants_files)
		m->log.opens_files = true;
	else if (m->ready >= 0) {
		say(SAY_ERROR,
			"the log process ended before it was ready: a daemon that cannot log is not started");
		m->exit_code = EX_CONFIG;
		master_stop(m, true);
	}
	return wants_files;
}

void log_process_resume(struct master *m)
{
	struct logpipes *l = &m->log;
	const struct process *p;

	if (l->fds[0] < 0)
		return;
	notices_resume(&l->notices, m->loop, l->fds[1]);
	p = l->serving != NULL ? LIST_OF(list_first(&l->serving->processes), const struct process, link)
			       : NULL;
	if (m->is_daemon || (p != NULL && p->pool.reported && l->speaks_reeve))
		say_through(own_line, l);
}

static void renew(struct service *s, const char *why)
{
	struct process *p;

	say(SAY_INFO, "the log process is replaced: %s", why);
	LIST_EACH (p, &s->processes, struct process, link)
		process_retire(p, clock_ms());
}

void log_process_renew(struct master *m)
{
	if (m->log.serving != NULL && m->log.speaks_reeve)
		renew(m->log.serving, "its program may be another one now");
}

void log_process_plan(struct master *m)
{
	struct service *s = log_process_service(m);
	char *now;

	if (s == NULL) {
		/* whoever still writes into them has a reader to the end: it leaves when all are closed */
		if (m->log.fds[0] >= 0)
			log_process_end(m);
		return;
	}
	logpipe_open_all(m);
	environment_prepare(s);
	now = log_outfit_summary(s);
	if (s->processes.count > 0 && (m->log.given == NULL || strcmp(now, m->log.given) != 0))
		renew(s, "it has other pipes or settings now");
	mem_free(&now);
	log_outfit_close_files(&m->log);
}

bool log_process_reopen(struct master *m)
{
	struct process *p;

	if (m->log.serving == NULL)
		return false;
	LIST_EACH (p, &m->log.serving->processes, struct process, link)
		process_signal(p, SIGUSR1);
	return true;
}
