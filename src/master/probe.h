/* probe: asks once whether somebody answers at a place: a connection that is closed again at once. Never
 * blocks. */
#ifndef REEVE_MASTER_PROBE_H
#define REEVE_MASTER_PROBE_H

#include "master/place.h"

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

struct event_base;

struct probe {
	struct event event;
	int fd;
	bool is_out; /* the answer is awaited */
	int error;   /* what connect said at once */
	void (*done)(void *arg, bool answers);
	void *arg;
};

/* Asks; `done` is called later, from the loop, at the latest after `most_ms`. One question at a time. */
void probe_begin(struct probe *p, struct event_base *loop, const struct place *at, int64_t most_ms,
	void (*done)(void *arg, bool answers), void *arg);

/* Forgets the question, if one is out. */
void probe_end(struct probe *p);

#endif
