/* logpipe: opens and closes the pipes. Failures are said; nothing ends here. */
#include "master/logpipe.h"

#include "base/fd.h"
#include "base/say.h"
#include "master/service.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void logpipe_init(struct master *m)
{
	struct logpipes *l = &m->log;

	memset(l, 0, sizeof *l);
	l->engine[0] = l->engine[1] = -1;
	l->fds[0] = l->fds[1] = l->files[0] = l->files[1] = l->files[2] = -1;
	l->notices.fd = -1;
}

/* The reader's end never blocks (the master empties pipes, too); the writers' end is as pipes are. */
static int make_pipe(int fds[2])
{
	if (fd_pipe(fds, 0) < 0)
		return -1;
	(void)fcntl(fds[0], F_SETPIPE_SZ, LOGPIPE_BYTES);
	return fd_set_nonblock(fds[0]);
}

bool logpipe_is_open(const struct service *s)
{
	return s->log.fds[0] >= 0;
}

void logpipe_close(struct logpipe *l)
{
	fd_close(&l->fds[0]);
	fd_close(&l->fds[1]);
	l->at = 0;
	l->only = 0;
}

/* Nobody waits for a log that is stuck: the engine's lines are lost then. */
int logpipe_engine(struct master *m)
{
	int *fds = m->log.engine;

	if (!m->is_daemon)
		return STDERR_FILENO;
	if (fds[0] < 0 && (make_pipe(fds) < 0 || fd_set_nonblock(fds[1]) < 0))
		say(SAY_ERROR, "no pipe for the engine's log: %s", strerror(errno));
	return fds[1] >= 0 ? fds[1] : STDERR_FILENO;
}

static bool open_service(struct service *s)
{
	if (s->kind->keeps_stderr || logpipe_is_open(s) || make_pipe(s->log.fds) == 0)
		return true;
	say(SAY_ERROR, "service %s: no pipe for its log: %s; its lines go to the master's stderr",
		s->definition->name, strerror(errno));
	logpipe_close(&s->log);
	return false;
}

void logpipe_open_all(struct master *m)
{
	struct service *s;

	if (m->log.fds[0] < 0) {
		if (make_pipe(m->log.fds) < 0 || fd_set_nonblock(m->log.fds[1]) < 0) {
			say(SAY_ERROR, "no pipe for the log: %s", strerror(errno));
			logpipe_end(m);
			return;
		}
		notices_open(&m->log.notices, m->loop, m->log.fds[1]);
	}
	LIST_EACH (s, &m->services, struct service, link)
		if (!open_service(s))
			return;
}

void logpipe_end(struct master *m)
{
	struct logpipes *l = &m->log;
	struct service *s;

	LIST_EACH (s, &m->services, struct service, link)
		logpipe_close(&s->log);
	notices_close(&l->notices);
	fd_close(&l->fds[0]);
	fd_close(&l->fds[1]);
}
