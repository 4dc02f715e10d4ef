/* mem: memory that is there or the program is not. Used when things are defined, never in the
 * master while processes come and go. */
#ifndef REEVE_BASE_MEM_H
#define REEVE_BASE_MEM_H

#include <stddef.h>

/* Zeroed memory of n * size bytes; the caller frees it. Aborts when there is none. */
void *mem_new(size_t n, size_t size);

/* Grows or shrinks to n * size bytes; new bytes are not zeroed. Aborts when there is none. */
void *mem_grow(void *p, size_t n, size_t size);

/* A copy of the text, of the caller. */
char *mem_text(const char *text);

/* Frees *p and clears it. */
void mem_free(void *p);

#endif
