/* err: sentences about failures. Nothing here fails. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int err_set(struct err *e, const char *format, ...)
{
	va_list args;

	if (e == NULL)
		return -1;
	va_start(args, format);
	(void)vsnprintf(e->text, sizeof e->text, format, args);
	va_end(args);
	return -1;
}

int err_prefix(struct err *e, const char *format, ...)
{
	char rest[sizeof e->text];
	va_list args;
	size_t n;

	if (e == NULL)
		return -1;
	memcpy(rest, e->text, sizeof rest);
	va_start(args, format);
	(void)vsnprintf(e->text, sizeof e->text, format, args);
	va_end(args);
	n = strlen(e->text);
	(void)snprintf(e->text + n, sizeof e->text - n, ": %s", rest);
	return -1;
}

void die(int code, const char *format, ...)
{
	va_list args;

	fputs("reeve: ", stderr);
	va_start(args, format);
	(void)vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(code);
}
