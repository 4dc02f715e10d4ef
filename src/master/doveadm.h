/* doveadm: what Dovecot's doveadm expects of a master: the socket <base_dir>/master, which the engine answers
 * (setting doveadm), and the file <base_dir>/master.pid, to whose process it sends SIGTERM, SIGHUP and
 * SIGUSR1. */
#ifndef REEVE_MASTER_DOVEADM_H
#define REEVE_MASTER_DOVEADM_H

#include "base/err.h"

#include <sys/types.h>

struct doveadm {
	int fd; /* the listening socket; -1: not wanted */
	dev_t dev;
	ino_t ino;
};

void doveadm_init(struct doveadm *d);

/* Opens the socket and writes the file (0600, as Dovecot's master does), below a base_dir whose lock is held.
 * -1 and a sentence: something else answers there. */
int doveadm_open(struct doveadm *d, const char *base_dir, struct err *e) MUST_USE;

/* Removes both, if they are still ours. */
void doveadm_close(struct doveadm *d, const char *base_dir);

#endif
