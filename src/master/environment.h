/* environment: what a process finds in its environment, by contract and type; and its fds and privileges:
 * the whole of struct spawn, prepared once for a definition. */
#ifndef REEVE_MASTER_ENVIRONMENT_H
#define REEVE_MASTER_ENVIRONMENT_H

#include "base/err.h"
#include "master/service.h"

/* Fills s->spawn and s->slots from the definition, the listeners and what the type adds. */
void environment_prepare(struct service *s);

/* Frees what it holds. */
void environment_clear(struct service *s);

/* One more NAME=value of an outfit. */
void environment_add(struct outfit *o, const char *format, ...) PRINTF(2, 3);

/* One more whose value each start writes anew: `name` ends in '='. Returns where the value begins, `room`
 * bytes with its end; it is the spawn's. */
char *environment_slot(struct outfit *o, const char *name, size_t room);

/* Rows of contracts: environment of reeve and of dovecot, their descriptors and what each process of theirs
 * has alone; descriptors 0 to 2 of the others. */
void environment_native(struct service *s, struct outfit *o);
void environment_dovecot(struct service *s, struct outfit *o);
void environment_native_fds(struct service *s, const struct outfit *o);
enum kit_result environment_native_kit(struct process *p, struct kit *k);
void environment_plain_fds(struct service *s, const struct outfit *o);

/* What the environments of all services take from outside their definitions, as one text of the caller: when
 * it has changed, processes must be replaced. */
char *environment_shared(const struct master *m);

#endif
