/* relay: takes clients, shakes hands, connects to the program behind and carries bytes both ways. Half-closed
 * connections stay so: the end of each direction is passed on when all before it is. A connection that fails
 * is closed; what is the client's own fault is a debug line. */
#include "tls/relay.h"

#include "tls/flow.h"
#include "tls/front.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define BATCH        64
#define HANDSHAKE_MS 10000
#define CONNECT_MS   10000
#define RETRY_MS     50 /* the queue of the program behind is full */
#define LINGER_MS \
	5000 /* for the client to close first: closing with unread input would lose our last bytes */

enum state { SHAKING, CONNECTING, RELAYING, LINGERING };

struct end {
	struct connection *c;
	int fd;
	uint32_t events;
	bool on; /* in the epoll */
};

struct connection {
	struct connection *next, *previous;
	struct relay *relay;
	const struct route *route;
	struct reeve_client client;
	struct front front;
	struct end near, far; /* the client, the program behind */
	enum state state;
	bool is_dead;
	uint64_t deadline, retry; /* 0: none */
	struct flow up, down;
};

static uint64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void look_at(struct relay *r, uint64_t when)
{
	if (when != 0 && (r->due == 0 || when < r->due))
		r->due = when;
}

static void expect(struct connection *c, enum state state, uint64_t within_ms)
{
	c->state = state;
	c->deadline = within_ms != 0 ? now_ms() + within_ms : 0;
	look_at(c->relay, c->deadline);
}

/* ---- what is watched */

/* 0 events: HUP and ERR would still be told, again and again; out of the epoll unless they are all that is
 * wanted. */
static void watch(struct end *end, uint32_t events, bool hang_up)
{
	struct epoll_event event = {.events = events, .data = {.ptr = end}};
	int epoll = reeve_poll_fd(end->c->relay->worker);
	bool on = events != 0 || hang_up;

	if (end->fd < 0 || (end->on == on && end->events == events))
		return;
	(void)epoll_ctl(epoll,
		!on       ? EPOLL_CTL_DEL
		: end->on ? EPOLL_CTL_MOD
			  : EPOLL_CTL_ADD,
		end->fd, &event);
	end->on = on;
	end->events = events;
}

static bool has_room(struct flow *f)
{
	unsigned char *to;

	return flow_room(f, &to) > 0;
}

static bool has_bytes(const struct flow *f)
{
	const unsigned char *from;

	return flow_waiting(f, &from) > 0;
}

static void watch_both(struct connection *c)
{
	uint32_t near = c->front.wants, far = 0;

	if (c->state == LINGERING || (c->state == RELAYING && has_room(&c->up)))
		near |= EPOLLIN;
	if (c->state == RELAYING)
		far = (has_room(&c->down) ? EPOLLIN : 0) | (has_bytes(&c->up) ? EPOLLOUT : 0);
	watch(&c->near, near, false);
	watch(&c->far, far, c->state == RELAYING && c->down.state != FLOW_OPEN);
}

/* ---- the end of a connection */

/* Freed at the end of the turn: an event of the same batch may still name it. */
static void bury(struct connection *c)
{
	struct relay *r = c->relay;

	if (c->is_dead)
		return;
	c->is_dead = true;
	*(c->previous != NULL ? &c->previous->next : &r->all) = c->next;
	if (c->next != NULL)
		c->next->previous = c->previous;
	c->next = r->dead;
	r->dead = c;
	if (c->far.fd >= 0)
		(void)close(c->far.fd);
	SSL_free(c->front.ssl);
	reeve_end(r->worker, &c->client);
}

static void free_dead(struct relay *r)
{
	while (r->dead != NULL) {
		struct connection *c = r->dead;

		r->dead = c->next;
		free(c);
	}
}

static void linger(struct connection *c)
{
	flow_break(&c->up);
	if (c->far.fd >= 0)
		(void)close(c->far.fd);
	c->far.fd = -1;
	expect(c, LINGERING, LINGER_MS);
}

/* ---- who the client is, for the program behind */

static void set_end(char *text, size_t room, uint16_t *port, int fd,
	int (*name)(int, struct sockaddr *restrict, socklen_t *restrict))
{
	union {
		struct sockaddr any;
		struct sockaddr_in in4;
		struct sockaddr_in6 in6;
	} a = {.in6 = {0}};
	socklen_t size = sizeof a;

	if (name(fd, &a.any, &size) < 0)
		return;
	if (a.any.sa_family == AF_INET6)
		(void)inet_ntop(AF_INET6, &a.in6.sin6_addr, text, (socklen_t)room);
	else
		(void)inet_ntop(AF_INET, &a.in4.sin_addr, text, (socklen_t)room);
	*port = ntohs(a.in4.sin_port); /* the port stands at the same place in both */
}

static void set_text(char *to, size_t room, const char *text)
{
	if (text != NULL && strlen(text) < room)
		memcpy(to, text, strlen(text) + 1);
}

/* What a balancer before us has said stays; the TLS is ours. */
static void describe(const struct connection *c, struct reeve_proxy *p)
{
	*p = c->client.proxy != NULL ? *c->client.proxy : (struct reeve_proxy){0};
	if (c->client.proxy == NULL || p->local) {
		p->local = false;
		set_end(p->source, sizeof p->source, &p->source_port, c->client.fd, getpeername);
		set_end(p->destination, sizeof p->destination, &p->destination_port, c->client.fd,
			getsockname);
	}
	if (c->front.ssl == NULL)
		return;
	p->ssl = true;
	p->verified = false;
	p->common_name[0] = '\0';
	set_text(p->ssl_version, sizeof p->ssl_version, SSL_get_version(c->front.ssl));
	set_text(p->cipher, sizeof p->cipher, SSL_get_cipher_name(c->front.ssl));
	set_text(p->authority, sizeof p->authority,
		SSL_get_servername(c->front.ssl, TLSEXT_NAMETYPE_host_name));
}

static void put_header(struct connection *c)
{
	struct reeve_proxy proxy;
	unsigned char *to;
	size_t room = flow_room(&c->up, &to), n;

	describe(c, &proxy);
	n = reeve_proxy_write(to, room, &proxy);
	if (n == 0) { /* its addresses are none (a unix socket's): say so */
		proxy = (struct reeve_proxy){.local = true};
		n = reeve_proxy_write(to, room, &proxy);
	}
	flow_added(&c->up, n);
}

/* ---- the steps: each returns whether something has moved */

static bool fill_up(struct connection *c)
{
	unsigned char *to;
	size_t room = flow_room(&c->up, &to);
	ssize_t n = room > 0 ? front_read(&c->front, to, room) : FRONT_AGAIN;

	if (n == FRONT_BROKEN) {
		bury(c);
		return false;
	}
	if (n > 0)
		flow_added(&c->up, (size_t)n);
	if (n == 0)
		flow_end(&c->up);
	return n >= 0;
}

static bool drain_up(struct connection *c)
{
	const unsigned char *from;
	size_t len = flow_waiting(&c->up, &from);
	ssize_t n = len > 0 ? send(c->far.fd, from, len, MSG_NOSIGNAL) : 0;

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		flow_break(&c->up); /* it may still have something to say */
	if (n > 0)
		flow_removed(&c->up, (size_t)n);
	if (flow_must_tell(&c->up)) {
		(void)shutdown(c->far.fd, SHUT_WR);
		flow_told(&c->up);
	}
	return n > 0;
}

static bool fill_down(struct connection *c)
{
	unsigned char *to;
	size_t room = flow_room(&c->down, &to);
	ssize_t n;

	if (room == 0)
		return false;
	n = recv(c->far.fd, to, room, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n > 0)
		flow_added(&c->down, (size_t)n);
	else
		flow_end(&c->down);
	return true;
}

static bool drain_down(struct connection *c)
{
	const unsigned char *from;
	size_t len = flow_waiting(&c->down, &from);
	ssize_t n = len > 0 ? front_write(&c->front, from, len) : 0;

	if (n == FRONT_BROKEN) {
		bury(c);
		return false;
	}
	if (n > 0)
		flow_removed(&c->down, (size_t)n);
	if (flow_must_tell(&c->down) && front_end(&c->front) == 1)
		flow_told(&c->down);
	return n > 0;
}

/* The program behind has closed both directions: what the client still says has no reader. */
static bool is_hung_up(int fd)
{
	struct pollfd p = {.fd = fd};

	return poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR)) != 0;
}

static void step_relaying(struct connection *c)
{
	bool moved = true;

	while (moved && !c->is_dead) {
		c->front.wants = 0;
		moved = fill_up(c);
		if (!c->is_dead)
			moved |= drain_up(c); /* each has its turn, whatever the others moved */
		if (!c->is_dead)
			moved |= fill_down(c);
		if (!c->is_dead)
			moved |= drain_down(c);
	}
	if (c->is_dead || c->down.state != FLOW_ENDED)
		return;
	if (c->up.state == FLOW_ENDED && is_hung_up(c->near.fd))
		bury(c);
	else if (c->up.state == FLOW_ENDED || is_hung_up(c->far.fd))
		linger(c);
}

static void step_connecting(struct connection *c)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	(void)strncpy(a.sun_path, c->route->path, sizeof a.sun_path - 1);
	if (c->far.fd < 0)
		c->far.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->far.fd >= 0 && connect(c->far.fd, (struct sockaddr *)&a, sizeof a) == 0) {
		if (c->route->send_proxy)
			put_header(c);
		c->retry = 0;
		expect(c, RELAYING, 0);
		step_relaying(c);
		return;
	}
	if (c->far.fd < 0 || (errno != EAGAIN && errno != EINTR)) {
		reeve_log(c->relay->worker, REEVE_ERROR, "listener '%s': %s: %s", c->route->listener,
			c->route->path, strerror(errno));
		bury(c);
		return;
	}
	c->retry = now_ms() + RETRY_MS;
	look_at(c->relay, c->retry);
}

static void step_shaking(struct connection *c)
{
	int r;

	c->front.wants = 0;
	r = front_handshake(&c->front);
	if (r == FRONT_BROKEN) {
		reeve_log(
			c->relay->worker, REEVE_DEBUG, "listener '%s': no TLS handshake", c->route->listener);
		bury(c);
	} else if (r == 1) {
		c->front.wants = 0;
		expect(c, CONNECTING, CONNECT_MS);
		step_connecting(c);
	}
}

static void step_lingering(struct connection *c)
{
	char scrap[4096];
	ssize_t n;

	do {
		c->front.wants = 0;
		n = recv(c->near.fd, scrap, sizeof scrap, 0);
	} while (n > 0);
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		bury(c);
}

static void step(struct connection *c)
{
	static void (*const steps[])(struct connection *) = {
		[SHAKING] = step_shaking,
		[CONNECTING] = step_connecting,
		[RELAYING] = step_relaying,
		[LINGERING] = step_lingering,
	};

	if (c->is_dead)
		return;
	steps[c->state](c);
	if (!c->is_dead)
		watch_both(c);
}

/* ---- clients come and wait too long */

static struct context *context_of(struct relay *r, const struct route *route)
{
	return &r->contexts[route - r->options->routes];
}

static bool set_up(struct connection *c)
{
	int one = 1;

	c->near = (struct end){.c = c, .fd = c->client.fd};
	c->far = (struct end){.c = c, .fd = -1};
	c->front.fd = c->client.fd;
	(void)setsockopt(c->client.fd, IPPROTO_TCP, TCP_NODELAY, &one,
		sizeof one); /* we do not wait, so why should it */
	if (!c->client.listener->ssl)
		return true;
	c->front.ssl = context_accept(context_of(c->relay, c->route), c->client.fd);
	return c->front.ssl != NULL;
}

static void on_client(struct reeve_worker *worker, struct reeve_client *client, void *context)
{
	struct relay *r = context;
	struct connection *c = calloc(1, sizeof *c);

	if (c == NULL) {
		reeve_end(worker, client);
		return;
	}
	c->relay = r;
	c->client = *client;
	c->route = options_route(r->options, client->listener->name);
	c->next = r->all;
	if (c->next != NULL)
		c->next->previous = c;
	r->all = c;
	if (!set_up(c)) {
		reeve_log(worker, REEVE_ERROR, "listener '%s': no memory for TLS", client->listener->name);
		bury(c);
		return;
	}
	expect(c, SHAKING, HANDSHAKE_MS);
	step(c);
}

static void give_up(struct connection *c)
{
	static const char *const whats[] = {
		[SHAKING] = "no TLS handshake in time",
		[CONNECTING] = "the program behind does not take it: its queue is full",
		[LINGERING] = "the client does not close",
	};

	reeve_log(c->relay->worker, c->state == CONNECTING ? REEVE_WARNING : REEVE_DEBUG, "listener '%s': %s",
		c->route->listener, whats[c->state]);
	bury(c);
}

static void sweep(struct relay *r, uint64_t now)
{
	struct connection *next;

	if (r->due == 0 || now < r->due)
		return;
	r->due = 0;
	for (struct connection *c = r->all; c != NULL; c = next) {
		next = c->next;
		if (c->deadline != 0 && c->deadline <= now)
			give_up(c);
		else if (c->retry != 0 && c->retry <= now)
			step(c);
		if (!c->is_dead) {
			look_at(r, c->deadline);
			look_at(r, c->retry);
		}
	}
}

int relay_run(struct relay *r)
{
	struct epoll_event events[BATCH];

	if (reeve_listen(r->worker, on_client, r) < 0)
		return -1;
	while (reeve_running(r->worker)) {
		uint64_t now = now_ms();
		int wait = r->due == 0 ? -1 : r->due > now ? (int)(r->due - now) : 0;
		int n = reeve_wait(r->worker, events, BATCH, wait);

		for (int i = 0; i < n; i++)
			step(((struct end *)events[i].data.ptr)->c);
		sweep(r, now_ms());
		free_dead(r);
	}
	return 0;
}
