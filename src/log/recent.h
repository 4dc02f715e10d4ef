/* recent: the last ten lines of one pipe, kept for `reeve status NAME` in the shared file of base/tail.h. */
#ifndef REEVE_LOG_RECENT_H
#define REEVE_LOG_RECENT_H

#include "log/record.h"

#include <stdbool.h>
#include <stddef.h>

#define RECENT_LINES 10
#define RECENT_TEXT  700 /* bytes of a line that are kept */

struct recent_line {
	struct timespec at;
	enum level level;
	int32_t pid;
	size_t len;
	char text[RECENT_TEXT];
};

struct recent {
	struct recent_line *lines; /* a ring of RECENT_LINES, made with the first line; NULL */
	size_t n;                  /* lines ever kept */
	bool dirty;                /* something is not in the file yet */
	int slot;                  /* -1: none yet, or no room */
	char *before;              /* what the log process before left in the slot; NULL: nothing */
};

void recent_init(struct recent *r);
void recent_free(struct recent *r);

/* Keeps a line; `clean` is harmless already. */
void recent_add(struct recent *r, const struct record *record, const char *clean, size_t len);

/* Puts the lines into the file, under that name: `SECONDS.MICROSECONDS TAB level TAB pid TAB text LF`, oldest
 * first. Once a step of a pipe, not once a line. */
void recent_save(struct recent *r, int fd, const char *name);

#endif
