/* alone: a worker without Reeve, for development. REEVE_LISTEN names the one address to listen on. */
#include "worker/environment.h"
#include "worker/worker.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ALONE_CLIENT_LIMIT 1000

union address {
	struct sockaddr any;
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
};

/* Splits 127.0.0.1:8080 and [::1]:8080. The host is written to `host`, without brackets. */
static int split(const char *where, char *host, size_t room, uint16_t *port)
{
	const char *colon = strrchr(where, ':');
	size_t len = colon != NULL ? (size_t)(colon - where) : 0;
	char *end;
	unsigned long number;

	if (colon == NULL || colon[1] < '0' || colon[1] > '9')
		return -1;
	number = strtoul(colon + 1, &end, 10);
	if (*end != '\0' || number == 0 || number > UINT16_MAX)
		return -1;
	if (len >= 2 && where[0] == '[' && where[len - 1] == ']') {
		where++;
		len -= 2;
	}
	if (len == 0 || len >= room)
		return -1;
	memcpy(host, where, len);
	host[len] = '\0';
	*port = (uint16_t)number;
	return 0;
}

/* The address and its length; 0: it is none. Numbers only: a look-up could hang and needs more than libc. */
static socklen_t parse(union address *address, const char *where)
{
	char host[64];
	uint16_t port;

	memset(address, 0, sizeof *address);
	if (where[0] == '/') {
		if (strlen(where) >= sizeof address->un.sun_path)
			return 0;
		address->un.sun_family = AF_UNIX;
		memcpy(address->un.sun_path, where, strlen(where));
		return sizeof address->un;
	}
	if (split(where, host, sizeof host, &port) < 0)
		return 0;
	if (inet_pton(AF_INET, host, &address->in4.sin_addr) == 1) {
		address->in4.sin_family = AF_INET;
		address->in4.sin_port = htons(port);
		return sizeof address->in4;
	}
	if (inet_pton(AF_INET6, host, &address->in6.sin6_addr) == 1) {
		address->in6.sin6_family = AF_INET6;
		address->in6.sin6_port = htons(port);
		return sizeof address->in6;
	}
	return 0;
}

static int listen_on(const union address *address, socklen_t len)
{
	int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1,
	    error;

	if (fd < 0)
		return -1;
	if (address->any.sa_family != AF_UNIX)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, &address->any, len) == 0 && listen(fd, 128) == 0)
		return fd;
	error = errno;
	(void)close(fd);
	errno = error;
	return -1;
}

int alone_start(struct reeve_service *service, const char *where, struct reeve_error *e)
{
	struct reeve_listener *listener = calloc(1, sizeof *listener);
	union address address;
	socklen_t len = parse(&address, where);

	*service = (struct reeve_service){
		.name = strdup("alone"),
		.client_limit = ALONE_CLIENT_LIMIT,
		.process_limit = 1,
		.idle_kill_secs = REEVE_NEVER,
		.alone = true,
		.listeners = listener,
	};
	if (listener == NULL || service->name == NULL || (listener->name = strdup(where)) == NULL)
		return error_set(e, "no memory for a listener");
	service->n_listeners = 1;
	listener->fd = -1;
	if (len == 0)
		return error_set(e,
			"REEVE_LISTEN is '%.120s': write 127.0.0.1:8080, [::1]:8080 or /path/of/socket",
			where);
	listener->fd = listen_on(&address, len);
	if (listener->fd < 0)
		return error_set(e, "REEVE_LISTEN: cannot listen on %.120s: %s", where, strerror(errno));
	return 0;
}
