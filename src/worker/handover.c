/* handover: passing a connection to another service.
 *
 * On a stream socket, one hand-over a connection:
 *
 *     -> "RVH1", u32 size, `size` bytes; the descriptor comes with the first byte
 *     <- u32 status, u32 size, `size` bytes: 0 and nothing: taken; else the text of a refusal
 *
 * Numbers are in network order. -1 and a sentence; no descriptor is left open by any way out. */
#include "worker/environment.h"
#include "worker/reeve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define HEAD 8
#define RETRY_MS \
	50 /* after EAGAIN: the queue of the other service is full, and nothing tells when it is not */
#define FDS_MOST 8 /* received at once, to be closed if there is more than one */

static const char magic[4] = "RVH1";

struct reeve_handover {
	int fd;    /* our copy of what is passed; -1: sent */
	int peer;  /* the socket */
	int epoll; /* of peer and timer: what the caller watches */
	int timer;
	bool connected;
	uint64_t deadline;
	struct sockaddr_un path;
	size_t size, sent, got;
	unsigned char message[HEAD + REEVE_PAYLOAD_MOST];
	unsigned char answer[HEAD + REEVE_ANSWER_MOST];
};

static uint64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static void put32(unsigned char *at, size_t n)
{
	uint32_t number = htonl((uint32_t)n);

	memcpy(at, &number, sizeof number);
}

static size_t get32(const unsigned char *at)
{
	uint32_t number;

	memcpy(&number, at, sizeof number);
	return ntohl(number);
}

/* ---- the sender */

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
	size_t wanted = HEAD;
	ssize_t n;

	while (h->connected && h->sent == h->size) {
		if (h->got >= HEAD)
			wanted = HEAD + get32(h->answer + 4);
		if (wanted > sizeof h->answer)
			return unreachable(h, "answers what is no answer of a hand-over", e);
		if (h->got == wanted && get32(h->answer) == 0)
			return 0;
		if (h->got == wanted)
			return error_set(e, "%.*s", (int)(wanted - HEAD), (const char *)h->answer + HEAD);
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
	memcpy(h->message, magic, sizeof magic);
	put32(h->message + 4, size);
	if (size > 0)
		memcpy(h->message + HEAD, payload, size);
	h->size = HEAD + size;
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

/* ---- the receiver */

/* Keeps the first descriptor that came and closes all others. How many came. */
static size_t take_fds(struct msghdr *m, int *kept)
{
	size_t n = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		size_t here = c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS
				      ? (c->cmsg_len - CMSG_LEN(0)) / sizeof(int)
				      : 0;

		for (size_t i = 0; i < here; i++, n++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
			if (*kept < 0)
				*kept = fd;
			else
				(void)close(fd);
		}
	}
	return n;
}

/* One recvmsg. Bytes; 0: the end; -1: errno (EPROTO: not one descriptor, with the first byte). */
static ssize_t receive(int fd, struct reeve_passed *p, void *to, size_t room)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(FDS_MOST * sizeof(int))];
	} control;
	struct iovec part = {to, room};
	struct msghdr m = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof control.room};
	ssize_t n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	size_t came;

	if (n < 0)
		return -1;
	came = take_fds(&m, &p->fd);
	if (n > 0 && (came != (p->used == 0 ? 1 : 0) || (m.msg_flags & MSG_CTRUNC) != 0)) {
		errno = EPROTO;
		return -1;
	}
	return n;
}

static int bad_sender(struct reeve_passed *p, const char *what, struct reeve_error *e)
{
	close_fd(&p->fd);
	return error_set(e, "whoever passes a connection %s", what);
}

/* 1: all of it is here. 0: not yet. */
static int read_message(int fd, struct reeve_passed *p, struct reeve_error *e)
{
	while (p->used < HEAD || p->used < HEAD + p->size) {
		bool in_head = p->used < HEAD;
		ssize_t n = in_head ? receive(fd, p, p->head + p->used, HEAD - p->used)
				    : receive(fd, p, p->payload + p->used - HEAD, HEAD + p->size - p->used);

		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return bad_sender(
				p, errno == EPROTO ? "did not pass one descriptor" : strerror(errno), e);
		if (n == 0)
			return bad_sender(p, "has gone in the middle of it", e);
		p->used += (size_t)n;
		if (!in_head || p->used < HEAD)
			continue;
		p->size = get32(p->head + 4);
		if (memcmp(p->head, magic, sizeof magic) != 0 || p->size > REEVE_PAYLOAD_MOST) {
			p->size = 0;
			return bad_sender(p, "does not speak the protocol of reeve_send_fd", e);
		}
	}
	p->payload[p->size] = '\0';
	return 1;
}

int reeve_receive_fd(const struct reeve_client *client, struct reeve_passed *passed, int timeout_ms,
	struct reeve_error *error)
{
	uint64_t deadline = now_ms() + (uint64_t)(timeout_ms > 0 ? timeout_ms : 0), now;
	int r;

	while ((r = read_message(client->fd, passed, error)) == 0 && (now = now_ms()) < deadline) {
		struct pollfd ready = {.fd = client->fd, .events = POLLIN};

		(void)poll(&ready, 1, (int)(deadline - now));
	}
	return r;
}

static bool send_answer(int fd, const char *refusal)
{
	unsigned char answer[HEAD + REEVE_ANSWER_MOST];
	size_t size = refusal != NULL ? strnlen(refusal, REEVE_ANSWER_MOST) : 0;

	put32(answer, refusal != NULL);
	put32(answer + 4, size);
	if (size > 0)
		memcpy(answer + HEAD, refusal, size);
	return send(fd, answer, HEAD + size, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)(HEAD + size);
}

/* O_NONBLOCK belongs to the connection, not to the descriptor: the sender's loop may have set it. */
static void same_mode(int fd, int like)
{
	int mode = fcntl(like, F_GETFL) & O_NONBLOCK, flags = fcntl(fd, F_GETFL);

	if (flags >= 0 && (flags & O_NONBLOCK) != mode)
		(void)fcntl(fd, F_SETFL, (flags & ~O_NONBLOCK) | mode);
}

int reeve_answer(struct reeve_client *client, struct reeve_passed *passed, const char *refusal)
{
	bool told;

	if (refusal == NULL)
		same_mode(passed->fd, client->fd);
	told = send_answer(client->fd, refusal);
	if (refusal != NULL || !told) {
		close_fd(&passed->fd);
		return told ? 0 : -1;
	}
	(void)close(client->fd);
	client->fd = passed->fd;
	passed->fd = -1;
	return 0;
}
