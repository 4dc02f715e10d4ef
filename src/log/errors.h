/* errors: the last 1000 warnings and worse, for `log-errors`. */
#ifndef REEVE_LOG_ERRORS_H
#define REEVE_LOG_ERRORS_H

#include "base/buf.h"
#include "log/record.h"

#include <stddef.h>

#define ERRORS_MOST 1000

struct event;
struct event_base;

struct errors {
	char *line[ERRORS_MOST]; /* ready to send; NULL where there are fewer */
	size_t next;
	unsigned clients;
	struct event_base *loop; /* where clients are served; borrowed */
};

/* Keeps it when it is a warning or worse. */
void errors_add(struct errors *all, const struct record *r, const char *clean, size_t len);

/* All of them, oldest first: `type TAB unixtime TAB prefix TAB text LF`. */
void errors_print(const struct errors *all, struct buf *out);

void errors_free(struct errors *all);

/* Sends everything to whoever connects to the listening unix socket `fd`, and closes. At most 16 clients at a
 * time, 10 s each. `all` outlives the event. NULL when there is no memory for it. */
struct event *errors_listen(struct errors *all, struct event_base *loop, int fd);

#endif
