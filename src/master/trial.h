/* trial: `reeved --check-state FD` of the file that is on disk now: before it takes our place it must read
 * what we would hand over (carry.h) and find an engine of its own build. It runs with our rights, as it is to
 * run, but with no descriptor of ours; whoever may write it is looked at first. */
#ifndef REEVE_MASTER_TRIAL_H
#define REEVE_MASTER_TRIAL_H

#include "base/err.h"

#include <event2/event_struct.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

struct master;

struct trial {
	pid_t pid;        /* 0: none runs */
	int said, pidfd;  /* its stderr and itself; -1 */
	struct stat file; /* the program that was tried */
	struct event ended, timer;
};

void trial_init(struct trial *t);

/* Starts it; upgrade_tried follows within 10 s. -1: a sentence. */
int trial_begin(struct master *m, struct err *e) MUST_USE;

/* Does the path still lead to what was tried? */
bool trial_holds(const struct master *m);

/* The other side: what `reeved --check-state FD` does, with a master that has nothing yet. Returns the exit
 * code. */
int trial_check(struct master *m, int fd);

#endif
