/* buf: bytes that grow. Always ends in a NUL that is not counted. */
#ifndef REEVE_BASE_BUF_H
#define REEVE_BASE_BUF_H

#include "base/err.h"

#include <stddef.h>

struct buf {
	char *data; /* NULL while empty */
	size_t used, room;
};

void buf_add(struct buf *b, const void *data, size_t len);
void buf_print(struct buf *b, const char *format, ...) PRINTF(2, 3);

/* Drops the first `len` bytes. */
void buf_drop(struct buf *b, size_t len);

/* The bytes as text; "" when there are none. */
const char *buf_text(const struct buf *b);

void buf_free(struct buf *b);

#endif
