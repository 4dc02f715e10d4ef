/* network: is an address in a list of networks? Nothing fails: what cannot be read matches nothing. */
#include "worker/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

struct bits {
	int family;
	unsigned char byte[16];
	unsigned width; /* of an address of the family */
};

static struct bits bits_of(const struct sockaddr *address)
{
	struct bits b = {.family = address->sa_family};

	if (b.family == AF_INET) {
		memcpy(b.byte, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
		b.width = 32;
	} else if (b.family == AF_INET6) {
		memcpy(b.byte, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16);
		b.width = 128;
		if (memcmp(b.byte, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0) {
			memmove(b.byte, b.byte + 12, 4);
			b.family = AF_INET;
			b.width = 32;
		}
	}
	return b;
}

/* "24" -> 24; what is none, or more than `most`, -1. */
static int prefix(const char *text, unsigned most)
{
	unsigned n = 0;

	if (*text == '\0' || strlen(text) > 3)
		return -1;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		n = n * 10 + (unsigned)(*text - '0');
	}
	return n <= most ? (int)n : -1;
}

static bool same(const unsigned char *a, const unsigned char *b, unsigned n)
{
	unsigned rest = n % 8, whole = n / 8;

	return memcmp(a, b, whole) == 0 && (rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0);
}

static bool word_contains(char *word, const struct bits *b)
{
	char *slash = strchr(word, '/');
	unsigned char network[16];
	int n = (int)b->width;

	if (slash != NULL) {
		*slash = '\0';
		n = prefix(slash + 1, b->width);
	}
	return n >= 0 && inet_pton(b->family, word, network) == 1 && same(network, b->byte, (unsigned)n);
}

bool network_contains(const char *networks, const struct sockaddr *address)
{
	struct bits b = bits_of(address);

	while (b.width > 0 && *networks != '\0') {
		char word[64];
		size_t len = strcspn(networks, " ,");

		if (len > 0 && len < sizeof word) {
			memcpy(word, networks, len);
			word[len] = '\0';
			if (word_contains(word, &b))
				return true;
		}
		networks += len + (networks[len] != '\0');
	}
	return false;
}
