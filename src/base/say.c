/* say: our own log lines. A line that cannot be written is lost; nothing fails here. */
#include "base/say.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LEAST SAY_INFO

static const char *const level_names[] = {
	[SAY_DEBUG] = "debug",
	[SAY_INFO] = "info",
	[SAY_WARNING] = "warning",
	[SAY_ERROR] = "error",
};

static struct {
	const char *who;
	say_door *door;
	void *arg;
} voice = {"reeve", NULL, NULL};

void say_as(const char *who)
{
	voice.who = who;
}

void say_through(say_door *door, void *arg)
{
	voice.door = door;
	voice.arg = arg;
}

static size_t escape(char *out, size_t room, const char *text)
{
	size_t n = 0;

	for (; *text != '\0' && n + 6 < room; text++) {
		unsigned char c = (unsigned char)*text;
		if (c >= 0x20 && c != 0x7f)
			out[n++] = (char)c;
		else
			n += (size_t)snprintf(out + n, room - n, "\\x%02x", c);
	}
	return n;
}

void say(enum say_level level, const char *format, ...)
{
	char text[2048], line[4096], at[40];
	va_list args;
	int n;
	size_t len, head;

	if (level < LEAST)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	clock_rfc3339(at, sizeof at);
	n = snprintf(line, sizeof line, "%s %s %s[%d]: ", at, level_names[level], voice.who, (int)getpid());
	len = n > 0 ? (size_t)n : 0;
	head = len;
	len += escape(line + len, sizeof line - len - 1, text);
	line[len] = '\0';
	if (voice.door != NULL && voice.door(voice.arg, level, line + head))
		return;
	line[len++] = '\n';
	if (write(STDERR_FILENO, line, len) < 0)
		return; /* nobody left to tell */
}
