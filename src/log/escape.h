/* escape: text of others, made harmless. What comes out is valid UTF-8 without any control character. */
#ifndef REEVE_LOG_ESCAPE_H
#define REEVE_LOG_ESCAPE_H

#include "base/buf.h"

#include <stddef.h>

/* Control bytes (C0, DEL, C1 as UTF-8) and bytes that are not UTF-8 (RFC 3629) come out as \xNN. */
void escape_text(struct buf *out, const char *text, size_t len);

/* The result of escape_text as the inside of a JSON string: backslash and quote get a backslash. */
void escape_json(struct buf *out, const char *clean, size_t len);

#endif
