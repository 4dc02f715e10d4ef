/* buf: a growing buffer. Memory that is missing aborts (mem.h). */
#include "base/buf.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void room_for(struct buf *b, size_t more)
{
	size_t need = b->used + more + 1;

	if (need <= b->room)
		return;
	b->room = need * 2;
	b->data = mem_grow(b->data, b->room, 1);
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	room_for(b, len);
	memcpy(b->data + b->used, data, len);
	b->used += len;
	b->data[b->used] = '\0';
}

void buf_print(struct buf *b, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n <= 0)
		return;
	room_for(b, (size_t)n);
	va_start(args, format);
	(void)vsnprintf(b->data + b->used, (size_t)n + 1, format, args);
	va_end(args);
	b->used += (size_t)n;
}

void buf_drop(struct buf *b, size_t len)
{
	if (len >= b->used) {
		b->used = 0;
	} else {
		memmove(b->data, b->data + len, b->used - len);
		b->used -= len;
	}
	if (b->data != NULL)
		b->data[b->used] = '\0';
}

const char *buf_text(const struct buf *b)
{
	return b->data != NULL ? b->data : "";
}

void buf_free(struct buf *b)
{
	mem_free(&b->data);
	b->used = b->room = 0;
}
