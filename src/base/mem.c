/* mem: allocation that aborts instead of returning NULL. */
#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void none_left(void)
{
	fputs("reeve: out of memory\n", stderr);
	abort();
}

void *mem_new(size_t n, size_t size)
{
	void *p = calloc(n > 0 ? n : 1, size);

	if (p == NULL)
		none_left();
	return p;
}

void *mem_grow(void *p, size_t n, size_t size)
{
	void *q;

	if (size != 0 && n > SIZE_MAX / size)
		none_left();
	q = realloc(p, n * size > 0 ? n * size : 1);
	if (q == NULL)
		none_left();
	return q;
}

char *mem_text(const char *text)
{
	size_t n = strlen(text) + 1;
	char *copy = mem_new(n, 1);

	memcpy(copy, text, n);
	return copy;
}

void mem_free(void *p)
{
	void *held;

	memcpy(&held, p, sizeof held);
	free(held);
	memset(p, 0, sizeof held);
}
