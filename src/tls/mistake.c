/* mistake: sentences about what is wrong. */
#include "tls/mistake.h"

#include <stdarg.h>
#include <stdio.h>

int refuse(struct reeve_error *e, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(e->text, sizeof e->text, format, args);
	va_end(args);
	return -1;
}
