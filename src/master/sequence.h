/* sequence: `after` and `requires` between services. Who is after others starts when those are up, and ends
 * before they do; who requires others also stops and starts with them.
 *
 * A service is up from when it has process_min_avail processes that can work (of type startup: when its job
 * has ended well) until it is stopped; what happens to it in between holds nobody back. */
#ifndef REEVE_MASTER_SEQUENCE_H
#define REEVE_MASTER_SEQUENCE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define SEQUENCE_TEXT 256

struct master;
struct plan;
struct service;

struct need {
	struct service *service;
	bool is_required;
};

/* Of a service. */
struct sequence {
	struct need *needs; /* of after and requires */
	size_t needs_n;
	bool is_up;
	bool is_due;               /* it is to end as soon as nobody needs it any more */
	bool went_with;            /* it was stopped because what it requires was */
	char waits[SEQUENCE_TEXT]; /* the names it waits for, "": none */
};

/* The names exist, and nobody waits for himself. -1: the sentence says who. */
int sequence_check(const struct plan *plan, struct err *e) MUST_USE;

/* A plan has come into force: who needs whom. */
void sequence_plan(struct master *m);
void sequence_free(struct service *s);

/* May it start processes now? Says in the log what it waits for, once. */
bool sequence_allows(struct service *s);

/* The service was stepped: if it has just come up, those behind it may start. */
void sequence_look(struct service *s);

/* Is somebody still there who must end before it? */
bool sequence_is_needed(const struct service *s);

/* It is to stop, with all that require it: each ends when nobody needs it, which may be at once. */
void sequence_stop(struct service *s);

/* Ends those whose turn has come; called each turn. */
void sequence_turn(struct master *m);

/* It was started: what it requires, and what was stopped with it, is started too. -1: one of them could not
 * be. */
int sequence_started(struct service *s, struct err *e) MUST_USE;

#endif
