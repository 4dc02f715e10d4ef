/* status: how many more clients this process takes, and when the master must hear of it.
 *
 * The protocol (the same as Dovecot's): 12 bytes in one write to a pipe. The first message ends the
 * start-up. A value equal to the last one sent is never sent. "Important" values (0 now, or 0 sent
 * last) go at once; others at most once a second, the last of the second then. No clock in here: `now`
 * is in milliseconds and comes from outside. */
#ifndef REEVE_WORKER_STATUS_H
#define REEVE_WORKER_STATUS_H

#include <stdbool.h>
#include <stdint.h>

struct status_message {
	int32_t pid;
	uint32_t id; /* GENERATION */
	uint32_t available;
};
_Static_assert(sizeof(struct status_message) == 12, "the master reads messages of 12 bytes");

struct status {
	int fd; /* non-blocking pipe; -1: nobody is told (any more) */
	int32_t pid;
	uint32_t id;
	uint32_t limit; /* clients at a time */
	bool counted;   /* there is a service_count */
	uint32_t left;  /* clients that may still be finished, if counted */
	uint32_t clients;
	bool ready;  /* the start-up is finished */
	bool closed; /* takes no more clients */
	bool told;   /* `sent` means something */
	uint32_t sent;
	uint64_t sent_ms;
	uint64_t due_ms; /* call status_report then; 0: no need */
	bool blocked;    /* call status_report when fd is writable */
};

/* service_count 0: no end. `fd` is borrowed. */
void status_init(
	struct status *s, int fd, int32_t pid, uint32_t id, uint32_t client_limit, uint32_t service_count);

/* How many more clients may be taken: never more than client_limit at a time or service_count in all. */
uint32_t status_available(const struct status *s);

/* Those who are here are the last that service_count allows. */
bool status_used_up(const struct status *s);

/* What happened; each reports as the rules say. Taking more than available is a bug of the caller. */
void status_ready(struct status *s, uint64_t now);
void status_taken(struct status *s, uint64_t now);
void status_finished(struct status *s, uint64_t now);
void status_close(struct status *s, uint64_t now);

/* Brings the master up to date, or sets due_ms or blocked. A closed pipe ends the reports silently. */
void status_report(struct status *s, uint64_t now);

#endif
