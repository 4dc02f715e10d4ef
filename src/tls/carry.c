/* carry: bytes between the client and the program behind, both ways, each direction to its own end. Each step
 * returns whether something has moved. */
#include "tls/connection.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

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

void step_relaying(struct connection *c)
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
