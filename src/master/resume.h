/* resume: a master that has been handed everything (carry.h) goes on where the one before stopped. */
#ifndef REEVE_MASTER_RESUME_H
#define REEVE_MASTER_RESUME_H

#include "base/err.h"

struct master;

/* Reads it from `fd` (and closes that), watches every process, steps every service. Nothing has been started
 * yet. -1: a sentence; there is no way back. */
int resume_begin(struct master *m, int fd, struct err *e) MUST_USE;

/* Says how the upgrade went, and renews what is ours besides the master: the log process. */
void resume_end(struct master *m);

#endif
