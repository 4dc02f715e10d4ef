/* logpipe: one pipe for the log lines of each service, and one for the master's own. The master holds both
 * ends for life, so stopping or restarting the process that reads them (log_process.h) loses nothing.
 *
 * Pipes exist while a service of type log does; otherwise services write to the master's stderr. A pipe's
 * O_NONBLOCK belongs to its writers and is never touched from here. */
#ifndef REEVE_MASTER_LOGPIPE_H
#define REEVE_MASTER_LOGPIPE_H

#include "master/notices.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct master;
struct service;

#define LOGPIPE_BYTES (1 << 20) /* asked for; the kernel may give less */

/* Of one service. */
struct logpipe {
	int fds[2]; /* [0] is the log process's, [1] the service's fd 2; -1: none */
	int at;     /* the descriptor that the running log process knows it by; 0: none */
	pid_t only; /* whose lines without a header are, as the log process was told; 0: nobody's */
};

/* Of the master. */
struct logpipes {
	int fds[2];
	int engine[2]; /* of a daemon: what the engine writes to its fd 2 */
	struct notices notices;
	struct service *serving; /* the service whose process reads, or NULL */
	bool speaks_reeve;       /* it is reeve-log: it takes our own lines, and ONLY */
	bool opens_files;        /* it may not: the master opens them at each start */
	int files[3];            /* opened for the start under way */
	char *given;             /* what the running log process was told of the pipes and settings */
	uint64_t told_lost;
	unsigned nudges; /* that Dovecot's log process is still to get */
};

void logpipe_init(struct master *m);

/* Makes those that are missing. */
void logpipe_open_all(struct master *m);

/* Whether the service has one. */
bool logpipe_is_open(const struct service *s);

/* Closes the service's pipe. What is in it is still read: the log process has its end. */
void logpipe_close(struct logpipe *l);

/* The fd 2 of an engine that is started now: its own pipe in a daemon, else ours. */
int logpipe_engine(struct master *m);

/* Closes them all. */
void logpipe_end(struct master *m);

#endif
