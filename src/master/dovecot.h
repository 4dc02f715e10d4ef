/* dovecot: contract "dovecot", what Dovecot's own binaries want besides the native environment. No
 * DOVECOT_VERSION: theirs would have to be ours. */
#ifndef REEVE_MASTER_DOVECOT_H
#define REEVE_MASTER_DOVECOT_H

#include "master/contract.h"
#include "master/outfit.h"

/* The row of the contract; its descriptors are native.h's. */
void dovecot_environment(struct service *s, struct outfit *o);

/* argv[0] as Dovecot's master makes it, dovecot/imap; a text of the caller. */
char *dovecot_shown_name(const char *instance, const char *program);

#endif
