/* tabs: the escape of the line protocols. Nothing here fails. */
#include "base/tabs.h"

#include <string.h>

void tabs_escape(struct buf *out, const char *text, size_t len)
{
	static const char from[] = "\001\t\r\n", to[] = "1trn0";

	for (size_t i = 0; i < len; i++) {
		const char *found = memchr(from, text[i], sizeof from); /* its last byte is the NUL */
		if (found != NULL)
			buf_add(out, "\001", 1);
		buf_add(out, found != NULL ? &to[found - from] : &text[i], 1);
	}
}
