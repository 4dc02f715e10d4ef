/* outfit: texts and descriptors that grow. */
#include "master/outfit.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void outfit_take(struct outfit *o, char *text)
{
	o->text = mem_grow(o->text, o->count + 2, sizeof *o->text);
	o->text[o->count++] = text;
	o->text[o->count] = NULL;
}

void outfit_add(struct outfit *o, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		abort();
	va_end(args);
	outfit_take(o, text);
}

char *outfit_slot(struct outfit *o, const char *name, size_t room)
{
	size_t n = strlen(name);
	char *text = mem_new(n + room, 1);

	(void)snprintf(text, n + room, "%s", name);
	outfit_take(o, text);
	return text + n;
}

void outfit_fd(struct outfit *o, int fd)
{
	o->fds = mem_grow(o->fds, o->fds_n + 1, sizeof *o->fds);
	o->fds[o->fds_n++] = fd;
}

size_t outfit_behind(struct outfit *o, int fd)
{
	o->behind = mem_grow(o->behind, o->behind_n + 1, sizeof *o->behind);
	o->behind[o->behind_n] = fd;
	return OUTFIT_FIRST_FD + o->fds_n + o->listeners_n + o->behind_n++;
}

void outfit_clear(struct outfit *o)
{
	mem_free(&o->fds);
	mem_free(&o->behind);
	memset(o, 0, sizeof *o);
}
