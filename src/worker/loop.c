/* loop: waiting, taking clients, giving them back. A call that fails returns -1 with errno. */
#include "worker/environment.h"
#include "worker/worker.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define PAUSE_MS   1000 /* after accept failed for want of descriptors or memory */
#define SOME       64   /* events handled at once */
#define EXIT_START 78   /* sysexits: what we were told is wrong */
#define LOOK_MS    1000 /* between two looks at the notice of type login while we are full */

/* ---- what should be watched */

/* An exclusive watch cannot be modified, only removed and added. */
static void watch(struct reeve_worker *w, struct watch *it, bool on)
{
	struct epoll_event event = {.events = it->events, .data = {.ptr = it}};

	if (it->on == on || it->fd < 0)
		return;
	if (epoll_ctl(w->epoll_fd, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, it->fd, &event) == 0 || !on)
		it->on = on;
}

/* Exclusive: one process is woken for one client. Not so when all are full: each must hear of it. */
static void watch_listener(struct reeve_worker *w, struct watch *it, bool on, bool exclusive)
{
	uint32_t events = EPOLLIN | (exclusive ? EPOLLEXCLUSIVE : 0);

	if (on && it->on && it->events != events)
		watch(w, it, false);
	if (on)
		it->events = events;
	watch(w, it, on);
}

static bool takes_clients(const struct reeve_worker *w)
{
	return w->status.ready && w->pause_until == 0 && status_available(&w->status) > 0;
}

/* The program could be asked to make room. */
static bool is_full(const struct reeve_worker *w)
{
	return w->has_notice && w->on_full != NULL && w->status.ready && !w->status.closed &&
	       !status_used_up(&w->status) && status_available(&w->status) == 0;
}

/* The master says that all processes are. The file is shared by them: its offset is 1. */
static bool all_are_full(void)
{
	return lseek(NOTICE_FD, 0, SEEK_CUR) == 1;
}

static bool makes_room(struct reeve_worker *w)
{
	if (!is_full(w)) {
		w->look_ms = 0;
		w->asked = false;
		return false;
	}
	if (w->look_ms == 0) /* a signal may have come before there was a handler, or before we were full */
		w->look_ms = worker_now() + LOOK_MS;
	return w->pause_until == 0 && !w->asked && all_are_full();
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

static void set_timer(struct reeve_worker *w)
{
	uint64_t at = sooner(w->status.due_ms, w->pause_until);
	struct itimerspec when = {0};

	at = sooner(sooner(at, w->look_ms), headers_due(&w->headers));
	if (at == w->timer_ms)
		return;
	w->timer_ms = at;
	when.it_value.tv_sec = (time_t)(at / 1000);
	when.it_value.tv_nsec = (long)(at % 1000) * 1000000;
	(void)timerfd_settime(w->watches[WATCH_TIMER].fd, TFD_TIMER_ABSTIME, &when, NULL);
}

void worker_settle(struct reeve_worker *w)
{
	bool takes = takes_clients(w), room = makes_room(w), draining = w->status.closed;

	bell_set_busy(w->status.clients > 0);
	watch(w, &w->watches[WATCH_DEAD], !draining);
	watch(w, &w->watches[WATCH_BELL], !draining);
	watch(w, &w->watches[WATCH_TIMER], true);
	watch(w, &w->watches[WATCH_STATUS], w->status.blocked);
	for (size_t i = WATCH_LISTENERS; i < w->n_watches; i++)
		watch_listener(w, &w->watches[i], takes || room, !room);
	watch(w, &w->watches[WATCH_HEADERS], w->headers.count > 0);
	set_timer(w);
}

void worker_drain(struct reeve_worker *w)
{
	status_close(&w->status, worker_now());
	for (size_t i = WATCH_LISTENERS; i < w->n_watches; i++) {
		struct watch *it = &w->watches[i];

		watch(w, it, false); /* close alone would not do: the other processes keep the socket open */
		if (it->fd >= 0)
			(void)close(it->fd);
		it->fd = it->listener->fd = -1;
	}
	w->pause_until = 0;
}

/* ---- what can happen */

void worker_on_dead(struct reeve_worker *w, struct watch *it)
{
	(void)it;
	worker_drain(w);
}

void worker_on_bell(struct reeve_worker *w, struct watch *it)
{
	uint64_t rings;

	if (read(it->fd, &rings, sizeof rings) == (ssize_t)sizeof rings && rings % BELL_NOTICE != 0)
		worker_drain(w); /* a notice alone is looked at by worker_settle */
}

void worker_on_timer(struct reeve_worker *w, struct watch *it)
{
	uint64_t times, now = worker_now();

	if (read(it->fd, &times, sizeof times) != (ssize_t)sizeof times)
		return;
	w->timer_ms = 0;
	if (w->pause_until != 0 && w->pause_until <= now)
		w->pause_until = 0;
	if (w->look_ms != 0 && w->look_ms <= now) {
		w->look_ms = 0;
		w->asked = false;
	}
	if (w->status.due_ms != 0 && w->status.due_ms <= now)
		status_report(&w->status, now);
	headers_expire(w, now);
}

void worker_on_status(struct reeve_worker *w, struct watch *it)
{
	(void)it;
	status_report(&w->status, worker_now());
}

/* Out of descriptors or memory: the queue stays readable, so waiting a little is all there is. Other
 * errors belong to one connection that is gone already. */
static void accept_failed(struct reeve_worker *w, const struct reeve_listener *listener)
{
	if (errno != EMFILE && errno != ENFILE && errno != ENOMEM && errno != ENOBUFS)
		return;
	reeve_log(w, REEVE_WARNING,
		"listener '%s': accept: %s; with %u clients here: raise the limit or lower client_limit (%u)",
		listener->name, strerror(errno), w->status.clients, w->service.client_limit);
	w->pause_until = worker_now() + PAUSE_MS;
}

void worker_give(struct reeve_worker *w, struct reeve_client *client)
{
	if (w->on_client != NULL)
		w->on_client(w, client, w->context);
	else
		w->waiting = *client;
}

/* A client waits and all are full. Whoever has nobody to drop looks again later; another process may. */
static void ask_for_room(struct reeve_worker *w)
{
	if (w->on_full == NULL || !makes_room(w))
		return;
	w->on_full(w, w->full_context);
	w->asked = is_full(w);
}

void worker_on_listener(struct reeve_worker *w, struct watch *it)
{
	int flags = SOCK_CLOEXEC | (w->on_client != NULL ? SOCK_NONBLOCK : 0);
	struct reeve_client client = {.fd = it->fd, .listener = it->listener};

	if (it->fd >= 0 && is_full(w))
		ask_for_room(w);
	if (it->fd < 0 || !takes_clients(w)) /* an event of the same batch has changed things */
		return;
	if (!it->listener->fifo)
		client.fd = accept4(it->fd, NULL, NULL, flags);
	if (client.fd < 0) {
		accept_failed(w, it->listener);
		return;
	}
	client.number = ++w->taken;
	if (!it->listener->fifo) {
		bell_set_busy(true);
		status_taken(&w->status, worker_now());
	}
	if (it->listener->haproxy && !it->listener->fifo)
		headers_add(w, &client);
	else
		worker_give(w, &client);
}

static struct watch *ours(const struct reeve_worker *w, const struct epoll_event *event)
{
	uintptr_t at = (uintptr_t)event->data.ptr, first = (uintptr_t)w->watches;

	return at >= first && at < first + w->n_watches * sizeof *w->watches ? event->data.ptr : NULL;
}

/* Handles what is not a listener: retirement and the question to go come before a client who waits. */
static void handle_control(struct reeve_worker *w, const struct epoll_event *events, int n)
{
	for (int i = 0; i < n; i++) {
		struct watch *it = ours(w, &events[i]);

		if (it != NULL && it->listener == NULL && it->on)
			it->ready(w, it);
	}
}

/* Handles all of ours and moves the others to the front. How many others. */
static int sort_out(struct reeve_worker *w, struct epoll_event *events, int n)
{
	int others = 0;

	handle_control(w, events, n);
	for (int i = 0; i < n; i++) {
		struct epoll_event event = events[i];
		struct watch *it = ours(w, &event);

		if (it == NULL)
			events[others++] = event;
		else if (it->listener != NULL && it->on)
			it->ready(w, it);
	}
	return others;
}

/* Takes one client into w->waiting. Where several listeners are ready each gets its turn; those not
 * served are reported again by the next wait. */
static void take_one(struct reeve_worker *w, const struct epoll_event *events, int n)
{
	handle_control(w, events, n);
	for (int i = 0; i < n && w->waiting.fd < 0; i++) {
		struct watch *it = ours(w, &events[((uint64_t)i + w->taken) % (uint64_t)n]);

		if (it != NULL && it->listener != NULL && it->on)
			it->ready(w, it);
	}
}

/* ---- public */

int reeve_listen(struct reeve_worker *worker, reeve_client_fn *taken, void *context)
{
	worker->on_client = taken;
	worker->context = context;
	status_ready(&worker->status, worker_now());
	worker_settle(worker);
	return 0;
}

bool reeve_draining(const struct reeve_worker *worker)
{
	return worker->status.closed || status_used_up(&worker->status);
}

bool reeve_running(const struct reeve_worker *worker)
{
	return !reeve_draining(worker) || worker->status.clients > 0;
}

void reeve_on_full(
	struct reeve_worker *worker, void (*full)(struct reeve_worker *worker, void *context), void *context)
{
	worker->on_full = full;
	worker->full_context = context;
	worker_settle(worker);
}

int reeve_poll_fd(const struct reeve_worker *worker)
{
	return worker->epoll_fd;
}

int reeve_wait(struct reeve_worker *worker, struct epoll_event *events, int most, int timeout_ms)
{
	int n = epoll_wait(worker->epoll_fd, events, most, timeout_ms);

	if (n < 0)
		return errno == EINTR ? 0 : -1;
	n = sort_out(worker, events, n);
	worker_settle(worker);
	return n;
}

bool reeve_dispatch(struct reeve_worker *worker)
{
	struct epoll_event events[SOME];

	(void)reeve_wait(worker, events, SOME, 0);
	return reeve_running(worker);
}

int reeve_accept(struct reeve_worker *worker, struct reeve_client *client)
{
	struct epoll_event events[SOME];
	int n;

	if (!worker->status.ready)
		status_ready(&worker->status, worker_now());
	if (!reeve_draining(worker) && status_available(&worker->status) == 0 && worker->headers.count == 0) {
		errno = EBUSY;
		return -1;
	}
	while (!reeve_draining(worker) || worker->headers.count > 0) {
		worker_settle(worker);
		n = epoll_wait(worker->epoll_fd, events, SOME, -1);
		if (n < 0 && errno != EINTR)
			return -1;
		take_one(worker, events, n);
		*client = worker->waiting;
		worker->waiting.fd = -1;
		if (client->fd >= 0)
			return 1;
	}
	return 0;
}

void reeve_end(struct reeve_worker *worker, struct reeve_client *client)
{
	int fd = client->fd;

	client->fd = -1;
	free(client->proxy);
	client->proxy = NULL;
	if (fd < 0 || client->listener->fifo)
		return;
	/* First: a SIGINT may follow at once on what others see of the end. */
	bell_set_busy(worker->status.clients > 1);
	(void)close(fd);
	status_finished(&worker->status, worker_now());
	if (status_used_up(&worker->status) && worker->status.clients == 0)
		worker_drain(worker);
	if (worker->on_client != NULL) /* a blocking worker settles before it waits */
		worker_settle(worker);
}

int reeve_serve(struct reeve_worker *worker, reeve_client_fn *serve, void *context, struct reeve_error *error)
{
	const struct reeve_service *service = &worker->service;
	struct reeve_client client;
	int r;

	if (service->client_limit != 1 && !service->alone)
		return error_set(error,
			"service '%.60s' has client_limit %u, but this program serves one client at a "
			"time: write client_limit = 1",
			service->name, service->client_limit);
	while ((r = reeve_accept(worker, &client)) > 0) {
		serve(worker, &client, context);
		reeve_end(worker, &client);
	}
	return r == 0 ? 0 : error_set(error, "waiting for clients: %s", strerror(errno));
}

int reeve_run(reeve_client_fn *serve, void *context)
{
	struct reeve_worker *worker = NULL;
	struct reeve_error error;
	int r = reeve_start(&worker, &error);

	if (r == 0)
		r = reeve_serve(worker, serve, context, &error);
	if (r < 0)
		reeve_log(worker, REEVE_FATAL, "%s", error.text);
	reeve_stop(&worker);
	return r == 0 ? 0 : EXIT_START;
}
