/* escape: two ways to write foreign bytes. Nothing here fails. */
#include "log/escape.h"

#include "base/utf8.h"

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
		size_t n = utf8_length(text + at, len - at);
		size_t step = n > 0 ? n : 1;
		if (n == 0 || utf8_is_control(text + at, n)) {
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
