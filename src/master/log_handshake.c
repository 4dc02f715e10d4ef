/* log_handshake: writes into pipes whose other ends are others', through descriptions of its own. Failures
 * are said. */
#include "master/log_handshake.h"

#include "base/fd.h"
#include "base/mem.h"
#include "base/say.h"
#include "master/service.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAGIC  0x02ff03feU
#define NUDGES 2 /* the second one comes a second after it was ready at least */

/* A description of our own of a pipe's end: what we do never blocks, whatever the others have set on theirs.
 */
static int reopen(int fd, int how)
{
	char path[40];

	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return open(path, how | O_NONBLOCK | O_CLOEXEC);
}

static size_t read_empty(int fd, char **bytes)
{
	size_t have = 0, room = 0;
	ssize_t n;

	*bytes = NULL;
	do {
		room += 65536;
		*bytes = mem_grow(*bytes, room, 1);
		n = read(fd, *bytes + have, room - have);
		have += n > 0 ? (size_t)n : 0;
	} while (n > 0 && have < 2 * LOGPIPE_BYTES);
	return have;
}

/* Whole lines in writes that the kernel does not divide, so that what services write meanwhile stands
 * between lines. Returns the bytes that found no room. */
static size_t put_back(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		size_t part = len < PIPE_BUF ? len : PIPE_BUF;
		const char *end = memrchr(bytes, '\n', part);
		if (end != NULL)
			part = (size_t)(end + 1 - bytes);
		if (write(fd, bytes, part) != (ssize_t)part)
			return len;
		bytes += part;
		len -= part;
	}
	return 0;
}

static void shake_hands(const int fds[2], const char *prefix)
{
	const uint32_t head[2] = {MAGIC, (uint32_t)strlen(prefix)};
	char hello[256], *bytes;
	int reader = reopen(fds[0], O_RDONLY), writer = reopen(fds[1], O_WRONLY);
	size_t len = read_empty(reader, &bytes), lost;

	memcpy(hello, head, sizeof head);
	memcpy(hello + sizeof head, prefix, head[1]);
	if (writer < 0 || write(writer, hello, sizeof head + head[1]) < 0)
		say(SAY_ERROR, "the log process cannot be told who '%s' is: %s", prefix, strerror(errno));
	lost = put_back(writer, bytes, len);
	if (lost > 0)
		say(SAY_ERROR, "%zu bytes of log lines of '%s' are lost: its pipe is full", lost, prefix);
	mem_free(&bytes);
	fd_close(&reader);
	fd_close(&writer);
}

void log_handshake(const struct master *m)
{
	struct service *s;
	char prefix[80];

	shake_hands(m->log.fds, "MASTER");
	LIST_EACH (s, &m->services, struct service, link) {
		(void)snprintf(prefix, sizeof prefix, "%s: ", s->definition->name);
		if (logpipe_is_open(s))
			shake_hands(s->log.fds, prefix);
	}
}

/* Dovecot's log process handles what it read together with a handshake only when more comes. A word that
 * changes nothing is more: the prefix of our own pid, which never writes there. */
static void nudge(const struct logpipe *l)
{
	char line[40];
	int n = snprintf(line, sizeof line, "\001\010%d prefix=\n", (int)getpid()), fd;

	fd = reopen(l->fds[1], O_WRONLY);
	if (fd >= 0 && write(fd, line, (size_t)n) < 0 && errno != EAGAIN)
		say(SAY_WARNING, "a log pipe cannot be written to: %s", strerror(errno));
	fd_close(&fd);
}

void log_handshake_up(struct master *m)
{
	m->log.nudges = NUDGES;
}

void log_handshake_second(struct master *m)
{
	struct service *s;

	if (m->log.nudges == 0)
		return;
	m->log.nudges--;
	LIST_EACH (s, &m->services, struct service, link)
		if (logpipe_is_open(s))
			nudge(&s->log);
}
