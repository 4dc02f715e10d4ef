/* frame: the control socket's frames, to bytes and back (docs/HOUSE.md, "The control socket").
 *
 * A frame is a line `VERB id length\n` (64 bytes at most) and `length` bytes (1 MiB at most). Bytes
 * come in any pieces; the reader hands out whole frames. */
#ifndef REEVE_CLI_FRAME_H
#define REEVE_CLI_FRAME_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

#define FRAME_HEAD_MAX    64
#define FRAME_VERB_MAX    16
#define FRAME_PAYLOAD_MAX (1024 * 1024)

struct frame {
	char verb[FRAME_VERB_MAX];
	uint32_t id;
	size_t length;
	const char *payload; /* into the reader, until its next call; followed by a NUL */
};

struct frame_reader {
	char *bytes;
	size_t have, taken, room;
	char held; /* the byte that the NUL after the last payload stands in for */
};

void frame_reader_init(struct frame_reader *r);
void frame_reader_free(struct frame_reader *r);

/* Writes the head of a frame; the bytes it took. */
size_t frame_head(char out[FRAME_HEAD_MAX], const char *verb, uint32_t id, size_t length);

/* Room for `n` more bytes; they count when frame_added says so. */
char *frame_room(struct frame_reader *r, size_t n);
void frame_added(struct frame_reader *r, size_t n);

/* 1: *f is the next frame; 0: more bytes are needed; -1: these bytes are no frame (a sentence). */
int frame_next(struct frame_reader *r, struct frame *f, struct err *e) MUST_USE;

#endif
