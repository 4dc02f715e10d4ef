/* notify: one datagram of sd_notify(3), read. Pure: NAME=value lines into a struct, by a table of names. What
 * is not known, misspelt, out of range or too long is left out; nothing fails. */
#ifndef REEVE_MASTER_NOTIFY_H
#define REEVE_MASTER_NOTIFY_H

#include <stddef.h>
#include <stdint.h>

#define NOTIFY_BYTES 4096 /* of a datagram; longer ones are dropped whole */
#define NOTIFY_TEXT  256  /* of STATUS, with its end */
#define NOTIFY_NAME  64   /* of FDNAME, with its end */

enum notify_said {
	NOTIFY_READY = 1 << 0,
	NOTIFY_RELOADING = 1 << 1,
	NOTIFY_STOPPING = 1 << 2,
	NOTIFY_STATUS = 1 << 3,
	NOTIFY_ERRNO = 1 << 4,
	NOTIFY_MAINPID = 1 << 5,
	NOTIFY_WATCHDOG = 1 << 6,
	NOTIFY_TRIGGER = 1 << 7, /* WATCHDOG=trigger: as if it had been missed */
	NOTIFY_WATCHDOG_USEC = 1 << 8,
	NOTIFY_EXTEND = 1 << 9,
	NOTIFY_FDSTORE = 1 << 10,
	NOTIFY_FDSTOREREMOVE = 1 << 11,
	NOTIFY_FDNAME = 1 << 12,
	NOTIFY_NO_POLL = 1 << 13, /* FDPOLL=0: keep it although its other end has gone */
	NOTIFY_BARRIER = 1 << 14,
	NOTIFY_MONOTONIC = 1 << 15,
};

struct notice {
	uint32_t said;            /* a set of enum notify_said: the members that hold something */
	char status[NOTIFY_TEXT]; /* valid UTF-8 without control characters */
	char fd_name[NOTIFY_NAME];
	int64_t error, main_pid, watchdog_usec, extend_usec, monotonic_usec;
};

/* Reads the datagram up to its end or a NUL; of a name that stands twice the last one counts. */
void notify_parse(const char *bytes, size_t len, struct notice *out);

#endif
