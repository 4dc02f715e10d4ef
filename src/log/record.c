/* record: how a line looks in a file. Nothing here fails. */
#include "log/record.h"

#include "base/clock.h"
#include "log/escape.h"

#include <stdio.h>
#include <string.h>

void record_clean(const struct record *r, struct buf *out)
{
	if (r->continues)
		buf_print(out, "[continued] ");
	if (r->prefix != NULL && !r->continues)
		escape_text(out, r->prefix, r->prefix_len);
	escape_text(out, r->text, r->len);
	if (r->cut)
		buf_print(out, " [more follows]");
}

/* The operator's own format. Blanks at its end (the original's default has one) are not doubled. */
static void own_time(const struct record *r, const char *format, char *out, size_t room)
{
	struct tm tm;
	size_t n;

	(void)localtime_r(&r->at.tv_sec, &tm);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	n = strftime(out, room, format, &tm);
#pragma GCC diagnostic pop
	while (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
}

void record_text(
	const struct record *r, const char *clean, size_t len, const char *timestamp, struct buf *out)
{
	char at[128], pid[16] = "";

	if (timestamp != NULL)
		own_time(r, timestamp, at, sizeof at);
	else
		clock_print(&r->at, at, sizeof at);
	if (r->pid > 0)
		(void)snprintf(pid, sizeof pid, "[%d]", r->pid);
	buf_print(out, "%s%s%s %s%s: ", at, at[0] != '\0' ? " " : "", level_name(r->level), r->service, pid);
	buf_add(out, clean, len);
	buf_add(out, "\n", 1);
}

void record_json(const struct record *r, const char *clean, size_t len, struct buf *out)
{
	char at[40];

	clock_print(&r->at, at, sizeof at);
	buf_print(out, "{\"time\":\"%s\",\"level\":\"%s\",\"service\":\"", at, level_name(r->level));
	escape_json(out, r->service, strlen(r->service));
	buf_print(out, "\",");
	if (r->pid > 0)
		buf_print(out, "\"pid\":%d,", r->pid);
	buf_print(out, "\"text\":\"");
	escape_json(out, clean, len);
	buf_print(out, "\"}\n");
}
