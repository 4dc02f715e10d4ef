/* base_dir: the directory of one instance: made, checked, locked for life. */
#ifndef REEVE_MASTER_BASE_DIR_H
#define REEVE_MASTER_BASE_DIR_H

#include "base/err.h"

#include <sys/types.h>

/* Makes the directory (0755) and takes the lock on <dir>/reeve.lock, which then holds our pid.
 * Returns the lock's fd; or -1 and *exit_code: 73 somebody holds it (the sentence says who),
 * 71 the directory cannot be used. */
int base_dir_lock(const char *dir, int *exit_code, struct err *e) MUST_USE;

/* Removes the file and lets go. */
void base_dir_unlock(const char *dir, int *lock);

#endif
