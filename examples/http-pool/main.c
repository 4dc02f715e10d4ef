/* http-pool: a long-lived pool of HTTP servers on one epoll, many clients to a process.
 *
 *     http-pool [milliseconds]     how long a client may be slow or silent (default 10000)
 *
 * Slow, silent and garbled clients cost a struct and a deadline, never a process. */
#include "http.h"

#include <errno.h>
#include <reeve.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH     64
#define LINGER_MS 2000

enum state { READING, WRITING, LINGERING };

struct connection {
	struct connection *next, *previous;
	struct reeve_client client;
	enum state state;
	uint64_t deadline;
	unsigned requests;
	bool last; /* hang up after this response */
	size_t in_used, out_used, out_sent;
	char in[HTTP_HEAD_LIMIT];
	char out[1024];
};

struct server {
	struct reeve_worker *worker;
	struct connection *all;
	uint64_t patience_ms, next_sweep;
};

static uint64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void expect(struct server *s, struct connection *c, enum state state, uint64_t within_ms)
{
	struct epoll_event event = {.events = state == WRITING ? EPOLLOUT : EPOLLIN, .data = {.ptr = c}};

	if ((c->state == WRITING) != (state == WRITING))
		(void)epoll_ctl(reeve_poll_fd(s->worker), EPOLL_CTL_MOD, c->client.fd, &event);
	c->state = state;
	c->deadline = now_ms() + within_ms;
}

static void hang_up(struct server *s, struct connection *c)
{
	if (c->previous != NULL)
		c->previous->next = c->next;
	else
		s->all = c->next;
	if (c->next != NULL)
		c->next->previous = c->previous;
	reeve_end(s->worker, &c->client);
	free(c);
}

/* Closing with unread input would make TCP throw our response away: let the client close first, for a
 * while. */
static void linger(struct server *s, struct connection *c)
{
	(void)shutdown(c->client.fd, SHUT_WR);
	expect(s, c, LINGERING, s->patience_ms < LINGER_MS ? s->patience_ms : LINGER_MS);
}

static int status_for(const struct http_request *r)
{
	if (r->error != 0)
		return r->error;
	if (strcmp(r->method, "GET") != 0 && strcmp(r->method, "HEAD") != 0)
		return 405;
	return strcmp(r->path, "/") == 0 ? 200 : 404;
}

static void answer(struct server *s, struct connection *c, struct http_request *r)
{
	char body[160] = "";
	int status = status_for(r);

	c->requests++;
	if (reeve_draining(s->worker))
		r->keep_alive = false;
	c->last = !r->keep_alive;
	if (status == 200)
		(void)snprintf(body, sizeof body, "hello from process %d, connection %llu, request %u\n",
			(int)getpid(), (unsigned long long)c->client.number, c->requests);
	else
		(void)snprintf(body, sizeof body, "%d\n", status);
	c->out_used = http_respond(c->out, sizeof c->out, r, status, body, time(NULL));
	c->out_sent = 0;
}

/* false: it is gone. Otherwise everything is sent, or we wait for room. */
static bool flush(struct server *s, struct connection *c)
{
	while (c->out_sent < c->out_used) {
		ssize_t n = send(c->client.fd, c->out + c->out_sent, c->out_used - c->out_sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			if (c->state != WRITING)
				expect(s, c, WRITING, s->patience_ms);
			return true;
		}
		if (n < 0) {
			hang_up(s, c);
			return false;
		}
		c->out_sent += (size_t)n;
	}
	return true;
}

/* Answers the requests that are in the buffer, one after the other (a client may send several at once).
 * Out of the loop: the rest of a request or room to write is awaited, or the connection is gone. */
static void proceed(struct server *s, struct connection *c)
{
	unsigned before = c->requests;
	struct http_request request;
	size_t head;

	for (;;) {
		if (!flush(s, c) || c->out_sent < c->out_used)
			return;
		if (c->out_used > 0 && c->last) {
			linger(s, c);
			return;
		}
		c->out_used = 0;
		head = http_parse(&request, c->in, c->in_used);
		if (head == 0)
			break;
		c->in_used -= head;
		memmove(c->in, c->in + head, c->in_used);
		answer(s, c, &request);
	}
	if (c->state != READING || c->requests != before)
		expect(s, c, READING, s->patience_ms);
}

/* false: nothing to read, or gone. */
static bool receive(struct server *s, struct connection *c, char *to, size_t room, size_t *got)
{
	ssize_t n = recv(c->client.fd, to, room, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		hang_up(s, c);
		return false;
	}
	*got = (size_t)n;
	return true;
}

static void on_reading(struct server *s, struct connection *c)
{
	size_t n;

	if (!receive(s, c, c->in + c->in_used, sizeof c->in - c->in_used, &n))
		return;
	/* The time for a request runs from its first byte (the first request's from the connection): if each
	 * byte bought new patience, a client could stay for ever. */
	if (c->in_used == 0 && c->requests > 0)
		c->deadline = now_ms() + s->patience_ms;
	c->in_used += n;
	proceed(s, c);
}

static void on_lingering(struct server *s, struct connection *c)
{
	char scrap[4096];
	size_t n;

	(void)receive(s, c, scrap, sizeof scrap, &n);
}

static void (*const on_ready[])(struct server *, struct connection *) = {
	[READING] = on_reading,
	[WRITING] = proceed,
	[LINGERING] = on_lingering,
};

static void on_client(struct reeve_worker *worker, struct reeve_client *client, void *context)
{
	struct server *s = context;
	struct connection *c = calloc(1, sizeof *c);
	struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = c}};

	if (c == NULL || epoll_ctl(reeve_poll_fd(worker), EPOLL_CTL_ADD, client->fd, &event) < 0) {
		free(c);
		reeve_end(worker, client);
		return;
	}
	c->client = *client;
	c->deadline = now_ms() + s->patience_ms;
	c->next = s->all;
	if (c->next != NULL)
		c->next->previous = c;
	s->all = c;
}

static bool is_silent(const struct connection *c)
{
	return c->state == READING && c->in_used == 0 && c->requests > 0;
}

/* Late ones go, and while draining those that only keep the connection alive. */
static void sweep(struct server *s, uint64_t now)
{
	struct connection *next;

	for (struct connection *c = s->all; c != NULL; c = next) {
		next = c->next;
		if (c->deadline <= now || (reeve_draining(s->worker) && is_silent(c)))
			hang_up(s, c);
	}
}

static void serve(struct server *s)
{
	struct epoll_event events[BATCH];
	int step = s->patience_ms < 2000 ? (int)(s->patience_ms / 2 + 1) : 1000;

	while (reeve_running(s->worker)) {
		int n = reeve_wait(s->worker, events, BATCH, s->all != NULL ? step : -1);
		uint64_t now = now_ms();

		for (int i = 0; i < n; i++) {
			struct connection *c = events[i].data.ptr;
			on_ready[c->state](s, c);
		}
		if (now >= s->next_sweep || reeve_draining(s->worker)) {
			sweep(s, now);
			s->next_sweep = now + (uint64_t)step;
		}
	}
}

int main(int argc, char **argv)
{
	struct server s = {.patience_ms = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000};
	struct reeve_error error;

	if (s.patience_ms == 0 || s.patience_ms > 3600000) {
		reeve_log(NULL, REEVE_FATAL, "http-pool: '%s': write milliseconds, 1 to 3600000", argv[1]);
		return 64;
	}
	if (reeve_start(&s.worker, &error) < 0) {
		reeve_log(NULL, REEVE_FATAL, "%s", error.text);
		return 78;
	}
	if (reeve_listen(s.worker, on_client, &s) < 0)
		return 71;
	serve(&s);
	reeve_stop(&s.worker);
	return 0;
}
