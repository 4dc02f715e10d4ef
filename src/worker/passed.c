/* passed: the receiver of a connection. Whoever keeps not to the protocol is an error, and all descriptors
 * that he sent are closed. */
#include "worker/environment.h"
#include "worker/handover.h"
#include "worker/reeve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>

#define FDS_MOST 8 /* received at once, to be closed if there is more than one */

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
	while (p->used < HANDOVER_HEAD || p->used < HANDOVER_HEAD + p->size) {
		bool in_head = p->used < HANDOVER_HEAD;
		ssize_t n = in_head ? receive(fd, p, p->head + p->used, HANDOVER_HEAD - p->used)
				    : receive(fd, p, p->payload + p->used - HANDOVER_HEAD,
					      HANDOVER_HEAD + p->size - p->used);

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
		if (!in_head || p->used < HANDOVER_HEAD)
			continue;
		p->size = get32(p->head + 4);
		if (memcmp(p->head, HANDOVER_MAGIC, 4) != 0 || p->size > REEVE_PAYLOAD_MOST) {
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
	unsigned char answer[HANDOVER_HEAD + REEVE_ANSWER_MOST];
	size_t size = refusal != NULL ? strnlen(refusal, REEVE_ANSWER_MOST) : 0;

	put32(answer, refusal != NULL);
	put32(answer + 4, size);
	if (size > 0)
		memcpy(answer + HANDOVER_HEAD, refusal, size);
	return send(fd, answer, HANDOVER_HEAD + size, MSG_NOSIGNAL | MSG_DONTWAIT) ==
	       (ssize_t)(HANDOVER_HEAD + size);
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
