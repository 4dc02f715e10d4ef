/* proxy: where a PROXY header ends, and which version it is. */
#include "worker/proxy.h"

#include "worker/environment.h"
#include "worker/proxy_parts.h"

#include <string.h>

#define V1_MOST 107

const unsigned char proxy_signature[12] = "\r\n\r\n\0\r\nQUIT\n";

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static int measure_v1(const unsigned char *bytes, size_t len, size_t *own, bool *whole, struct reeve_error *e)
{
	const unsigned char *end = memchr(bytes, '\n', least(len, V1_MOST));

	*whole = end != NULL;
	*own = end != NULL ? (size_t)(end - bytes) + 1 : len;
	if (end == NULL && len >= V1_MOST)
		return error_set(e, "the PROXY header has no end within %d bytes", V1_MOST);
	return 0;
}

static int measure_v2(const unsigned char *bytes, size_t len, size_t *own, bool *whole, struct reeve_error *e)
{
	size_t total = len >= V2_FIXED ? V2_FIXED + number16(bytes + 14) : V2_FIXED;

	if (total > PROXY_MOST)
		return error_set(e, "the PROXY header has %zu bytes; at most %d are read", total, PROXY_MOST);
	*own = least(len, total);
	*whole = len >= V2_FIXED && len >= total;
	return 0;
}

int proxy_measure(const unsigned char *bytes, size_t len, size_t *own, bool *whole, struct reeve_error *e)
{
	*own = 0;
	*whole = false;
	if (memcmp(bytes, proxy_signature, least(len, sizeof proxy_signature)) == 0)
		return measure_v2(bytes, len, own, whole, e);
	if (memcmp(bytes, "PROXY ", least(len, 6)) == 0)
		return measure_v1(bytes, len, own, whole, e);
	return error_set(
		e, "the connection does not begin with a PROXY header, but its listener has haproxy = true");
}

int proxy_parse(struct reeve_proxy *proxy, const unsigned char *header, size_t len, struct reeve_error *e)
{
	size_t own;
	bool whole;

	*proxy = (struct reeve_proxy){0};
	if (proxy_measure(header, len, &own, &whole, e) < 0)
		return -1;
	if (!whole || own != len)
		return error_set(e, "the PROXY header is not whole");
	return header[0] == 'P' ? proxy_parse_v1(proxy, (const char *)header, len, e)
				: proxy_parse_v2(proxy, header, len, e);
}
