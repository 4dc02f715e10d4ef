/* pipe: looking into a pipe, taking lines out. Dies when the kernel cannot make the scratch pipe. */
#include "log/pipe.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define STEP_MOST 65536

/* A full pipe of this size holds more than a line may be long: each page of it but the first is at least half
 * full, since the kernel adds to a page what still fits. */
#define SIZE_LEAST 65536

static int is_pipe(int fd, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set(e, "descriptor %d should be a log pipe: %s", fd, strerror(errno));
	if (!S_ISFIFO(st.st_mode))
		return err_set(e,
			"descriptor %d should be a log pipe and is not a pipe: whoever starts the log "
			"process must pass pipes, or SOCKETn_SETTINGS for a listener",
			fd);
	return 0;
}

static void fd_name(struct pipe *p)
{
	(void)snprintf(p->name, sizeof p->name, "fd%d", p->fd);
}

int pipe_open(struct pipe *p, int fd, const char *name, struct err *e)
{
	int size;

	memset(p, 0, sizeof *p);
	p->fd = -1;
	speakers_init(&p->speakers);
	recent_init(&p->recent);
	if (is_pipe(fd, e) < 0)
		return -1;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return err_set(e, "descriptor %d: %s", fd, strerror(errno));
	size = fcntl(fd, F_GETPIPE_SZ);
	p->small = size < SIZE_LEAST && fcntl(fd, F_SETPIPE_SZ, SIZE_LEAST) < SIZE_LEAST;
	p->fd = fd;
	p->bare = LEVEL_ERROR;
	p->ready = true;
	fd_name(p);
	if (name != NULL) {
		(void)snprintf(p->name, sizeof p->name, "%s", name);
		split_name(&p->split, name);
	}
	return 0;
}

size_t pipe_holds(const struct pipe *p)
{
	int n = 0;

	return p->fd >= 0 && ioctl(p->fd, FIONREAD, &n) == 0 && n > 0 ? (size_t)n : 0;
}

void pipe_name(struct pipe *p, const char *prefix, size_t len)
{
	if (len >= 2 && memcmp(prefix + len - 2, ": ", 2) == 0)
		len -= 2;
	if (len == 0 || len >= sizeof p->name)
		return;
	memcpy(p->name, prefix, len);
	p->name[len] = '\0';
	split_name(&p->split, p->name);
}

static void deliver_piece(struct pipe *p, const struct split_piece *piece, pipe_line_fn *deliver, void *arg)
{
	struct line line;

	if (piece->what == SPLIT_NAME) {
		deliver(arg, p, NULL, piece);
		return;
	}
	if (piece->what != SPLIT_LINE)
		return;
	if (!piece->continues) {
		line_parse(piece->text, piece->len, p->bare, &line);
		p->going = line;
	} else {
		line = p->going;
		line.prefix = NULL;
		line.text = piece->text;
		line.len = piece->len;
	}
	deliver(arg, p, &line, piece);
}

/* What a pipe held when it was looked at. */
struct view {
	const char *data;
	size_t len, lines; /* lines: how many may be delivered */
	bool last;         /* there will never be more */
};

/* Delivers what is whole in it. Bytes that are done with. */
static size_t deliver_all(struct pipe *p, const struct view *v, pipe_line_fn *deliver, void *arg)
{
	struct split_piece piece;
	size_t done = 0;

	for (size_t n = 0; n < v->lines; n++) {
		split_next(&p->split, v->data + done, v->len - done, SPLIT_LINE_MOST, v->last, &piece);
		if (piece.what == SPLIT_MORE && p->small && done == 0 && v->len > 1)
			split_next(&p->split, v->data, v->len, v->len - 1, false, &piece);
		if (piece.what == SPLIT_MORE)
			break;
		deliver_piece(p, &piece, deliver, arg);
		done += piece.taken;
	}
	return done;
}

/* Each process reads in one thread, so one scratch pipe serves all. */
static int *scratch(void)
{
	static int pair[2] = {-1, -1};

	if (pair[0] < 0 && fd_pipe(pair, 1) < 0)
		die(71, "cannot make a pipe to look into the log pipes: %s", strerror(errno));
	return pair;
}

/* A copy of what the pipe holds at its begin; it stays there. */
static ssize_t look(int fd, char *data, size_t room)
{
	const int *pair = scratch();
	ssize_t n = tee(fd, pair[1], room, SPLICE_F_NONBLOCK), have = 0, got;

	while (have < n) {
		got = read(pair[0], data + have, (size_t)(n - have));
		if (got > 0)
			have += got;
		else if (got == 0 || errno != EINTR)
			die(71, "cannot read what a log pipe holds: %s", strerror(errno));
	}
	return n;
}

static void take(int fd, char *junk, size_t len)
{
	while (len > 0) {
		ssize_t n = read(fd, junk, len);
		if (n > 0)
			len -= (size_t)n;
		else if (n == 0 || errno != EINTR)
			die(71, "somebody else reads log pipe %d", fd);
	}
}

static bool hung_up(int fd)
{
	struct pollfd look_at = {.fd = fd, .events = POLLIN};

	return poll(&look_at, 1, 0) == 1 && (look_at.revents & POLLHUP) != 0;
}

enum pipe_state pipe_step(struct pipe *p, size_t bytes, size_t lines, pipe_line_fn *deliver, void *arg)
{
	char data[STEP_MOST];        /* not static: an order on the master's pipe steps a service's */
	bool alone = hung_up(p->fd); /* before the look: what is there then is all there will be */
	ssize_t n = look(p->fd, data, bytes < sizeof data ? bytes : sizeof data);
	struct view v = {data, n > 0 ? (size_t)n : 0, lines, false};

	p->taken = p->half = 0;
	if (n == 0)
		return PIPE_CLOSED;
	if (n < 0)
		return PIPE_EMPTY;
	v.last = alone && v.len == pipe_holds(p);
	p->taken = deliver_all(p, &v, deliver, arg);
	take(p->fd, data, p->taken);
	if (p->taken > 0)
		return PIPE_MORE;
	p->half = v.len;
	return PIPE_EMPTY;
}

bool pipe_has_grown(const struct pipe *p)
{
	return p->half > 0 && pipe_holds(p) != p->half;
}

void pipe_close(struct pipe *p)
{
	fd_close(&p->fd);
	speakers_free(&p->speakers);
	recent_free(&p->recent);
}
