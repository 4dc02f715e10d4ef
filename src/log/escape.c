/* escape: three ways to write foreign bytes. Nothing here fails. */
#include "log/escape.h"

#include <string.h>

/* The well-formed characters (RFC 3629, table of section 4) by their first byte: how many bytes they
 * have, and the bounds of the second. */
static const struct lead {
	unsigned char first, last, n, least, most;
} leads[] = {
	{0x00, 0x7f, 1, 0, 0},
	{0xc2, 0xdf, 2, 0x80, 0xbf},
	{0xe0, 0xe0, 3, 0xa0, 0xbf},
	{0xe1, 0xec, 3, 0x80, 0xbf},
	{0xed, 0xed, 3, 0x80, 0x9f},
	{0xee, 0xef, 3, 0x80, 0xbf},
	{0xf0, 0xf0, 4, 0x90, 0xbf},
	{0xf1, 0xf3, 4, 0x80, 0xbf},
	{0xf4, 0xf4, 4, 0x80, 0x8f},
};

static const struct lead *lead_of(unsigned char c)
{
	for (size_t i = 0; i < sizeof leads / sizeof *leads; i++)
		if (leads[i].first <= c && c <= leads[i].last)
			return &leads[i];
	return NULL;
}

/* How many bytes at `s` are one well-formed character; 0 = none. */
static size_t utf8_length(const unsigned char *s, size_t len)
{
	const struct lead *lead = lead_of(s[0]);

	if (lead == NULL || lead->n > len)
		return 0;
	if (lead->n > 1 && (s[1] < lead->least || s[1] > lead->most))
		return 0;
	for (size_t i = 2; i < lead->n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return lead->n;
}

static int is_control(const unsigned char *s, size_t n)
{
	return (n == 1 && (s[0] < 0x20 || s[0] == 0x7f)) || (n == 2 && s[0] == 0xc2 && s[1] < 0xa0);
}

static void add_hex(struct buf *out, const unsigned char *s, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	char four[4] = {'\\', 'x', 0, 0};

	for (size_t i = 0; i < n; i++) {
		four[2] = digits[s[i] >> 4];
		four[3] = digits[s[i] & 15];
		buf_add(out, four, sizeof four);
	}
}

void escape_text(struct buf *out, const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t from = 0, at = 0;

	while (at < len) {
		size_t n = utf8_length(s + at, len - at);
		size_t step = n > 0 ? n : 1;
		if (n == 0 || is_control(s + at, n)) {
			buf_add(out, text + from, at - from);
			add_hex(out, s + at, step);
			from = at + step;
		}
		at += step;
	}
	buf_add(out, text + from, at - from);
}

void escape_json(struct buf *out, const char *clean, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (clean[i] == '"' || clean[i] == '\\')
			buf_add(out, "\\", 1);
		buf_add(out, clean + i, 1);
	}
}

void escape_tabs(struct buf *out, const char *text, size_t len)
{
	static const char from[] = "\001\t\r\n", to[] = "1trn0";

	for (size_t i = 0; i < len; i++) {
		const char *found = memchr(from, text[i], sizeof from); /* its last byte is the NUL */
		if (found != NULL)
			buf_add(out, "\001", 1);
		buf_add(out, found != NULL ? &to[found - from] : &text[i], 1);
	}
}
