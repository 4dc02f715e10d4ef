/* notices: short lines that the master writes into a pipe whose reader it does not trust to read: log and
 * anvil. Never blocks and never grows without bound: what the pipe does not take waits here, beyond a bound
 * it is counted. Whole lines only, in the order they were put. */
#ifndef REEVE_MASTER_NOTICES_H
#define REEVE_MASTER_NOTICES_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NOTICES_BYTES 65536
#define NOTICE_MOST   4096 /* PIPE_BUF: written whole or not at all */

struct event_base;

struct notices {
	struct event_base *loop;
	int fd; /* borrowed; -1: closed */
	char *queue;
	size_t used;
	uint64_t lost; /* lines that found no room, for ever */
	bool waiting;
	struct event writable;
};

/* `fd`: the write end of a pipe, not blocking; it stays the caller's. */
void notices_open(struct notices *n, struct event_base *loop, int fd);

/* As notices_open, for what a master before this one had: `n` holds its queue, if there is one. */
void notices_resume(struct notices *n, struct event_base *loop, int fd);

/* One line without its LF, cut to NOTICE_MOST. False: there was no room for it. */
bool notices_put(struct notices *n, const char *line, size_t len);

/* Forgets what waits. */
void notices_close(struct notices *n);

#endif
