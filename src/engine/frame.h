/* frame: the control socket's frames, `VERB id length\n` and then that many bytes.
 *
 * The reader is fed whatever came and hands out whole frames. VERB is 1 to 16 letters a-z, id a
 * number below 2^31, length at most 1 MiB; the line has at most 64 bytes. Anything else breaks the
 * stream for good. */
#ifndef REEVE_ENGINE_FRAME_H
#define REEVE_ENGINE_FRAME_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

#define FRAME_HEADER_MAX  64
#define FRAME_PAYLOAD_MAX ((size_t)1 << 20)
#define FRAME_VERB_MAX    16
#define FRAME_LINE_MAX    4096

struct frame {
	char verb[FRAME_VERB_MAX + 1];
	uint32_t id;
	const char *payload; /* inside the reader, until it is fed again */
	size_t length;
};

struct frame_reader {
	char *bytes;          /* owned */
	size_t room, len, at; /* [at, len) is unread */
};

/* Where the next bytes may be put: at least `least`; tell with frame_fed how many came. */
char *frame_room(struct frame_reader *r, size_t least, size_t *room);
void frame_fed(struct frame_reader *r, size_t n);

/* 1 and the next frame, 0: more bytes are needed, -1 and a sentence: this is no stream of frames. */
int frame_next(struct frame_reader *r, struct frame *f, struct err *e) MUST_USE;

/* The same reader for a protocol of lines: 1 and the next line without its end (in `payload`), 0: more bytes
 * are needed, -1 and a sentence: it is longer than FRAME_LINE_MAX. */
int frame_line(struct frame_reader *r, struct frame *f, struct err *e) MUST_USE;

void frame_free(struct frame_reader *r);

#endif
