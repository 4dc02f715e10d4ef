/* listener: opening, watching, closing. Failures are -1 and a sentence. */
#include "master/listener.h"

#include "base/fd.h"
#include "master/directory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char *const kind_names[] = {"unix_listener", "fifo_listener", "inet_listener"};

/* "unix_listener /run/x" or "inet_listener http (127.0.0.1:80)" */
static void print(const struct listener_definition *at, char *out, size_t room)
{
	const char *open = strchr(at->address, ':') != NULL ? "[" : "", *shut = *open ? "]" : "";

	if (at->kind == LISTENER_INET)
		(void)snprintf(out, room, "inet_listener %s%s%s%s%s:%u%s", at->name,
			at->name[0] != '\0' ? " (" : "", open, at->address, shut, at->port,
			at->name[0] != '\0' ? ")" : "");
	else
		(void)snprintf(out, room, "%s %s", kind_names[at->kind], at->address);
}

static int fail(const struct listener_definition *at, const char *doing, const char *way_out, struct err *e)
{
	char name[256];
	int error = errno;

	print(at, name, sizeof name);
	return err_set(
		e, "%s: cannot %s: %s%s%s", name, doing, strerror(error), *way_out ? "; " : "", way_out);
}

/* ---- inet */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t inet_address(const struct listener_definition *at, union address *a)
{
	memset(a, 0, sizeof *a);
	if (inet_pton(AF_INET, at->address, &a->v4.sin_addr) == 1) {
		a->v4.sin_family = AF_INET;
		a->v4.sin_port = htons(at->port);
		return sizeof a->v4;
	}
	(void)inet_pton(AF_INET6, at->address, &a->v6.sin6_addr);
	a->v6.sin6_family = AF_INET6;
	a->v6.sin6_port = htons(at->port);
	return sizeof a->v6;
}

static int set(int fd, int level, int option)
{
	int on = 1;

	return setsockopt(fd, level, option, &on, sizeof on);
}

static int inet_open(const struct listener_definition *at, int backlog, struct err *e)
{
	union address a;
	socklen_t len = inet_address(at, &a);
	int fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const char *way_out = "";

	if (fd < 0)
		return fail(at, "make a socket", "", e);
	if (set(fd, SOL_SOCKET, SO_REUSEADDR) < 0 || set(fd, SOL_SOCKET, SO_KEEPALIVE) < 0 ||
		(at->reuse_port && set(fd, SOL_SOCKET, SO_REUSEPORT) < 0) ||
		(a.any.sa_family == AF_INET6 && set(fd, IPPROTO_IPV6, IPV6_V6ONLY) < 0)) {
		fd_close(&fd);
		return fail(at, "set up the socket", "", e);
	}
	if (bind(fd, &a.any, len) == 0 && listen(fd, backlog) == 0)
		return fd;
	if (errno == EADDRINUSE)
		way_out = "stop the program that has it, or choose another port";
	else if (errno == EADDRNOTAVAIL)
		way_out = "this machine does not have that address";
	else if (errno == EACCES)
		way_out = "ports below 1024 need root";
	fd_close(&fd);
	return fail(at, "bind", way_out, e);
}

/* ---- paths */

static int nobody_answers(const struct sockaddr_un *a)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int refused =
		fd >= 0 && connect(fd, (const struct sockaddr *)a, sizeof *a) < 0 && errno == ECONNREFUSED;

	fd_close(&fd);
	errno = EADDRINUSE;
	return refused;
}

/* Born with mode 0: nobody can connect before owner and mode are right. */
static int unix_open(const struct listener_definition *at, int backlog, struct err *e)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t mask;
	int bound;

	if (fd < 0)
		return fail(at, "make a socket", "", e);
	memcpy(a.sun_path, at->address, strlen(at->address) + 1);
	mask = umask(0777);
	bound = bind(fd, (struct sockaddr *)&a, sizeof a);
	if (bound < 0 && errno == EADDRINUSE && nobody_answers(&a) && unlink(at->address) == 0)
		bound = bind(fd, (struct sockaddr *)&a, sizeof a);
	(void)umask(mask);
	if (bound < 0) {
		const char *way_out =
			errno == EADDRINUSE ? "another program answers there, or it is not a socket" : "";
		fd_close(&fd);
		return fail(at, "bind", way_out, e);
	}
	if (listen(fd, backlog) == 0)
		return fd;
	fd_close(&fd);
	return fail(at, "listen", "", e);
}

static int fifo_open(const struct listener_definition *at, struct err *e)
{
	struct stat st;
	int fd;

	if (lstat(at->address, &st) == 0 && S_ISFIFO(st.st_mode))
		(void)unlink(at->address);
	if (mkfifo(at->address, 0600) < 0)
		return fail(at, "make the fifo", errno == EEXIST ? "something else has that name" : "", e);
	/* read and write: a fifo that has a writer for ever never says end of file */
	fd = open(at->address, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? fail(at, "open the fifo", "", e) : fd;
}

/* Through an O_PATH fd: what is changed is what was made, whatever the name says by then. */
int listener_set_owner(struct listener *l, const struct listener_definition *at, struct err *e)
{
	char proc[64];
	struct stat st;
	int fd = open(at->address, O_PATH | O_NOFOLLOW | O_CLOEXEC), done;

	if (fd < 0 || fstat(fd, &st) < 0) {
		fd_close(&fd);
		return fail(at, "find its file", "", e);
	}
	if (!S_ISSOCK(st.st_mode) && !S_ISFIFO(st.st_mode)) {
		fd_close(&fd);
		errno = EEXIST;
		return fail(at, "use its file", "something else has taken that name", e);
	}
	(void)snprintf(proc, sizeof proc, "/proc/self/fd/%d", fd);
	done = at->uid != (uid_t)-1 || at->gid != (gid_t)-1
		       ? fchownat(fd, "", at->uid, at->gid, AT_EMPTY_PATH)
		       : 0;
	if (done == 0)
		done = chmod(proc, at->mode);
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	fd_close(&fd);
	return done < 0 ? fail(at, "set owner and mode of its file", "", e) : 0;
}

/* Below base_dir only: elsewhere directories are other people's. */
static int make_parent(const struct listener_definition *at, const char *base_dir, struct err *e)
{
	char dir[sizeof((struct sockaddr_un *)0)->sun_path];

	if (directory_below(base_dir, at->address) == NULL)
		return 0;
	(void)snprintf(dir, sizeof dir, "%.*s", (int)(strrchr(at->address, '/') - at->address), at->address);
	return directory_make(dir) < 0 ? fail(at, "make its directory", "", e) : 0;
}

bool listener_is_there(const struct listener *l)
{
	struct stat st;

	return l->at.kind == LISTENER_INET || l->is_managers ||
	       (lstat(l->at.address, &st) == 0 && st.st_dev == l->dev && st.st_ino == l->ino);
}

void listener_close(struct listener *l)
{
	if (l->is_managers)
		l->fd = -1;
	if (l->fd < 0)
		return;
	if (l->at.kind != LISTENER_INET && listener_is_there(l))
		(void)unlink(l->at.address);
	fd_close(&l->fd);
}

int listener_open(struct listener *l, const struct listener_definition *at, int backlog, const char *base_dir,
	struct err *e)
{
	memset(l, 0, sizeof *l);
	l->at = *at;
	l->fd = -1;
	if (at->kind == LISTENER_INET) {
		l->fd = inet_open(at, backlog, e);
		return l->fd < 0 ? -1 : 0;
	}
	if (make_parent(at, base_dir, e) < 0)
		return -1;
	l->fd = at->kind == LISTENER_UNIX ? unix_open(at, backlog, e) : fifo_open(at, e);
	if (l->fd < 0)
		return -1;
	if (listener_set_owner(l, at, e) == 0)
		return 0;
	listener_close(l);
	return -1;
}

/* ---- the queue */

static bool is_readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1 && (p.revents & POLLIN) != 0;
}

/* sock_diag names a unix socket by the inode of the *socket*, which fstat of the fd gives. */
static int unix_queue(int fd, int diag, uint32_t *waiting)
{
	struct {
		struct nlmsghdr head;
		struct unix_diag_req ask;
	} q = {.head = {.nlmsg_len = sizeof q,
		       .nlmsg_type = SOCK_DIAG_BY_FAMILY,
		       .nlmsg_flags = NLM_F_REQUEST},
		.ask = {.sdiag_family = AF_UNIX, .udiag_show = UDIAG_SHOW_RQLEN, .udiag_cookie = {~0U, ~0U}}};
	union {
		struct nlmsghdr head;
		char room[1024];
	} answer;
	struct stat st;
	ssize_t n;
	size_t at = NLMSG_LENGTH(sizeof(struct unix_diag_msg));

	if (diag < 0 || fstat(fd, &st) < 0)
		return -1;
	q.ask.udiag_ino = (uint32_t)st.st_ino;
	if (send(diag, &q, sizeof q, MSG_DONTWAIT) < 0)
		return -1;
	n = recv(diag, &answer, sizeof answer, MSG_DONTWAIT);
	if (n < (ssize_t)at || answer.head.nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return -1;
	while (at + sizeof(struct nlattr) <= (size_t)n) {
		struct nlattr a;
		memcpy(&a, answer.room + at, sizeof a);
		if (a.nla_type == UNIX_DIAG_RQLEN && a.nla_len >= sizeof a + 4) {
			memcpy(waiting, answer.room + at + sizeof a, 4);
			return 0;
		}
		if (a.nla_len < sizeof a)
			break;
		at += (size_t)NLA_ALIGN(a.nla_len);
	}
	return -1;
}

/* Of a listening socket tcpi_unacked is the length of its accept queue. */
static int inet_queue(int fd, uint32_t *waiting)
{
	struct tcp_info info;
	socklen_t len = sizeof info;

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
		return -1;
	*waiting = info.tcpi_unacked;
	return 0;
}

int listener_diag_open(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
}

uint32_t listener_waiting(const struct listener *l, int diag)
{
	uint32_t n = 0;

	if (l->at.kind == LISTENER_INET && inet_queue(l->fd, &n) == 0)
		return n;
	if (!is_readable(l->fd))
		return 0;
	if (l->at.kind == LISTENER_UNIX && unix_queue(l->fd, diag, &n) == 0 && n > 0)
		return n;
	return 1;
}

void listener_set_blocking(struct listener *l, bool blocks)
{
	int flags = fcntl(l->fd, F_GETFL);

	l->blocks = blocks;
	if (l->at.kind != LISTENER_FIFO && flags >= 0)
		(void)fcntl(l->fd, F_SETFL, blocks ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

uint32_t listener_drop(struct listener *l)
{
	bool blocks = l->blocks;
	uint32_t n = 0;

	if (l->at.kind == LISTENER_FIFO)
		return 0;
	if (blocks) /* a process that goes may take the last one before us */
		listener_set_blocking(l, false);
	for (; n < 1024; n++) {
		int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0)
			break;
		(void)close(fd);
	}
	if (blocks)
		listener_set_blocking(l, true);
	return n;
}
