/* utf8: which bytes are characters. */
#ifndef REEVE_BASE_UTF8_H
#define REEVE_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* How many of the `len` bytes at `text` are one well-formed character; 0: none are. */
size_t utf8_length(const char *text, size_t len);

/* Whether that character is a control character: C0, DEL or C1. `len` is its utf8_length. */
bool utf8_is_control(const char *text, size_t len);

#endif
