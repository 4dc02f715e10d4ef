/* inetd: accept, look where it comes from, hand over. Never blocks: its listeners do not. */
#include "master/inetd.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/say.h"
#include "master/environment.h"
#include "master/outfit.h"
#include "master/process.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define QUIET_MS 1000 /* between two complaints about sources */

union peer {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_storage most;
};

/* ---- who is it */

static void print_address(const union peer *a, char *address, char *port)
{
	const void *bytes = a->any.sa_family == AF_INET ? (const void *)&a->v4.sin_addr : &a->v6.sin6_addr;

	address[0] = port[0] = '\0';
	if (a->any.sa_family != AF_INET && a->any.sa_family != AF_INET6)
		return; /* of a unix socket nothing is known but its user */
	(void)inet_ntop(a->any.sa_family, bytes, address, INET6_ADDRSTRLEN);
	(void)sprintf(port, "%u", ntohs(a->any.sa_family == AF_INET ? a->v4.sin_port : a->v6.sin6_port));
}

static struct source source_of(int fd, const union peer *a)
{
	struct source from = {.family = a->any.sa_family};
	struct ucred user;
	socklen_t len = sizeof user;

	if (from.family == AF_INET)
		memcpy(from.bytes, &a->v4.sin_addr, sizeof a->v4.sin_addr);
	else if (from.family == AF_INET6)
		memcpy(from.bytes, &a->v6.sin6_addr, sizeof from.bytes);
	else if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &user, &len) == 0)
		memcpy(from.bytes, &user.uid, sizeof user.uid);
	return from;
}

static bool is_same(const struct source *a, const struct source *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* Has this source as many processes as it may? */
static bool is_over(const struct service *s, const struct source *from)
{
	int64_t n = 0, most = s->definition->settings.per_source_limit;
	const struct process *p;

	if (most == 0)
		return false;
	LIST_EACH (p, &s->processes, const struct process, link)
		n += is_same(&p->source, from);
	return n >= most;
}

static void turn_away(struct service *s, int fd, const union peer *a)
{
	char address[INET6_ADDRSTRLEN], port[8];
	uint64_t now = clock_ms();

	(void)close(fd);
	s->dropped++;
	if (s->source_warned != 0 && now - s->source_warned < QUIET_MS)
		return;
	s->source_warned = now;
	print_address(a, address, port);
	say(SAY_WARNING,
		"service %s: %s has %lld connections (per_source_limit) and gets no further one; raise the "
		"limit if that "
		"is too few",
		s->definition->name, address[0] != '\0' ? address : "a user",
		(long long)s->definition->settings.per_source_limit);
}

/* ---- taking one */

/* From any listener, each in turn. -1: errno EAGAIN when nobody waits. */
static int accept_one(struct service *s, union peer *a)
{
	for (size_t i = 0; i < s->watched_n; i++) {
		const struct listener *l = &s->watched[(s->accept_next + i) % s->watched_n].listener;
		socklen_t len = sizeof *a;
		int fd;
		memset(a, 0, sizeof *a);
		fd = accept4(l->fd, &a->any, &len, SOCK_CLOEXEC);
		if (fd >= 0) {
			s->accept_next = (s->accept_next + i + 1) % s->watched_n;
			return fd;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			return -1;
	}
	errno = EAGAIN;
	return -1;
}

static void fill_slots(struct service *s, int fd, const union peer *remote)
{
	union peer local = {0};
	socklen_t len = sizeof local;

	print_address(remote, s->slots.remote_addr, s->slots.remote_port);
	(void)getsockname(fd, &local.any, &len);
	print_address(&local, s->slots.local_addr, s->slots.local_port);
}

enum kit_result inetd_kit(struct process *p, struct kit *k)
{
	struct service *s = p->service;
	union peer remote;

	for (int i = 0; i < INETD_ACCEPTS_ATURN; i++) {
		int fd = accept_one(s, &remote);
		if (fd < 0)
			return errno == EAGAIN ? KIT_IDLE : KIT_STARVED;
		p->source = source_of(fd, &remote);
		if (is_over(s, &p->source)) {
			turn_away(s, fd, &remote);
			continue;
		}
		fill_slots(s, fd, &remote);
		kit_add(k, fd);
		s->spawn.fds[0] = s->spawn.fds[1] = fd;
		return KIT_COMPLETE;
	}
	service_touch(s); /* all of these were turned away: others may wait behind them */
	return KIT_IDLE;
}

void inetd_environment(struct service *s, struct outfit *o)
{
	s->slots.remote_addr = outfit_slot(o, "REMOTE_ADDR=", INET6_ADDRSTRLEN);
	s->slots.remote_port = outfit_slot(o, "REMOTE_PORT=", 8);
	s->slots.local_addr = outfit_slot(o, "LOCAL_ADDR=", INET6_ADDRSTRLEN);
	s->slots.local_port = outfit_slot(o, "LOCAL_PORT=", 8);
}

void inetd_wait_fds(struct service *s, const struct outfit *o)
{
	environment_plain_fds(s, o);
	if (s->watched_n > 0) /* plan_check: there is one */
		s->spawn.fds[0] = s->spawn.fds[1] = s->watched[0].listener.fd;
}
