/* handover: the sender of a connection. -1 and a sentence; no descriptor is left open by any way out. */
#include "worker/handover.h"

#include "worker/environment.h"
#include "worker/reeve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>

#define RETRY_MS 50 /* after EAGAIN: the other's queue is full, and nothing tells when it is not */

struct reeve_handover {
	int fd;    /* our copy of what is passed; -1: sent */
	int peer;  /* the socket */
	int epoll; /* of peer and timer: what the caller watches */
	int timer;
	bool connected;
	uint64_t deadline;
	struct sockaddr_un path;
	size_t size, sent, got;
	unsigned char message[HANDOVER_HEAD + REEVE_PAYLOAD_MOST];
	unsigned char answer[HANDOVER_HEAD + REEVE_ANSWER_MOST];
};

void reeve_handover_free(struct reeve_handover **handover)
{
	struct reeve_handover *h = *handover;

	*handover = NULL;
	if (h == NULL)
		return;
	close_fd(&h->fd);
	close_fd(&h->peer);
	close_fd(&h->timer);
	close_fd(&h->epoll);
	free(h);
}

int reeve_handover_fd(const struct reeve_handover *handover)
{
	return handover->epoll;
}

static void set_timer(struct reeve_handover *h, uint64_t at)
{
	struct itimerspec when = {0};

	at = at < h->deadline ? at : h->deadline;
	when.it_value.tv_sec = (time_t)(at / 1000);
	when.it_value.tv_nsec = (long)(at % 1000) * 1000000 + 1;
	(void)timerfd_settime(h->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static void watch(struct reeve_handover *h, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events};

	if (epoll_ctl(h->epoll, EPOLL_CTL_MOD, fd, &event) < 0)
		(void)epoll_ctl(h->epoll, EPOLL_CTL_ADD, fd, &event);
}

static int unreachable(const struct reeve_handover *h, const char *what, struct reeve_error *e)
{
	return error_set(e, "%.107s: %s", h->path.sun_path, what);
}

/* A unix socket is connected at once, or its queue is full. 0: connected or to be tried again. */
static int connect_to(struct reeve_handover *h, struct reeve_error *e)
{
	if (h->connected)
		return 0;
	if (connect(h->peer, (const struct sockaddr *)&h->path, sizeof h->path) == 0) {
		h->connected = true;
		set_timer(h, h->deadline);
		return 0;
	}
	if (errno != EAGAIN && errno != EINTR)
		return unreachable(h, strerror(errno), e);
	set_timer(h, now_ms() + RETRY_MS);
	return 0;
}

static ssize_t send_first(struct reeve_handover *h)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec part = {h->message, h->size};
	struct msghdr m = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof control.room};
	ssize_t n;

	control.header = (struct cmsghdr){
		.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(&control.header), &h->fd, sizeof h->fd);
	n = sendmsg(h->peer, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n > 0)
		close_fd(&h->fd);
	return n;
}

/* 0: all is sent, or the peer is awaited. */
static int send_some(struct reeve_handover *h, struct reeve_error *e)
{
	while (h->connected && h->sent < h->size) {
		ssize_t n = h->sent == 0 ? send_first(h)
					 : send(h->peer, h->message + h->sent, h->size - h->sent,
						   MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			return unreachable(h, strerror(errno), e);
		if (n < 0) {
			watch(h, h->peer, EPOLLOUT);
			return 0;
		}
		h->sent += (size_t)n;
		watch(h, h->peer, EPOLLIN);
	}
	return 0;
}

/* 1: not all of it yet. */
static int read_answer(struct reeve_handover *h, struct reeve_error *e)
{
	size_t wanted = HANDOVER_HEAD;
	ssize_t n;

	while (h->connected && h->sent == h->size) {
		if (h->got >= HANDOVER_HEAD)
			wanted = HANDOVER_HEAD + get32(h->answer + 4);
		if (wanted > sizeof h->answer)
			return unreachable(h, "answers what is no answer of a hand-over", e);
		if (h->got == wanted && get32(h->answer) == 0)
			return 0;
		if (h->got == wanted)
			return error_set(e, "%.*s", (int)(wanted - HANDOVER_HEAD),
				(const char *)h->answer + HANDOVER_HEAD);
		n = recv(h->peer, h->answer + h->got, wanted - h->got, MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			return 1;
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return unreachable(
				h, "closed without an answer: is its service at process_limit?", e);
		h->got += (size_t)n;
	}
	return 1;
}

int reeve_handover_step(struct reeve_handover *h, struct reeve_error *error)
{
	uint64_t times;
	int r;

	(void)!read(h->timer, &times, sizeof times); /* also when it was not the timer */
	if (connect_to(h, error) < 0 || send_some(h, error) < 0)
		return -1;
	r = read_answer(h, error);
	if (r == 1 && now_ms() >= h->deadline)
		return unreachable(h, h->connected ? "no answer in time" : "its queue is full", error);
	return r;
}

static int open_all(struct reeve_handover *h, int fd)
{
	h->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	h->peer = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	h->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	h->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (h->fd < 0 || h->peer < 0 || h->timer < 0 || h->epoll < 0)
		return -1;
	watch(h, h->timer, EPOLLIN);
	return 0;
}

struct reeve_handover *reeve_handover_new(
	const char *path, int fd, const void *payload, size_t size, int timeout_ms, struct reeve_error *error)
{
	struct reeve_handover *h = NULL;

	if (size > REEVE_PAYLOAD_MOST)
		(void)error_set(error, "a payload has at most %d bytes, not %zu", REEVE_PAYLOAD_MOST, size);
	else if (strlen(path) >= sizeof h->path.sun_path)
		(void)error_set(error, "'%.200s' is too long for the path of a unix socket", path);
	else if ((h = calloc(1, sizeof *h)) == NULL)
		(void)error_set(error, "no memory for a hand-over");
	if (h == NULL)
		return NULL;
	h->fd = h->peer = h->timer = h->epoll = -1;
	h->path.sun_family = AF_UNIX;
	memcpy(h->path.sun_path, path, strlen(path) + 1);
	memcpy(h->message, HANDOVER_MAGIC, 4);
	put32(h->message + 4, size);
	if (size > 0)
		memcpy(h->message + HANDOVER_HEAD, payload, size);
	h->size = HANDOVER_HEAD + size;
	h->deadline = now_ms() + (uint64_t)(timeout_ms > 0 ? timeout_ms : 0);
	if (open_all(h, fd) < 0)
		(void)unreachable(h, strerror(errno), error);
	else if (connect_to(h, error) == 0 && send_some(h, error) == 0)
		return h;
	reeve_handover_free(&h);
	return NULL;
}

int reeve_send_fd(
	const char *path, int fd, const void *payload, size_t size, int timeout_ms, struct reeve_error *error)
{
	struct reeve_handover *h = reeve_handover_new(path, fd, payload, size, timeout_ms, error);
	int r = h != NULL ? 1 : -1;

	while (r > 0) {
		struct pollfd ready = {.fd = h->epoll, .events = POLLIN};

		(void)poll(&ready, 1, -1); /* our own timer ends it */
		r = reeve_handover_step(h, error);
	}
	reeve_handover_free(&h);
	return r;
}
