/* say: our own log lines. A line that cannot be written is lost; nothing fails here. */
#include "base/say.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

static const char *const level_names[] = {
	[SAY_DEBUG] = "debug",
	[SAY_INFO] = "info",
	[SAY_WARNING] = "warning",
	[SAY_ERROR] = "error",
};

static struct {
	const char *who;
	enum say_level least;
	say_door *door;
	void *arg;
} voice = {"reeve", SAY_INFO, NULL, NULL};

void say_as(const char *who)
{
	voice.who = who;
}

void say_from(enum say_level least)
{
	voice.least = least;
}

void say_through(say_door *door, void *arg)
{
	voice.door = door;
	voice.arg = arg;
}

/* Is fd 2 systemd's journal? It says so in the environment, and tells time and process by itself. */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char own[64];
	struct stat st;

	if (stream == NULL || fstat(STDERR_FILENO, &st) < 0)
		return false;
	(void)snprintf(own, sizeof own, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return strcmp(stream, own) == 0;
}

/* What stands before the text. */
static size_t put_head(char *out, size_t room, enum say_level level)
{
	static const int severities[] = {
		[SAY_DEBUG] = LOG_DEBUG,
		[SAY_INFO] = LOG_INFO,
		[SAY_WARNING] = LOG_WARNING,
		[SAY_ERROR] = LOG_ERR,
	};
	char at[40];
	int n;

	if (is_journal()) {
		n = snprintf(out, room, "<%d>%s: ", severities[level], voice.who);
	} else {
		clock_rfc3339(at, sizeof at);
		n = snprintf(out, room, "%s %s %s[%d]: ", at, level_names[level], voice.who, (int)getpid());
	}
	return n > 0 ? (size_t)n : 0;
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
	char text[2048], line[4096];
	va_list args;
	size_t len, head;

	if (level < voice.least)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	head = len = put_head(line, sizeof line, level);
	len += escape(line + len, sizeof line - len - 1, text);
	line[len] = '\0';
	if (voice.door != NULL && voice.door(voice.arg, level, line + head))
		return;
	line[len++] = '\n';
	if (write(STDERR_FILENO, line, len) < 0)
		return; /* nobody left to tell */
}
