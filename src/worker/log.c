/* log: lines for the log pipe. A line that cannot be written is lost; nothing fails here. */
#include "worker/reeve.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const words[] = {
	[REEVE_DEBUG] = "debug",
	[REEVE_INFO] = "info",
	[REEVE_WARNING] = "warning",
	[REEVE_ERROR] = "error",
	[REEVE_FATAL] = "fatal",
};

/* One write, so that lines of several processes do not mix (at most PIPE_BUF). */
static void put(const char *line, size_t len)
{
	struct pollfd pipe = {.fd = STDERR_FILENO, .events = POLLOUT};

	while (write(STDERR_FILENO, line, len) < 0) {
		if (errno == EAGAIN)
			(void)poll(&pipe, 1, -1);
		else if (errno != EINTR)
			return;
	}
}

/* How much of the text goes into one line: to its end, to a line break, or what there is room for (not
 * through the middle of a UTF-8 character). */
static size_t portion(const char *text, size_t room)
{
	size_t len = strcspn(text, "\n"), cut = room;

	if (len <= room)
		return len;
	while (cut > room - 4 && ((unsigned char)text[cut] & 0xc0) == 0x80)
		cut--;
	return cut;
}

static void put_lines(const char *header, const char *text)
{
	char line[PIPE_BUF];
	size_t start = (size_t)(stpcpy(line, header) - line), len;

	for (; *text != '\0'; text += len) {
		len = portion(text, sizeof line - start - 1);
		if (len == 0) { /* a line break */
			len = 1;
			continue;
		}
		memcpy(line + start, text, len);
		line[start + len] = '\n';
		put(line, start + len + 1);
	}
}

void reeve_log(const struct reeve_worker *worker, enum reeve_level level, const char *format, ...)
{
	char header[40], *text = NULL;
	int error = errno;
	va_list args;

	if (level < REEVE_DEBUG || level > REEVE_FATAL)
		level = REEVE_ERROR;
	if (worker != NULL && !reeve_service(worker)->alone)
		(void)snprintf(header, sizeof header, "\001%c%d ", (char)level, (int)getpid());
	else
		(void)snprintf(header, sizeof header, "%s: ", words[level]);
	va_start(args, format);
	if (vasprintf(&text, format, args) >= 0)
		put_lines(header, text);
	va_end(args);
	free(text);
	errno = error;
}
