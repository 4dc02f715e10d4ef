/* split: where lines begin and end in what a pipe holds. Pure.
 *
 * A pipe is looked at without taking anything out, so the same bytes are seen again, with more behind them,
 * until a whole line is there. The state between calls is therefore only what is known of what was *taken*.
 */
#ifndef REEVE_LOG_SPLIT_H
#define REEVE_LOG_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPLIT_MAGIC      UINT32_C(0x02ff03fe)
#define SPLIT_NAME_MOST  128
#define SPLIT_FRAME_MOST (8 + SPLIT_NAME_MOST)
#define SPLIT_LINE_MOST  16384

struct split {
	char frame[SPLIT_FRAME_MOST]; /* the pipe's own handshake, skipped where a line could begin */
	size_t frame_len;             /* 0: the pipe has no name yet */
	bool begun;                   /* something was taken: a handshake can no longer name the pipe */
	bool inside;                  /* the last piece was cut: what comes belongs to its line */
};

enum split_what {
	SPLIT_MORE,  /* nothing whole yet */
	SPLIT_LINE,  /* a line or a piece of one */
	SPLIT_NAME,  /* a handshake; `text` is the prefix it gives. Only while the pipe has no name */
	SPLIT_FRAME, /* the pipe's own handshake again: nothing to do */
};

struct split_piece {
	enum split_what what;
	const char *text; /* borrowed from the data; without the LF */
	size_t len;
	size_t taken;   /* bytes of the data that it used up */
	bool continues; /* begins in the middle of a line */
	bool cut;       /* ends in the middle of a line */
};

/* Makes `name: ` the handshake of the pipe. A name longer than SPLIT_NAME_MOST - 2 is cut. */
void split_name(struct split *s, const char *name);

/* The next piece at the begin of `data`. `most`: a line without an end is cut when so much of it is there;
 * `last`: no more will ever come, what is there is a line. */
void split_next(
	struct split *s, const char *data, size_t len, size_t most, bool last, struct split_piece *out);

#endif
