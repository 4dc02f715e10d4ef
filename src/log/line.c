/* line: the header of a line. Nothing here fails: what is not understood is text. */
#include "log/line.h"

#include <string.h>

#define TYPE_LEVEL  0x3f
#define TYPE_OPTION 8
#define TYPE_COUNT  0x40
#define TYPE_OWN    0x80

const char *line_number(const char *at, const char *end, int32_t *n)
{
	const char *from = at;

	for (*n = 0; at < end && *at >= '0' && *at <= '9' && at - from < 9; at++)
		*n = *n * 10 + (*at - '0');
	return at > from && at < end && *at == ' ' ? at + 1 : NULL;
}

static bool with_header(const char *bytes, size_t len, struct line *out)
{
	const char *end = bytes + len, *at;
	unsigned type;
	int32_t count = 0;

	if (len < 4 || bytes[0] != '\001')
		return false;
	type = (unsigned char)bytes[1];
	at = line_number(bytes + 2, end, &out->pid);
	out->option = (type & TYPE_LEVEL) == TYPE_OPTION;
	if (at == NULL ||
		(!out->option && ((type & TYPE_LEVEL) < LEVEL_DEBUG || (type & TYPE_LEVEL) >= LEVEL_END)))
		return false;
	out->level = out->option ? LEVEL_DEBUG : (enum level)(type & TYPE_LEVEL);
	out->has_own = (type & (TYPE_OWN | TYPE_COUNT)) != 0;
	if (type & TYPE_COUNT) {
		at = line_number(at, end, &count);
		if (at == NULL || count > end - at)
			return false;
		out->prefix = at;
		out->prefix_len = (size_t)count;
		at += count;
	}
	out->header = true;
	out->text = at;
	out->len = (size_t)(end - at);
	return true;
}

/* "<4>text", as services of systemd write it */
static size_t severity_mark(const char *bytes, size_t len, enum level *level)
{
	if (len < 3 || bytes[0] != '<' || bytes[1] < '0' || bytes[1] > '7' || bytes[2] != '>')
		return 0;
	*level = level_of_severity(bytes[1] - '0');
	return 3;
}

void line_parse(const char *bytes, size_t len, enum level bare, struct line *out)
{
	size_t mark;

	memset(out, 0, sizeof *out);
	if (with_header(bytes, len, out))
		return;
	memset(out, 0, sizeof *out);
	out->level = bare;
	mark = severity_mark(bytes, len, &out->level);
	out->text = bytes + mark;
	out->len = len - mark;
}
