/* place: from its text to an address. A wrong text is -1 and a sentence. */
#include "master/place.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static int wrong(const char *text, struct err *e)
{
	return err_set(e,
		"'%s' is no place: write \"tcp:127.0.0.1:8080\", \"tcp:[::1]:8080\" or \"unix:/path\"", text);
}

static int take_port(const char *text, in_port_t *port)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end != '\0' || n < 1 || n > 65535)
		return -1;
	*port = htons((uint16_t)n);
	return 0;
}

static int take_tcp(const char *text, struct place *out)
{
	char host[64];
	const char *colon = strrchr(text, ':');
	size_t n = colon != NULL ? (size_t)(colon - text) : 0;
	bool is_v6 = n > 2 && text[0] == '[' && text[n - 1] == ']';

	if (is_v6) {
		text++;
		n -= 2;
	}
	if (n == 0 || n >= sizeof host)
		return -1;
	memcpy(host, text, n);
	host[n] = '\0';
	out->at.any.sa_family = is_v6 ? AF_INET6 : AF_INET;
	out->len = is_v6 ? sizeof out->at.v6 : sizeof out->at.v4;
	if (is_v6)
		return inet_pton(AF_INET6, host, &out->at.v6.sin6_addr) == 1
			       ? take_port(colon + 1, &out->at.v6.sin6_port)
			       : -1;
	return inet_pton(AF_INET, host, &out->at.v4.sin_addr) == 1
		       ? take_port(colon + 1, &out->at.v4.sin_port)
		       : -1;
}

static int take_path(const char *text, struct place *out)
{
	if (text[0] != '/' || strlen(text) >= sizeof out->at.path.sun_path)
		return -1;
	out->at.path.sun_family = AF_UNIX;
	memcpy(out->at.path.sun_path, text, strlen(text) + 1);
	out->len = sizeof out->at.path;
	return 0;
}

int place_parse(const char *text, struct place *out, struct err *e)
{
	int done = -1;

	memset(out, 0, sizeof *out);
	if (strncmp(text, "tcp:", 4) == 0)
		done = take_tcp(text + 4, out);
	else if (strncmp(text, "unix:", 5) == 0)
		done = take_path(text + 5, out);
	return done < 0 ? wrong(text, e) : 0;
}
