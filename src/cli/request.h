/* request: one thing that a console has asked of the engine, and what comes for it until it is done. */
#ifndef REEVE_CLI_REQUEST_H
#define REEVE_CLI_REQUEST_H

#include "cli/talk.h"

#include <stdbool.h>
#include <stdint.h>

#define REQUEST_OPEN  (-1)
#define REQUEST_MOVED (-2) /* a newer engine is to be asked */
#define REQUEST_GONE  (-3) /* the connection has ended */

struct request {
	struct talk *talk;
	uint32_t id;
	bool silent;    /* nothing is printed */
	unsigned calls; /* of ^C */
	int code;       /* REQUEST_OPEN until the end is known */
	struct edit_words *words;
};

/* Waits until it is done, or `ms` are over (-1: never): then it stays REQUEST_OPEN. What comes is printed as
 * it comes; ^C is passed on. */
void request_wait(struct request *r, int ms);

/* Takes what has arrived, for this request or for nobody. */
void request_listen(struct request *r);

/* Closes the connection; the request ends with that code. */
void request_hang_up(struct request *r, int code);

#endif
