/* anvil: the pipes into the process that counts who is connected. The master owns them for life: one that
 * all services write to (fd 3, blocking) and one of its own, on which it says who has died. While no anvil
 * runs it reads and drops what comes, so that no writer waits for ever. */
#ifndef REEVE_MASTER_ANVIL_H
#define REEVE_MASTER_ANVIL_H

#include "master/kind.h"
#include "master/notices.h"

#include <sys/types.h>

struct master;

struct anvil {
	int shared[2], own[2]; /* [1] of `shared` is the services' fd 3; `own` is the master's */
	int log_fds[2];        /* a socket pair: new log pipes go to the process on its fd 4 */
	struct notices notices;
	bool is_open, runs, ran;
	struct event drain[2];
};

void anvil_init(struct master *m);

/* The plan in force has changed: opens the pipes when it has a service of type anvil. */
void anvil_plan(struct master *m);

/* A master before this one had opened them. */
void anvil_resume(struct master *m);

/* Somebody ended badly: his counts are to be forgotten. */
void anvil_killed(struct master *m, pid_t pid);

void anvil_end(struct master *m);

/* The row of type anvil. */
void anvil_dress(struct service *s, struct outfit *o);
int anvil_log_socket(struct service *s);
void anvil_started(struct process *p);
bool anvil_ended(struct process *p, bool exited, int status);

#endif
