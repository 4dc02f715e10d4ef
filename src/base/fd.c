/* fd: small helpers round descriptors. They return -1 with errno; nothing dies here. */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

void fd_close(int *fd)
{
	int kept = errno;

	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
	errno = kept;
}

int fd_set_nonblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

int fd_pipe(int pair[2], int nonblock)
{
	return pipe2(pair, O_CLOEXEC | (nonblock ? O_NONBLOCK : 0));
}

uint64_t fd_raise_limit(uint64_t wanted)
{
	struct rlimit now, more;

	if (getrlimit(RLIMIT_NOFILE, &now) < 0)
		return 0;
	if (now.rlim_cur >= wanted)
		return now.rlim_cur;
	more.rlim_cur = wanted;
	more.rlim_max = now.rlim_max > wanted ? now.rlim_max : wanted;
	if (setrlimit(RLIMIT_NOFILE, &more) == 0)
		return more.rlim_cur;
	more.rlim_cur = wanted < now.rlim_max ? wanted : now.rlim_max;
	more.rlim_max = now.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &more) == 0 ? more.rlim_cur : now.rlim_cur;
}

union fd_room {
	char bytes[CMSG_SPACE(4 * sizeof(int))];
	struct cmsghdr align;
};

ssize_t fd_send(int sock, const void *data, size_t len, int fd)
{
	struct iovec io = {(void *)(uintptr_t)data, len};
	struct msghdr msg = {.msg_iov = &io, .msg_iovlen = 1};
	union fd_room room;

	if (fd >= 0) {
		struct cmsghdr *c;
		memset(&room, 0, sizeof room);
		msg.msg_control = room.bytes;
		msg.msg_controllen = CMSG_SPACE(sizeof fd);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(c), &fd, sizeof fd);
	}
	return sendmsg(sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void take_fds(const struct cmsghdr *c, int *fd)
{
	size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

	for (size_t i = 0; i < n; i++) {
		int got;
		memcpy(&got, CMSG_DATA(c) + i * sizeof got, sizeof got);
		if (*fd < 0)
			*fd = got;
		else
			(void)close(got);
	}
}

ssize_t fd_receive(int sock, void *data, size_t room, int *fd)
{
	struct iovec io = {data, room};
	union fd_room control;
	struct msghdr msg = {.msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes};
	ssize_t n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

	*fd = -1;
	if (n < 0)
		return -1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			take_fds(c, fd);
	if (msg.msg_flags & MSG_TRUNC) {
		fd_close(fd);
		errno = EMSGSIZE;
		return -1;
	}
	return n;
}

int fd_write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = write(fd, at, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int fd_read_at(int fd, void *to, size_t len, uint64_t at)
{
	char *p = to;

	while (len > 0) {
		ssize_t n = pread(fd, p, len, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n == 0 ? ENODATA : errno;
			return -1;
		}
		p += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int fd_write_at(int fd, const void *from, size_t len, uint64_t at)
{
	const char *p = from;

	while (len > 0) {
		ssize_t n = pwrite(fd, p, len, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n == 0 ? ENOSPC : errno;
			return -1;
		}
		p += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}
