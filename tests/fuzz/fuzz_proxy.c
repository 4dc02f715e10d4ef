/* links: worker/proxy worker/proxy_v1 worker/proxy_v2 worker/proxy_write worker/environment */
/* fuzz_proxy: any bytes at the start of a connection. No byte of what follows a header is claimed; a header
 * that was read is read alike when it comes byte by byte; what can be written again says the same. */
#include "worker/proxy.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

/* The length at which measuring byte by byte says that it is whole; 0: never. */
static size_t byte_by_byte(const uint8_t *data, size_t size)
{
	struct reeve_error e = {""};
	size_t own;
	bool whole;

	for (size_t len = 1; len <= size; len++) {
		if (proxy_measure(data, len, &own, &whole, &e) < 0)
			return 0;
		check(own <= len);
		if (whole)
			return own;
	}
	return 0;
}

static void write_again(const struct reeve_proxy *first)
{
	struct reeve_proxy second;
	struct reeve_error e = {""};
	uint8_t out[PROXY_MOST];
	size_t len = reeve_proxy_write(out, sizeof out, first);

	if (len == 0)
		return;
	check(proxy_parse(&second, out, len, &e) == 0);
	check(second.local == first->local && strcmp(second.source, first->source) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reeve_proxy proxy;
	struct reeve_error e = {""};
	uint8_t *copy = malloc(size + 1); /* its end is watched by the sanitizer */
	size_t own, other;
	bool whole;

	if (copy == NULL)
		return 0;
	memcpy(copy, data, size);
	if (proxy_measure(copy, size, &own, &whole, &e) == 0 && whole) {
		check(own <= size && byte_by_byte(copy, size) == own);
		if (proxy_parse(&proxy, copy, own, &e) == 0) {
			for (unsigned type = 0; type < 256; type++)
				if (reeve_proxy_tlv(&proxy, type, &other) != NULL)
					check(other <= own);
			write_again(&proxy);
		}
	}
	free(copy);
	return 0;
}
