/* alive: is a process that runs still able to work? Two ways to ask: a place that must answer (the setting
 * `alive`), and the watchdog, which the process itself must feed (WATCHDOG=1 of sd_notify). Who fails is
 * replaced. */
#ifndef REEVE_MASTER_ALIVE_H
#define REEVE_MASTER_ALIVE_H

#include "master/probe.h"

#include <event2/event_struct.h>

struct process;

struct alive {
	struct event timer; /* the next question */
	struct probe probe;
	unsigned missed; /* in a row */
	struct event watchdog;
	int64_t watchdog_ms; /* 0: none */
};

/* The process is up: begin. */
void alive_begin(struct process *p);
void alive_end(struct process *p);

/* It has fed its watchdog; it says when it will do so at the latest (0: never again); it has failed. */
void alive_fed(struct process *p);
void alive_set_watchdog(struct process *p, int64_t ms);
void alive_barked(struct process *p, const char *why);

#endif
