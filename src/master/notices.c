/* notices: a pipe with a bounded queue before it. Nothing fails; what is lost is counted. */
#include "master/notices.h"

#include "base/mem.h"

#include <event2/event.h>
#include <string.h>
#include <unistd.h>

void notices_open(struct notices *n, struct event_base *loop, int fd)
{
	memset(n, 0, sizeof *n);
	n->loop = loop;
	n->fd = fd;
	n->queue = mem_new(NOTICES_BYTES, 1);
}

/* Bytes of the first lines that one write takes whole. */
static size_t portion(const struct notices *n)
{
	size_t len = n->used < NOTICE_MOST ? n->used : NOTICE_MOST;

	while (len > 0 && n->queue[len - 1] != '\n')
		len--;
	return len;
}

static void flush(struct notices *n)
{
	while (n->used > 0) {
		size_t len = portion(n);
		if (write(n->fd, n->queue, len) != (ssize_t)len)
			return; /* atomic below PIPE_BUF: nothing of it was taken */
		n->used -= len;
		memmove(n->queue, n->queue + len, n->used);
	}
}

static void on_writable(evutil_socket_t fd, short what, void *arg);

static void wait_for_room(struct notices *n)
{
	if (n->waiting || n->used == 0)
		return;
	n->waiting = true;
	(void)event_assign(&n->writable, n->loop, n->fd, EV_WRITE, on_writable, n);
	(void)event_add(&n->writable, NULL);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct notices *n = arg;

	(void)fd;
	(void)what;
	n->waiting = false;
	flush(n);
	wait_for_room(n);
}

void notices_resume(struct notices *n, struct event_base *loop, int fd)
{
	struct notices before = *n;

	if (before.queue == NULL) {
		notices_open(n, loop, fd);
		return;
	}
	*n = (struct notices){.loop = loop, .fd = fd, .queue = before.queue, .used = before.used};
	wait_for_room(n);
}

bool notices_put(struct notices *n, const char *line, size_t len)
{
	if (n->fd < 0)
		return false;
	if (len > NOTICE_MOST - 1)
		len = NOTICE_MOST - 1;
	if (n->used + len + 1 > NOTICES_BYTES) {
		n->lost++;
		return false;
	}
	memcpy(n->queue + n->used, line, len);
	n->queue[n->used + len] = '\n';
	n->used += len + 1;
	if (!n->waiting)
		flush(n);
	wait_for_room(n);
	return true;
}

void notices_close(struct notices *n)
{
	if (n->waiting)
		(void)event_del(&n->writable);
	mem_free(&n->queue);
	memset(n, 0, sizeof *n);
	n->fd = -1;
}
