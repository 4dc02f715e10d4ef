/* sink: what all kinds have in common. */
#include "log/sink.h"

#include "base/fd.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const struct {
	const char *word;
	const struct sink_kind *kind;
	const char *where;
} words[] = {
	{"syslog", &sink_syslog, "/dev/log"},
	{"journald", &sink_journal, "/run/systemd/journal/socket"},
	{"/dev/stderr", &sink_file, "/dev/stderr"},
};

/* "syslog" or "syslog:/path" */
static bool is_word(const char *given, const char *word, const char **rest)
{
	size_t n = strlen(word);

	if (strncmp(given, word, n) != 0 || (given[n] != '\0' && given[n] != ':'))
		return false;
	*rest = given[n] == ':' ? given + n + 1 : NULL;
	return true;
}

int sink_init(struct sink *s, const char *word, struct err *e)
{
	const char *rest;

	memset(s, 0, sizeof *s);
	s->fd = s->given = -1;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (!is_word(word, words[i].word, &rest))
			continue;
		s->kind = words[i].kind;
		s->where = rest != NULL ? rest : words[i].where;
		break;
	}
	if (s->kind == NULL) {
		s->kind = &sink_file;
		s->where = word;
	}
	if (s->where[0] != '/')
		return err_set(e,
			"'%s' is not a place for log lines: write an absolute path, \"/dev/stderr\", "
			"\"syslog\" or \"journald\" (or \"syslog:/path/of/socket\")",
			word);
	if (gethostname(s->host, sizeof s->host - 1) < 0 || s->host[0] == '\0')
		memcpy(s->host, "-", sizeof "-");
	return 0;
}

int sink_connect(struct sink *s, struct err *e)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(s->where) >= sizeof to.sun_path) {
		errno = ENAMETOOLONG;
		return err_set(e, "%s: the path of a socket has at most %zu bytes", s->where,
			sizeof to.sun_path - 1);
	}
	memcpy(to.sun_path, s->where, strlen(s->where) + 1);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0) {
		fd_close(&fd);
		return err_set(e, "cannot reach %s at %s: %s", s->kind->name, s->where, strerror(errno));
	}
	fd_close(&s->fd);
	s->fd = fd;
	return 0;
}

ssize_t sink_send(struct sink *s, ssize_t (*large)(int sock, const struct iovec *io))
{
	struct iovec io;
	ssize_t n;

	(void)queue_peek(&s->queue, &io, 1);
	if (s->fd < 0 && sink_connect(s, NULL) < 0)
		return -1;
	n = send(s->fd, io.iov_base, io.iov_len, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0 && errno == EMSGSIZE)
		n = large(s->fd, &io);
	if (n < 0 && errno != EAGAIN && errno != ENOBUFS && errno != EMFILE)
		fd_close(&s->fd); /* the daemon was restarted: connect anew next time */
	return n < 0 ? -1 : (ssize_t)io.iov_len;
}

int sink_open(struct sink *s, struct err *e)
{
	if (s->kind->open(s, e) == 0 || s->kind->moved == NULL)
		return 0; /* a socket may come later; sink_flush connects */
	return -1;
}

void sink_put(struct sink *s, const struct record *r, const char *clean, size_t len)
{
	struct buf form = {NULL, 0, 0};

	s->kind->form(s, r, clean, len, &form);
	queue_add(&s->queue, form.data, form.used);
	buf_free(&form);
}

bool sink_flush(struct sink *s, uint64_t now)
{
	s->error = 0;
	while (s->queue.count > 0) {
		ssize_t n = s->kind->write(s);
		if (n >= 0) {
			queue_written(&s->queue, (size_t)n);
			continue;
		}
		if (errno == EINTR)
			continue;
		s->error = errno;
		s->stuck_ms = s->stuck_ms != 0 ? s->stuck_ms : now;
		return false;
	}
	return true;
}

bool sink_moved(struct sink *s, uint64_t now)
{
	if (s->kind->moved == NULL || (s->looked_ms != 0 && now - s->looked_ms < 1000))
		return false;
	s->looked_ms = now;
	return s->kind->moved(s);
}

int sink_reopen(struct sink *s, struct err *e)
{
	if (s->kind->moved == NULL)
		return 0;
	if (s->kind->open(s, e) < 0)
		return -1;
	queue_rewind(&s->queue);
	return 0;
}

void sink_close(struct sink *s)
{
	if (s->fd > STDERR_FILENO)
		fd_close(&s->fd);
	fd_close(&s->given);
	queue_free(&s->queue);
}
