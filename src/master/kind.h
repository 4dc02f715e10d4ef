/* kind: what a service's `type` changes in the master, a row of a table each. A row is asked at the few
 * moments of a process's life where types differ; everything else is the same for all. */
#ifndef REEVE_MASTER_KIND_H
#define REEVE_MASTER_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct outfit;
struct process;
struct service;

struct kind {
	const char *name;    /* as `type` says */
	bool once;           /* its job is done when a process has ended well */
	bool single;         /* never two processes at a time, one that goes included: they read a pipe */
	bool by_signal;      /* asked to go it gets stop_signal at once: its clients never leave */
	bool keeps_stderr;   /* fd 2 is the master's own, no log pipe */
	bool without_anvil;  /* fd 3 is /dev/null */
	bool without_config; /* no CONFIG_FILE */
	bool outdates; /* what its processes tell others is of their time: a reload that renews it ends them
			  at once */
	bool never_drops;  /* clients wait as long as they like while process_limit is reached */
	uint32_t rank;     /* at the daemon's stop the lower ranks end first */
	uint32_t quiet_ms; /* process_limit is reached: complain only after this long */

	/* each may be NULL */
	void (*dress)(struct service *s, struct outfit *o); /* at each preparation, and before each start */
	int (*extra)(struct service *s);     /* the fd 4 of contracts reeve and dovecot, borrowed; -1: none */
	void (*starting)(struct service *s); /* it is about to run */
	void (*started)(struct process *p);  /* it runs */
	void (*up)(struct process *p);       /* its first status has come */
	void (*counted)(struct process *p, uint32_t before); /* a status; what was available before it */
	bool (*leave)(struct process *p); /* it is asked to go. True: it does so without a signal */
	bool (*ended)(struct process *p, bool exited, int status); /* it is gone. True: that was no failure */
	void (*full)(struct service *s); /* process_limit is reached, clients wait */
};

/* NULL: there is no such type. */
const struct kind *kind_find(const char *type);

#endif
