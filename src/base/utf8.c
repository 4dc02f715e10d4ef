/* utf8: by the table of RFC 3629. Nothing here fails. */
#include "base/utf8.h"

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

size_t utf8_length(const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	const struct lead *lead = len > 0 ? lead_of(s[0]) : NULL;

	if (lead == NULL || lead->n > len)
		return 0;
	if (lead->n > 1 && (s[1] < lead->least || s[1] > lead->most))
		return 0;
	for (size_t i = 2; i < lead->n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return lead->n;
}

bool utf8_is_control(const char *text, size_t len)
{
	unsigned char first = (unsigned char)text[0];

	return (len == 1 && (first < 0x20 || first == 0x7f)) ||
	       (len == 2 && first == 0xc2 && (unsigned char)text[1] < 0xa0);
}
