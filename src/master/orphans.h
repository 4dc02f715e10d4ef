/* orphans: children of the master that nobody else waits for, and that would stay zombies: those that it did
 * not start (it is PID 1 or a subreaper, or a worker made a sibling with CLONE_PARENT), and engines that were
 * killed. */
#ifndef REEVE_MASTER_ORPHANS_H
#define REEVE_MASTER_ORPHANS_H

#include "master/master.h"

/* Makes the master the one to whom orphans below it come, and listens for SIGCHLD where many may come. */
void orphans_init(struct master *m);

/* Somebody is about to end. */
void orphans_soon(struct master *m);

/* Once a second: waits for those that have ended. */
void orphans_look(struct master *m);

#endif
