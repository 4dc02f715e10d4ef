/* logpipe: one pipe for the log lines of each service, and one for the master's own. The master holds both
 * ends for life, so stopping or restarting the process that reads them loses nothing. The other side of the
 * contract stands in src/log/log.h; Dovecot's log process is served as well.
 *
 * Pipes exist while a service of type log does; otherwise services write to the master's stderr. A pipe's
 * O_NONBLOCK belongs to its writers and is never touched from here. */
#ifndef REEVE_MASTER_LOGPIPE_H
#define REEVE_MASTER_LOGPIPE_H

#include "master/kind.h"
#include "master/notices.h"

#include <signal.h>
#include <sys/types.h>

struct master;

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

/* The plan in force has changed: makes the pipes that are missing, closes them all when nobody reads them any
 * more, and replaces a log process that was told something else (the old one ends first). */
void logpipe_plan(struct master *m);

/* A master before this one had all this: its lines go where they went. */
void logpipe_resume(struct master *m);

/* The log process is one of ours: another one of the program that is installed now takes its place. */
void logpipe_renew(struct master *m);

/* Whether a plan with this service of type log (or NULL) gives the services pipes. */
struct service *logpipe_service(const struct master *m);

/* Closes the service's pipe. What is in it is still read: the log process has its end. */
void logpipe_close(struct logpipe *l);

/* A process is about to be started, has been, is gone. The log process is told whose lines are whose. */
void logpipe_starting(struct service *s);
void logpipe_started(struct service *s, pid_t pid);

/* True: the log process was told that the process has ended, and how (text: NULL when there is nothing to
 * say), so that the line comes behind all of that process's own. */
bool logpipe_ended(struct service *s, pid_t pid, int status, const char *text);

/* Sends SIGUSR1 to the log process. False: there is none. */
bool logpipe_reopen(struct master *m);

/* The fd 2 of an engine that is started now: its own pipe in a daemon, else ours. */
int logpipe_engine(struct master *m);

/* Once a second. */
void logpipe_second(struct master *m);

void logpipe_end(struct master *m);

/* The row of type log. */
void logpipe_dress(struct service *s, struct outfit *o);
void logpipe_log_starting(struct service *s);
void logpipe_log_started(struct process *p);
void logpipe_log_up(struct process *p);
bool logpipe_log_ended(struct process *p, bool exited, int status);

#endif
