/* connection: its clock, what of it is watched, and its end. */
#include "tls/connection.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define LINGER_MS 5000

uint64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void look_at(struct relay *r, uint64_t when)
{
	if (when != 0 && (r->due == 0 || when < r->due))
		r->due = when;
}

void expect(struct connection *c, enum state state, uint64_t within_ms)
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

void watch_both(struct connection *c)
{
	uint32_t near = c->front.wants, far = 0;

	if (c->state == LINGERING || (c->state == RELAYING && has_room(&c->up)))
		near |= EPOLLIN;
	if (c->state == RELAYING)
		far = (has_room(&c->down) ? EPOLLIN : 0) | (has_bytes(&c->up) ? EPOLLOUT : 0);
	watch(&c->near, near, false);
	watch(&c->far, far, c->state == RELAYING && c->down.state != FLOW_OPEN);
}

/* ---- the end */

void bury(struct connection *c)
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

void free_dead(struct relay *r)
{
	while (r->dead != NULL) {
		struct connection *c = r->dead;

		r->dead = c->next;
		free(c);
	}
}

void linger(struct connection *c)
{
	flow_break(&c->up);
	if (c->far.fd >= 0)
		(void)close(c->far.fd);
	c->far.fd = -1;
	expect(c, LINGERING, LINGER_MS);
}
