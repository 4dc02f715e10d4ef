/* native: contract "reeve", what a program finds that is written to it (docs/reeve-contract.7): environment
 * and descriptors as Dovecot's master gives them, and a status and a dead pipe for each process. */
#ifndef REEVE_MASTER_NATIVE_H
#define REEVE_MASTER_NATIVE_H

#include "master/contract.h"
#include "master/outfit.h"

/* The row of the contract. */
void native_environment(struct service *s, struct outfit *o);
void native_fds(struct service *s, const struct outfit *o);
enum kit_result native_kit(struct process *p, struct kit *k);

#endif
