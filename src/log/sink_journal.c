/* sink_journal: journald's native protocol: a datagram of NAME=value lines; what is too long for one goes as
 * a sealed memfd. Our text has no LF in it, so the form with a length is never needed. */
#include "base/fd.h"
#include "log/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>

static void journal_form(
	const struct sink *s, const struct record *r, const char *clean, size_t len, struct buf *out)
{
	buf_print(out, "PRIORITY=%d\nSYSLOG_FACILITY=%d\nSYSLOG_IDENTIFIER=%s\n", level_severity(r->level),
		s->facility, r->service);
	if (r->pid > 0)
		buf_print(out, "SYSLOG_PID=%d\nREEVE_PID=%d\n", r->pid, r->pid);
	buf_print(out, "REEVE_SERVICE=%s\nREEVE_INSTANCE=%s\nMESSAGE=", r->service, s->instance);
	buf_add(out, clean, len);
	buf_add(out, "\n", 1);
}

static ssize_t send_memfd(int sock, const struct iovec *io)
{
	int fd = memfd_create("reeve-log", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	ssize_t n = -1;

	if (fd >= 0 && fd_write_all(fd, io->iov_base, io->iov_len) == 0 &&
		fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0)
		n = fd_send(sock, NULL, 0, fd);
	fd_close(&fd);
	return n;
}

static ssize_t journal_write(struct sink *s)
{
	return sink_send(s, send_memfd);
}

const struct sink_kind sink_journal = {"journald", sink_connect, journal_form, journal_write, NULL};
