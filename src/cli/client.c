/* client: talking to the engine. Whatever fails is told to the caller; nothing dies here. */
#include "cli/client.h"

#include "base/fd.h"
#include "base/mem.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CLIENT_READ 65536

static enum client_open explain(const char *path, struct err *e)
{
	int why = errno;

	(void)err_set(e, "%s: %s", path, strerror(why));
	if (why == ENOENT || why == ECONNREFUSED || why == ENOTDIR || why == EAGAIN)
		return CLIENT_ABSENT;
	return why == EACCES || why == EPERM ? CLIENT_DENIED : CLIENT_REFUSED;
}

enum client_open client_open(struct client *c, const char *base_dir, struct err *e)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int n = snprintf(addr.sun_path, sizeof addr.sun_path, "%s/control", base_dir);

	frame_reader_init(&c->in);
	c->fd = -1;
	if (n < 0 || (size_t)n >= sizeof addr.sun_path) {
		(void)err_set(e, "base_dir %s is too long: the path of a socket has at most %zu bytes",
			base_dir, sizeof addr.sun_path - 1);
		return CLIENT_REFUSED;
	}
	/* non-blocking: a full backlog of a stopped engine says EAGAIN instead of hanging here */
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)&addr, sizeof addr) < 0) {
		enum client_open how = explain(addr.sun_path, e);
		client_close(c);
		return how;
	}
	return CLIENT_OPEN;
}

void client_close(struct client *c)
{
	fd_close(&c->fd);
	frame_reader_free(&c->in);
}

/* Does the other side take more bytes within two seconds? */
static int is_taken(int fd)
{
	struct pollfd p = {fd, POLLOUT, 0};

	return poll(&p, 1, 2000) > 0;
}

static int send_all(int fd, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t n = send(fd, data, length, MSG_NOSIGNAL);
		if (n < 0 && (errno == EINTR || (errno == EAGAIN && is_taken(fd))))
			continue;
		if (n < 0)
			return -1;
		data += n;
		length -= (size_t)n;
	}
	return 0;
}

int client_send(struct client *c, const char *verb, uint32_t id, const char *payload, size_t length)
{
	char head[FRAME_HEAD_MAX];

	if (send_all(c->fd, head, frame_head(head, verb, id, length)) < 0)
		return -1;
	return send_all(c->fd, payload, length);
}

/* 0: it is no terminal */
static int terminal_width(int fd)
{
	struct winsize size;

	if (!isatty(fd) || ioctl(fd, TIOCGWINSZ, &size) < 0)
		return 0;
	return size.ws_col;
}

/* https://no-color.org: any value that is not empty */
static int wants_color(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	if (no != NULL && no[0] != '\0')
		return 0;
	return isatty(STDOUT_FILENO) && (term == NULL || strcmp(term, "dumb") != 0);
}

static int write_hello(char *hello, size_t room, int json, int asks)
{
	return snprintf(hello, room, "proto=1\nwidth=%d\nprogress=%d\ncolor=%d\njson=%d\nasks=%d\n",
		terminal_width(STDOUT_FILENO), terminal_width(STDERR_FILENO), wants_color(), json, asks);
}

int client_hello(struct client *c, int json, int asks)
{
	char hello[128];
	int n = write_hello(hello, sizeof hello, json, asks);

	return client_send(c, "hello", 0, hello, (size_t)n);
}

int client_ask(struct client *c, int json, uint32_t id, const char *words, size_t length)
{
	char hello[128];
	int n = write_hello(hello, sizeof hello, json, 0);
	char *both = mem_new(2 * FRAME_HEAD_MAX + (size_t)n + length, 1);
	size_t at = frame_head(both, "hello", 0, (size_t)n);
	int sent;

	memcpy(both + at, hello, (size_t)n);
	at += (size_t)n;
	at += frame_head(both + at, "verb", id, length);
	memcpy(both + at, words, length);
	sent = send_all(c->fd, both, at + length);
	free(both);
	return sent;
}

int client_read(struct client *c)
{
	ssize_t n = read(c->fd, frame_room(&c->in, CLIENT_READ), CLIENT_READ);

	if (n > 0)
		frame_added(&c->in, (size_t)n);
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}
