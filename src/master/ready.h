/* ready: when a process counts as able to work (the setting of that name), for contracts that have no status
 * message to say so. While it is awaited the process is starting and start_timeout runs. */
#ifndef REEVE_MASTER_READY_H
#define REEVE_MASTER_READY_H

#include "master/contract.h"
#include "master/probe.h"

#include <event2/event_struct.h>

enum ready_kind {
	READY_AT_START,
	READY_STATUS,  /* the first status message */
	READY_NOTIFY,  /* READY=1 */
	READY_FD,      /* a newline on NOTIFY_FD */
	READY_PLACE,   /* somebody answers there */
	READY_PIDFILE, /* the file names the process, or one that it left behind */
};

/* Of a service. */
struct ready_rule {
	enum ready_kind kind;
	struct place place;
	const char *pidfile; /* borrowed from the setting */
};

/* Of a process. */
struct readiness {
	int fd; /* our end of NOTIFY_FD */
	struct event event;
	struct probe probe;
	int64_t pause; /* ms between two looks */
};

/* -1: the sentence says what is wrong with `text`, or that the contract cannot have it. */
int ready_parse(const char *text, const struct contract *c, struct ready_rule *out, struct err *e) MUST_USE;

/* What one process gets for it. */
enum kit_result ready_kit(struct process *p, struct kit *k);

/* Waits for it, if there is something to wait for; process_is_up follows. */
void ready_begin(struct process *p);

/* Waits no more. */
void ready_end(struct process *p);

/* The process has ended: a last look at its pid file. */
void ready_last_look(struct process *p);

#endif
