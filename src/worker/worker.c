/* worker: start and stop. reeve_start returns -1 and a sentence; nothing here ends the process. */
#include "worker/worker.h"

#include "worker/environment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

uint64_t worker_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Non-blocking, because several processes share a listener and one of them comes second; close-on-exec,
 * because a grandchild that kept the status pipe or a listener would be taken for us. */
static int own(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -1;
	return (flags & O_NONBLOCK) != 0 ? 0 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

static int own_pipe(int fd, const char *what, struct reeve_error *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISFIFO(st.st_mode) || own(fd) < 0)
		return error_set(e,
			"fd %d is not the %s pipe: GENERATION is set, but nobody who speaks the contract "
			"has started this process; unset it, or set REEVE_LISTEN=127.0.0.1:8080 to try "
			"the program alone",
			fd, what);
	return 0;
}

static int own_listener(struct reeve_listener *listener, struct reeve_error *e)
{
	struct stat st;

	if (fstat(listener->fd, &st) < 0 || own(listener->fd) < 0)
		return error_set(e, "listener '%.60s': fd %d is not open: %s", listener->name, listener->fd,
			strerror(errno));
	listener->fifo = S_ISFIFO(st.st_mode);
	if (!listener->fifo && !S_ISSOCK(st.st_mode))
		return error_set(e, "listener '%.60s': fd %d is neither a socket nor a fifo", listener->name,
			listener->fd);
	return 0;
}

static int own_fds(struct reeve_worker *w, struct reeve_error *e)
{
	if (own_pipe(STATUS_FD, "status", e) < 0 || own_pipe(DEAD_FD, "dead-master", e) < 0)
		return -1;
	for (size_t i = 0; i < w->service.n_listeners; i++)
		if (own_listener(&w->listeners[i], e) < 0)
			return -1;
	return 0;
}

static int learn(struct reeve_worker *w, struct reeve_error *e)
{
	const char *where = getenv("REEVE_LISTEN");
	int r;

	if (!environment_present() && where == NULL)
		return error_set(e,
			"not started by Reeve (GENERATION is not set): make this program the executable of "
			"a service, or set REEVE_LISTEN=127.0.0.1:8080 to try it alone");
	if (!environment_present())
		r = alone_start(&w->service, where, e);
	else
		r = environment_read(&w->service, e);
	w->listeners = (struct reeve_listener *)(uintptr_t)w->service.listeners;
	if (r < 0)
		return -1;
	w->has_notice = !w->service.alone && getenv("LOGIN_NOTICE") != NULL && own(NOTICE_FD) == 0;
	return w->service.alone ? 0 : own_fds(w, e);
}

static void set_watch(struct reeve_worker *w, size_t i, int fd, uint32_t events,
	void (*ready)(struct reeve_worker *, struct watch *))
{
	w->watches[i] = (struct watch){.fd = fd, .events = events, .ready = ready};
}

static int open_watches(struct reeve_worker *w)
{
	bool alone = w->service.alone;
	size_t n = WATCH_LISTENERS + w->service.n_listeners;
	struct watch *watches = calloc(n, sizeof *watches);
	int bell = watches != NULL ? bell_open(w) : -1, timer;

	if (bell < 0) {
		free(watches);
		return -1;
	}
	w->watches = watches;
	w->n_watches = n;
	timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	/* Error and hang-up are always told: nothing else is wanted of the dead-master pipe. */
	set_watch(w, WATCH_DEAD, alone ? -1 : DEAD_FD, 0, worker_on_dead);
	set_watch(w, WATCH_BELL, bell, EPOLLIN, worker_on_bell);
	set_watch(w, WATCH_TIMER, timer, EPOLLIN, worker_on_timer);
	set_watch(w, WATCH_STATUS, alone ? -1 : STATUS_FD, EPOLLOUT, worker_on_status);
	set_watch(w, WATCH_HEADERS, w->headers.epoll_fd, EPOLLIN, headers_ready);
	for (size_t i = 0; i < w->service.n_listeners; i++) {
		set_watch(w, WATCH_LISTENERS + i, w->listeners[i].fd, EPOLLIN | EPOLLEXCLUSIVE,
			worker_on_listener);
		w->watches[WATCH_LISTENERS + i].listener = &w->listeners[i];
	}
	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return w->epoll_fd < 0 || timer < 0 ? -1 : 0;
}

int reeve_start(struct reeve_worker **worker, struct reeve_error *error)
{
	struct reeve_worker *w = calloc(1, sizeof *w);
	const struct reeve_service *s;

	*worker = NULL;
	if (w == NULL)
		return error_set(error, "no memory for a worker");
	w->epoll_fd = w->headers.epoll_fd = -1;
	w->waiting.fd = -1;
	s = &w->service;
	if (learn(w, error) < 0) {
		reeve_stop(&w);
		return -1;
	}
	status_init(
		&w->status, s->alone ? -1 : STATUS_FD, getpid(), s->id, s->client_limit, s->service_count);
	if (headers_open(w) < 0 || open_watches(w) < 0) {
		(void)error_set(error,
			errno == EALREADY ? "reeve_start was called twice in one process"
					  : "cannot set up the event loop: %s",
			strerror(errno));
		reeve_stop(&w);
		return -1;
	}
	worker_settle(w);
	*worker = w;
	return 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static void close_watches(struct reeve_worker *w)
{
	bell_close(w);
	close_fd(&w->watches[WATCH_TIMER].fd);
	if (!w->service.alone) {
		close_fd(&w->watches[WATCH_DEAD].fd);
		close_fd(&w->watches[WATCH_STATUS].fd);
	}
	free(w->watches);
}

void reeve_stop(struct reeve_worker **worker)
{
	struct reeve_worker *w = *worker;

	*worker = NULL;
	if (w == NULL)
		return;
	if (w->watches != NULL) {
		worker_drain(w);
		close_watches(w);
	}
	headers_close(w);
	close_fd(&w->waiting.fd);
	close_fd(&w->epoll_fd);
	environment_free(&w->service);
	free(w);
}

const struct reeve_service *reeve_service(const struct reeve_worker *worker)
{
	return &worker->service;
}
