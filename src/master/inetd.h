/* inetd: contract "inetd". With wait = false the master accepts, and each connection gets a process that has
 * it as standard input and output; with wait = true a process has the listener there. The address of a client
 * as text is all that is made of what a client is; nothing that it sends is read. */
#ifndef REEVE_MASTER_INETD_H
#define REEVE_MASTER_INETD_H

#include "master/contract.h"

#include <stdint.h>

#define INETD_ACCEPTS_ATURN 64

/* Where a client comes from, as per_source_limit counts: an IPv4 address, an IPv6 /64, a user. */
struct source {
	uint16_t family; /* 0: nowhere */
	unsigned char bytes[8];
};

/* The rows of the contract. */
void inetd_environment(struct service *s, struct outfit *o);
enum kit_result inetd_kit(struct process *p, struct kit *k);
void inetd_wait_fds(struct service *s, const struct outfit *o);

#endif
