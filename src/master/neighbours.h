/* neighbours: what the processes of a service are told of other services. */
#ifndef REEVE_MASTER_NEIGHBOURS_H
#define REEVE_MASTER_NEIGHBOURS_H

#include "master/outfit.h"

struct master;
struct service;

/* CONFIG_FILE, where there is a service of type config, and LOG_SERVICE. */
void neighbours_add(struct outfit *o, const struct service *s);

/* All that the environments of services take from outside their definitions, as one text of the caller: when
 * it has changed, processes must be replaced. */
char *neighbours_summary(const struct master *m);

#endif
