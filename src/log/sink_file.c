/* sink_file: ordinary files, and what else a path may lead to: a terminal, a pipe, stderr. A slow one of
 * those is never waited for; a disk is, as all the world does. */
#include "base/fd.h"
#include "log/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECES       64
#define PIPE_AT_ONCE 4096 /* a pipe that is writable takes so much without blocking */

/* A file that ends in half a line (its writer was killed, the disk was full) must not get ours behind it. */
static void end_last_line(int fd, off_t size)
{
	char last;

	if (size > 0 && (pread(fd, &last, 1, size - 1) != 1 || last != '\n') && write(fd, "\n", 1) < 0)
		return; /* a full disk: the same happens to the lines, and is seen there */
}

static int open_path(const struct sink *s)
{
	/* NONBLOCK: a fifo without a reader is an error instead of a wait; it means nothing to a disk */
	static const int flags = O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	struct stat st;
	int fd;

	if (stat(s->where, &st) == 0 && S_ISFIFO(st.st_mode))
		return open(s->where, O_WRONLY | flags);
	fd = open(s->where, O_RDWR | O_CREAT | flags, 0600); /* RD: end_last_line looks */
	if (fd < 0 && (errno == EACCES || errno == EPERM))
		fd = open(s->where, O_WRONLY | flags);
	return fd;
}

static int file_take(struct sink *s, int fd)
{
	struct stat st;

	s->regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	if (s->regular)
		end_last_line(fd, st.st_size);
	if (s->fd > STDERR_FILENO && s->fd != fd)
		fd_close(&s->fd);
	s->fd = fd;
	return 0;
}

static int file_open(struct sink *s, struct err *e)
{
	int fd;

	if (strcmp(s->where, "/dev/stderr") == 0)
		return file_take(s, STDERR_FILENO);
	fd = open_path(s);
	if (fd < 0 && s->given >= 0) {
		fd = s->given;
		s->given = -1;
	}
	if (fd < 0)
		return err_set(e, "cannot open log file '%s': %s", s->where, strerror(errno));
	return file_take(s, fd);
}

static void file_form(
	const struct sink *s, const struct record *r, const char *clean, size_t len, struct buf *out)
{
	if (s->json)
		record_json(r, clean, len, out);
	else
		record_text(r, clean, len, s->timestamp, out);
}

/* To a pipe or terminal, which may be somebody else's too: only when it is ready, and only so much. */
static ssize_t write_carefully(int fd, const struct iovec *io)
{
	struct pollfd ready = {.fd = fd, .events = POLLOUT};

	if (poll(&ready, 1, 0) == 0) {
		errno = EAGAIN;
		return -1;
	}
	return write(fd, io->iov_base, io->iov_len < PIPE_AT_ONCE ? io->iov_len : PIPE_AT_ONCE);
}

static ssize_t file_write(struct sink *s)
{
	struct iovec io[PIECES];
	int n = queue_peek(&s->queue, io, PIECES);

	return s->regular ? writev(s->fd, io, n) : write_carefully(s->fd, io);
}

static bool file_moved(const struct sink *s)
{
	struct stat here, there;

	if (!s->regular || s->fd == STDERR_FILENO || fstat(s->fd, &here) < 0)
		return false;
	if (stat(s->where, &there) < 0)
		return errno == ENOENT;
	return here.st_dev != there.st_dev || here.st_ino != there.st_ino;
}

const struct sink_kind sink_file = {"the log file", file_open, file_form, file_write, file_moved};
