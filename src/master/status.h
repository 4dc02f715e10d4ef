/* status: what a process says of itself, in the common wire of Reeve's and Dovecot's workers. */
#ifndef REEVE_MASTER_STATUS_H
#define REEVE_MASTER_STATUS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define STATUS_BYTES 12
#define STATUS_BATCH 85 /* messages of one read */

struct status {
	uint32_t available; /* the last one said */
	uint32_t messages;  /* good ones */
	uint32_t bad;       /* of a wrong length, pid or uid */
};

/* Reads the messages of one process: {int32 pid, uint32 uid, uint32 available} in host order.
 * `see` is called for each good one, in order. Bytes that are no whole message are one bad one. */
void status_read(const void *bytes, size_t len, pid_t pid, uint32_t uid,
	void (*see)(void *arg, uint32_t available), void *arg, struct status *out);

/* Why a process that ended with this status did, or "": the numbers are Dovecot's. */
const char *status_reason(int exit_status);

#endif
