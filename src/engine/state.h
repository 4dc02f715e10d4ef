/* state: what policies remember, in a memfd of the master's that outlives the engine.
 *
 * The file has a fixed size (the master's; 64 KiB at least): a page for the mark, then two slots of
 * equal size. A save goes to the slot that was not saved last, so a death in the middle of it leaves
 * the other one whole; a slot counts only when its checksum is right. */
#ifndef REEVE_ENGINE_STATE_H
#define REEVE_ENGINE_STATE_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

#define STATE_PAGE  4096
#define STATE_LEAST 65536

struct state {
	int fd;             /* -1: none yet */
	uint64_t slot_size; /* with its header */
	uint64_t sequence;  /* of the slot that is valid; 0: none */
	unsigned valid;     /* 0 or 1 */
};

/* Takes the fd and finds out which slot is valid. -1: the file cannot serve. */
int state_attach(struct state *s, int fd, struct err *e) MUST_USE;
void state_close(struct state *s);

/* What was saved last: 1 and the bytes (of the caller), 0: nothing yet, -1: a sentence. */
int state_load(struct state *s, char **bytes, size_t *len, struct err *e) MUST_USE;

int state_save(struct state *s, const void *bytes, size_t len, struct err *e) MUST_USE;

/* What runs now (cut to what fits a page); "" when nothing does. Without a file: nothing. */
void state_mark(struct state *s, const char *text);

/* The mark there is: its length, 0: none. */
size_t state_last_mark(struct state *s, char *out, size_t room);

#endif
