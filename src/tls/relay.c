/* relay: takes clients, shakes hands, connects to the program behind and carries bytes both ways. Half-closed
 * connections stay so: the end of each direction is passed on when all before it is. A connection that fails
 * is closed; what is the client's own fault is a debug line. */
#include "tls/connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#define BATCH        64
#define HANDSHAKE_MS 10000
#define CONNECT_MS   10000
#define RETRY_MS     50 /* the queue of the program behind is full */

/* ---- from state to state */

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
		reeve_log(c->relay->worker, c->route->verify == VERIFY_NONE ? REEVE_DEBUG : REEVE_INFO,
			"listener '%s': no TLS handshake: %s", c->route->listener, c->front.why);
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
