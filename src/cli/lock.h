/* lock: who holds an instance. The master holds <base_dir>/reeve.lock for life; its pid is in it. */
#ifndef REEVE_CLI_LOCK_H
#define REEVE_CLI_LOCK_H

#include <sys/types.h>

struct holder {
	pid_t pid; /* 0: nobody holds the lock, or it cannot be read */
	int pidfd; /* of that process; -1: none */
};

/* Looks who holds the lock of `base_dir`: the file must be locked now, and the pid in it must be a
 * living reeved. Returns whether there is one. The pidfd is the caller's: lock_let_go. */
int lock_holder(const char *base_dir, struct holder *h);
void lock_let_go(struct holder *h);

/* Is this process named reeved? */
int lock_is_reeved(pid_t pid);

#endif
