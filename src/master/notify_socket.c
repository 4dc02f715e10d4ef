/* notify_socket: open, receive. Failures are -1. */
#include "master/notify_socket.h"

#include "base/fd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

int notify_socket_open(char name[NOTIFY_ADDRESS])
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	socklen_t len = sizeof a;
	size_t n;

	if (fd < 0)
		return -1;
	/* a name of no length: the kernel chooses one */
	if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0 ||
		bind(fd, (struct sockaddr *)&a, sizeof a.sun_family) < 0 ||
		getsockname(fd, (struct sockaddr *)&a, &len) < 0 ||
		len <= offsetof(struct sockaddr_un, sun_path) + 1) {
		fd_close(&fd);
		return -1;
	}
	n = len - offsetof(struct sockaddr_un, sun_path) - 1;
	(void)snprintf(name, NOTIFY_ADDRESS, "@%.*s", (int)n, a.sun_path + 1);
	return fd;
}

static void take_control(const struct cmsghdr *c, struct notify_received *out)
{
	size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

	if (c->cmsg_level != SOL_SOCKET)
		return;
	if (c->cmsg_type == SCM_CREDENTIALS && c->cmsg_len == CMSG_LEN(sizeof out->sender))
		memcpy(&out->sender, CMSG_DATA(c), sizeof out->sender);
	for (size_t i = 0; c->cmsg_type == SCM_RIGHTS && i < n; i++) {
		int fd;
		memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
		if (out->fds_n < NOTIFY_FDS)
			out->fds[out->fds_n++] = fd;
	}
}

int notify_socket_receive(int sock, char *bytes, size_t room, struct notify_received *out)
{
	struct iovec io = {bytes, room};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(NOTIFY_FDS * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct msghdr msg = {.msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes};
	ssize_t n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

	memset(out, 0, sizeof *out);
	if (n < 0)
		return 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c))
		take_control(c, out);
	out->len = (size_t)n;
	return (msg.msg_flags & MSG_TRUNC) != 0 ? -1 : 1;
}

bool notify_received_close(struct notify_received *r)
{
	bool closed = foreign_close(r->fds, r->fds_n);

	r->fds_n = 0;
	return closed;
}
