/* errors_listen: the `log-errors` socket. A client that fails or is slow is closed; nothing else suffers. */
#include "base/fd.h"
#include "base/mem.h"
#include "log/errors.h"

#include <errno.h>
#include <event2/event.h>
#include <sys/socket.h>

#define CLIENTS_MOST 16

static const struct timeval patience = {10, 0};

struct client {
	struct errors *all;
	struct event *ev;
	struct buf out;
	int fd;
};

static void client_end(struct client *c)
{
	c->all->clients--;
	if (c->ev != NULL)
		event_free(c->ev);
	fd_close(&c->fd);
	buf_free(&c->out);
	mem_free(&c);
}

static void on_writable(int fd, short what, void *arg)
{
	struct client *c = arg;
	ssize_t n;

	if (what & EV_TIMEOUT) {
		client_end(c);
		return;
	}
	n = send(fd, buf_text(&c->out), c->out.used, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n > 0)
		buf_drop(&c->out, (size_t)n);
	if (c->out.used == 0 || (n < 0 && errno != EAGAIN && errno != EINTR) ||
		event_add(c->ev, &patience) < 0)
		client_end(c);
}

static void on_client(int listener, short what, void *arg)
{
	struct errors *all = arg;
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *c;

	(void)what;
	if (fd < 0 || all->clients >= CLIENTS_MOST) {
		fd_close(&fd);
		return;
	}
	c = mem_new(1, sizeof *c);
	c->all = all;
	c->fd = fd;
	errors_print(all, &c->out);
	all->clients++;
	c->ev = event_new(all->loop, fd, EV_WRITE, on_writable, c);
	if (c->ev != NULL)
		on_writable(fd, EV_WRITE, c);
	else
		client_end(c);
}

struct event *errors_listen(struct errors *all, struct event_base *loop, int fd)
{
	struct event *ev = event_new(loop, fd, EV_READ | EV_PERSIST, on_client, all);

	all->loop = loop;
	if (ev != NULL && event_add(ev, NULL) < 0) {
		event_free(ev);
		ev = NULL;
	}
	return ev;
}
