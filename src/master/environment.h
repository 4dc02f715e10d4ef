/* environment: the whole of a service's struct spawn, prepared once for a definition: what its processes find
 * in their environment, by contract and type, their arguments, descriptors and privileges. */
#ifndef REEVE_MASTER_ENVIRONMENT_H
#define REEVE_MASTER_ENVIRONMENT_H

#include "master/service.h"

/* Fills s->spawn and s->slots from the definition, the listeners and what contract and type add. */
void environment_prepare(struct service *s);

/* Frees what it holds. */
void environment_clear(struct service *s);

/* Descriptors 0 to 2, the same for all contracts: the first that a row of contracts places. */
void environment_plain_fds(struct service *s, const struct outfit *o);

#endif
