/* rlimits: the setting of that name as setrlimit(2) wants it. */
#ifndef REEVE_MASTER_RLIMITS_H
#define REEVE_MASTER_RLIMITS_H

#include "master/spawn.h"

/* "core=0 nofile=1024": the sentence says which part is none. */
int rlimits_check(const char *text, struct err *e) MUST_USE;

/* What was checked, as numbers: SPAWN_LIMITS at most. Returns how many. */
size_t rlimits_read(const char *text, struct spawn_limit *out);

#endif
