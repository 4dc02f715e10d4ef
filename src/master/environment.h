/* environment: what a process finds in its environment, by contract and type; and its fds and privileges:
 * the whole of struct spawn, prepared once for a definition. */
#ifndef REEVE_MASTER_ENVIRONMENT_H
#define REEVE_MASTER_ENVIRONMENT_H

#include "base/err.h"
#include "master/service.h"

/* Fills s->spawn and s->generation_text from the definition, the listeners and what the type adds. */
void environment_prepare(struct service *s);

/* Frees what it holds. */
void environment_clear(struct service *s);

/* One more NAME=value of an outfit. */
void environment_add(struct outfit *o, const char *format, ...) PRINTF(2, 3);

/* What the environments of all services take from outside their definitions, as one text of the caller: when
 * it has changed, processes must be replaced. */
char *environment_shared(const struct master *m);

#endif
