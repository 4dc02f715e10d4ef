/* sink_syslog: RFC 5424 as datagrams to /dev/log. A daemon that is away is tried again with each flush. */
#include "base/clock.h"
#include "base/fd.h"
#include "log/sink.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define NAME_MOST 48   /* RFC 5424: APP-NAME */
#define CUT_TO    1024 /* what every receiver takes (RFC 5424, 6.1), should a whole line be refused */

/* PRINTUSASCII without blanks, and what a quoted parameter may not hold */
static void add_name(struct buf *out, const char *name, size_t most)
{
	for (size_t i = 0; i < most && name[i] != '\0'; i++) {
		char c = name[i] > ' ' && name[i] < 0x7f && strchr("\"]\\", name[i]) == NULL ? name[i] : '_';
		buf_add(out, &c, 1);
	}
	if (name[0] == '\0')
		buf_add(out, "-", 1);
}

static void syslog_form(
	const struct sink *s, const struct record *r, const char *clean, size_t len, struct buf *out)
{
	char at[40];

	clock_print(&r->at, at, sizeof at);
	buf_print(out, "<%d>1 %s %s ", s->facility * 8 + level_severity(r->level), at, s->host);
	add_name(out, r->service, NAME_MOST);
	if (r->pid > 0)
		buf_print(out, " %d - [origin software=\"", r->pid);
	else
		buf_print(out, " - - [origin software=\"");
	add_name(out, s->instance, NAME_MOST);
	buf_print(out, "\"] ");
	buf_add(out, clean, len);
}

static ssize_t send_cut(int sock, const struct iovec *io)
{
	return send(
		sock, io->iov_base, io->iov_len < CUT_TO ? io->iov_len : CUT_TO, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static ssize_t syslog_write(struct sink *s)
{
	return sink_send(s, send_cut);
}

const struct sink_kind sink_syslog = {"syslog", sink_connect, syslog_form, syslog_write, NULL};
