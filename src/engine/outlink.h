/* outlink: the engine's way to the master: orders are gathered into frames and sent when the link
 * takes them. Before the plan is in force it waits for a slow master; afterwards it never blocks,
 * and a master that does not read 1 MiB of orders ends the engine (it will be started again). */
#ifndef REEVE_ENGINE_OUTLINK_H
#define REEVE_ENGINE_OUTLINK_H

#include "base/err.h"
#include "wire/wire.h"

#include <stdbool.h>
#include <stddef.h>

#define OUTLINK_MOST ((size_t)1 << 20)

struct outframe;

struct outlink {
	int fd;
	bool patient; /* wait for the master instead of giving up */
	struct outframe *first, *last;
	struct outframe *open; /* the last frame, while messages may be added to it */
	size_t queued;         /* bytes of all frames */
};

void outlink_init(struct outlink *link, int fd);

/* Queues a struct wire_<name>; takes the fd in it. -1: it does not fit into a frame, or the master
 * does not read (the sentence says which). */
int outlink_put(struct outlink *link, const struct wire_info *info, const void *msg, struct err *e) MUST_USE;

/* Sends what the link takes. 0: nothing is left; 1: wait until it is writable; -1: it is broken. */
int outlink_flush(struct outlink *link, struct err *e) MUST_USE;

/* Sends all of it, waiting at most `ms` for each frame. */
int outlink_drain(struct outlink *link, int ms, struct err *e) MUST_USE;

#endif
