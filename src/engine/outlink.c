/* outlink: a queue of frames. What cannot be sent is -1 and a sentence; nothing dies here. */
#include "engine/outlink.h"

#include "base/fd.h"
#include "base/mem.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_MS 10000

struct outframe {
	struct outframe *next;
	int fd;
	size_t len;
	unsigned char bytes[WIRE_FRAME_MAX];
};

void outlink_init(struct outlink *link, int fd)
{
	memset(link, 0, sizeof *link);
	link->fd = fd;
}

static void drop_first(struct outlink *link)
{
	struct outframe *frame = link->first;

	link->first = frame->next;
	if (link->first == NULL)
		link->last = NULL;
	if (link->open == frame)
		link->open = NULL;
	link->queued -= frame->len;
	fd_close(&frame->fd);
	free(frame);
}

static struct outframe *add_frame(struct outlink *link)
{
	struct outframe *frame = mem_new(1, sizeof *frame);

	frame->fd = -1;
	if (link->last != NULL)
		link->last->next = frame;
	else
		link->first = frame;
	link->last = link->open = frame;
	return frame;
}

/* A message with an fd travels alone. */
static int put_alone(struct outlink *link, const struct wire_info *info, const void *msg, int fd)
{
	struct outframe *frame = add_frame(link);

	link->open = NULL;
	frame->fd = fd;
	if (wire_put(frame->bytes, sizeof frame->bytes, &frame->len, info, msg) < 0)
		return -1;
	link->queued += frame->len;
	return 0;
}

static int put_open(struct outlink *link, const struct wire_info *info, const void *msg)
{
	struct outframe *frame = link->open;
	size_t was = frame != NULL ? frame->len : 0;

	if (frame == NULL || wire_put(frame->bytes, sizeof frame->bytes, &frame->len, info, msg) < 0) {
		frame = add_frame(link);
		was = 0;
		if (wire_put(frame->bytes, sizeof frame->bytes, &frame->len, info, msg) < 0)
			return -1;
	}
	link->queued += frame->len - was;
	return 0;
}

int outlink_put(struct outlink *link, const struct wire_info *info, const void *msg, struct err *e)
{
	int fd = wire_fd_of(info, msg);

	if (link->patient && link->queued > OUTLINK_MOST / 2 && outlink_drain(link, PATIENCE_MS, e) < 0)
		return -1;
	if (link->queued > OUTLINK_MOST)
		return err_set(e, "the master has not read %zu bytes of orders", link->queued);
	if ((fd >= 0 ? put_alone(link, info, msg, fd) : put_open(link, info, msg)) < 0)
		return err_set(e, "order %s is longer than a frame (%d bytes)", info->name, WIRE_FRAME_MAX);
	return 0;
}

int outlink_flush(struct outlink *link, struct err *e)
{
	link->open = NULL;
	while (link->first != NULL) {
		struct outframe *frame = link->first;
		if (frame->len > 0 && fd_send(link->fd, frame->bytes, frame->len, frame->fd) < 0) {
			if (errno == EINTR)
				continue;
			if (errno == EAGAIN || errno == ENOBUFS)
				return 1;
			return err_set(e, "the link to the master: %s", strerror(errno));
		}
		drop_first(link);
	}
	return 0;
}

int outlink_drain(struct outlink *link, int ms, struct err *e)
{
	int left;

	while ((left = outlink_flush(link, e)) > 0) {
		struct pollfd p = {.fd = link->fd, .events = POLLOUT};
		int n = poll(&p, 1, ms);
		if (n < 0 && errno != EINTR)
			return err_set(e, "the link to the master: %s", strerror(errno));
		if (n == 0)
			return err_set(e, "the master has not read its orders for %d ms", ms);
	}
	return left;
}
