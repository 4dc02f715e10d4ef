/* chroots: the directories below base_dir that Dovecot's programs lock themselves into: login, token-login,
 * empty. */
#ifndef REEVE_MASTER_CHROOTS_H
#define REEVE_MASTER_CHROOTS_H

#include "master/plan.h"

/* Makes the chroot of each service with contract dovecot where it is missing and below base_dir, before
 * listeners are made in it. Type login: root's, mode 0750, the group of the service, so that nobody else
 * reaches the sockets in it; its owner and mode are set right where they are not. Others: root's, 0755. -1
 * and a sentence: it cannot be made. */
int chroots_make(const struct plan *plan, bool is_root, struct err *e) MUST_USE;

#endif
