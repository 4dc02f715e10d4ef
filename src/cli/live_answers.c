/* live_answers: what an engine says about a verb: a table. */
#include "base/fd.h"
#include "cli/live.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

bool live_is_stop(const struct live *l)
{
	return l->resort != NULL && l->resort->signal == SIGTERM;
}

void live_await_end(struct live *l)
{
	l->stopping = l->master.pidfd >= 0;
	if (!l->stopping)
		l->code = EX_OK;
}

void live_let_before(struct live *l)
{
	fd_close(&l->mark);
	if (l->before > 0)
		(void)waitpid(l->before, NULL, 0);
	l->before = 0;
}

static void on_out(struct live *l, const struct frame *f)
{
	if (l->marks) { /* of each engine that is asked, but only of the first somebody wants to know */
		l->marks = false;
		if (l->mark >= 0)
			(void)!fd_write_all(l->mark, f->payload, f->length);
		live_let_before(l);
		return;
	}
	if (fd_write_all(STDOUT_FILENO, f->payload, f->length) < 0) {
		fprintf(stderr, "reeve: cannot write: %s\n", strerror(errno));
		l->code = EX_IOERR;
	}
}

static void on_err(struct live *l, const struct frame *f)
{
	(void)l;
	(void)!fd_write_all(STDERR_FILENO, f->payload, f->length);
}

/* `stop` has done its work when the master is gone, not when the engine says so. */
static void on_done(struct live *l, const struct frame *f)
{
	int code = (int)(strtol(f->payload, NULL, 10) & 255);

	if (code == EX_OK && live_is_stop(l))
		live_await_end(l);
	else
		l->code = l->cancelled != 0 ? LIVE_INTERRUPTED : code;
}

/* A reload came in between, and nothing was done about our verb. */
static void on_again(struct live *l, const struct frame *f)
{
	l->moved = l->moved || f->id == LIVE_ID;
}

static void on_hello(struct live *l, const struct frame *f)
{
	(void)l;
	(void)f;
}

static const struct {
	const char *verb;
	void (*take)(struct live *l, const struct frame *f);
} answers[] = {
	{"out", on_out},
	{"err", on_err},
	{"done", on_done},
	{"hello", on_hello},
	{"again", on_again},
};

void live_take(struct live *l, const struct frame *f)
{
	l->heard = l->greeted = true;
	l->accepted = l->accepted || f->id == LIVE_ID;
	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
		if (strcmp(answers[i].verb, f->verb) == 0)
			answers[i].take(l, f);
}
