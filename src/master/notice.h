/* notice: what a process says by sd_notify(3), carried out. It has a socket of its own for that
 * (NOTIFY_SOCKET), which is its identity; the kernel says who sent, and only root and the service's own user
 * are heard. */
#ifndef REEVE_MASTER_NOTICE_H
#define REEVE_MASTER_NOTICE_H

#include "master/contract.h"
#include "master/notify.h"

#include <event2/event_struct.h>

/* Of a process. */
struct noticed {
	int sock; /* -1: none */
	struct event readable;
	bool is_reloading;      /* between RELOADING=1 and READY=1 */
	int64_t reload_usec;    /* MONOTONIC_USEC of the last RELOADING */
	uint32_t complained;    /* what was said in the log already: of enum notify_said, and USELESS */
	bool deaf;              /* nothing is read any more */
	char said[NOTIFY_TEXT]; /* its STATUS */
};

/* What all of them find in their environment for it. */
void notice_environment(struct service *s, struct outfit *o);

/* What one of them gets. */
enum kit_result notice_kit(struct process *p);

/* Listens; and takes what is still there before it is closed. */
void notice_begin(struct process *p);
void notice_end(struct process *p);

#endif
