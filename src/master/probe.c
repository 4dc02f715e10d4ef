/* probe: a connect that does not wait. Nothing fails: what cannot be asked does not answer. */
#include "master/probe.h"

#include "base/fd.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <string.h>

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	struct probe *p = arg;
	socklen_t len = sizeof p->error;

	if (p->error == EINPROGRESS &&
		((what & EV_WRITE) == 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &p->error, &len) < 0))
		p->error = ETIMEDOUT;
	probe_end(p);
	p->done(p->arg, p->error == 0);
}

void probe_begin(struct probe *p, struct event_base *loop, const struct place *at, int64_t most_ms,
	void (*done)(void *arg, bool answers), void *arg)
{
	struct timeval tv = {most_ms / 1000, most_ms % 1000 * 1000};

	assert(!p->is_out && at->len > 0);
	p->done = done;
	p->arg = arg;
	p->is_out = true;
	p->fd = socket(at->at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	p->error = p->fd < 0 || connect(p->fd, &at->at.any, at->len) < 0 ? errno : 0;
	(void)event_assign(&p->event, loop, p->fd, p->fd >= 0 ? EV_WRITE : 0, on_event, p);
	if (p->error == EINPROGRESS)
		(void)event_add(&p->event, &tv);
	else
		event_active(&p->event, EV_TIMEOUT, 1);
}

void probe_end(struct probe *p)
{
	if (!p->is_out)
		return;
	(void)event_del(&p->event);
	fd_close(&p->fd);
	p->is_out = false;
}
