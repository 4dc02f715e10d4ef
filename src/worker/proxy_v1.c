/* proxy_v1: a header of version 1: PROXY TCP4 192.0.2.1 192.0.2.2 56324 443 */
#include "worker/environment.h"
#include "worker/proxy_parts.h"

#include <arpa/inet.h>
#include <string.h>

/* Copies the next word, ended by one blank or the end. false: there is none, or no room. */
static bool next_word(const char **at, const char *end, char *word, size_t room)
{
	const char *blank;
	size_t len;

	if (*at >= end) /* the word before was the last */
		return false;
	blank = memchr(*at, ' ', (size_t)(end - *at));
	len = (size_t)((blank != NULL ? blank : end) - *at);
	if (len == 0 || len >= room)
		return false;
	memcpy(word, *at, len);
	word[len] = '\0';
	*at = blank != NULL ? blank + 1 : end + 1;
	return true;
}

static bool read_port(const char *word, uint16_t *port)
{
	unsigned value = 0;

	if (word[0] == '\0' || strlen(word) > 5 || (word[0] == '0' && word[1] != '\0'))
		return false;
	for (; *word != '\0'; word++) {
		if (*word < '0' || *word > '9')
			return false;
		value = value * 10 + (unsigned)(*word - '0');
	}
	*port = (uint16_t)value;
	return value <= UINT16_MAX;
}

static bool is_address(int family, const char *word)
{
	struct in6_addr scratch;

	return inet_pton(family, word, &scratch) == 1;
}

static bool read_ends(struct reeve_proxy *p, int family, const char *at, const char *end)
{
	char source[8], destination[8];

	return next_word(&at, end, p->source, sizeof p->source) && is_address(family, p->source) &&
	       next_word(&at, end, p->destination, sizeof p->destination) &&
	       is_address(family, p->destination) && next_word(&at, end, source, sizeof source) &&
	       read_port(source, &p->source_port) && next_word(&at, end, destination, sizeof destination) &&
	       read_port(destination, &p->destination_port) && at == end + 1;
}

int proxy_parse_v1(struct reeve_proxy *p, const char *text, size_t len, struct reeve_error *e)
{
	const char *at = text + 6, *end = text + len - 2;
	char family[8];

	if (len < 8 || memcmp(end, "\r\n", 2) != 0 || memchr(text, '\0', len) != NULL ||
		memchr(text, '\r', len - 2) != NULL)
		return error_set(e, "the PROXY header is not one line that ends in CR LF");
	if (!next_word(&at, end, family, sizeof family))
		return error_set(e, "the PROXY header names no protocol");
	if (strcmp(family, "UNKNOWN") == 0) {
		p->local = true;
		return 0;
	}
	if (strcmp(family, "TCP4") != 0 && strcmp(family, "TCP6") != 0)
		return error_set(
			e, "the PROXY header says '%s', which is none of TCP4, TCP6, UNKNOWN", family);
	if (!read_ends(p, family[3] == '4' ? AF_INET : AF_INET6, at, end))
		return error_set(e,
			"the PROXY header does not have two %s addresses and two ports, with one blank "
			"between",
			family);
	return 0;
}
