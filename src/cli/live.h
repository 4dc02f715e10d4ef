/* live: a verb that the engine carries out, for the files that wait for it (live.c) and that take what it
 * says (live_answers.c). */
#ifndef REEVE_CLI_LIVE_H
#define REEVE_CLI_LIVE_H

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/lock.h"
#include "cli/resort.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define LIVE_ID          1 /* of the one verb of this connection */
#define LIVE_INTERRUPTED 130
#define LIVE_UNDECIDED   (-1)

struct live {
	const struct cli *cli;
	const struct resort *resort; /* NULL: none */
	char *words;                 /* the payload of our verb */
	size_t words_length;
	struct client client;
	struct holder master;
	int signals;        /* signalfd of SIGINT */
	sigset_t mask;      /* of signals, as the caller had it */
	uint64_t start;     /* when we asked first */
	bool heard;         /* the engine has spoken */
	bool greeted;       /* it has spoken, if only on an earlier connection */
	bool accepted;      /* it has said something about our verb */
	bool marks;         /* the next words are a moment, for `mark` */
	bool moved;         /* a newer engine is to be asked */
	bool told;          /* the person knows that we wait */
	bool stopping;      /* only the end of the master is awaited */
	uint64_t cancelled; /* when ^C was passed on; 0: not */
	pid_t before;       /* its words come first; 0: none, or not any more */
	int mark;           /* it waits for the engine's first words here; -1: not any more */
	int code;           /* LIVE_UNDECIDED until the end is known */
};

/* The engine says something. A verb that is not known here is of a newer engine and passed over. */
void live_take(struct live *l, const struct frame *f);

/* Is the end of the daemon what the verb is about? */
bool live_is_stop(const struct live *l);

/* From now on only the end of the master counts; where it cannot be seen, this is the end. */
void live_await_end(struct live *l);

/* Somebody's words come before those of the engine, which waits for us meanwhile. */
void live_let_before(struct live *l);

#endif
