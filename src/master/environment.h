/* environment: what a process finds in its environment, by contract; and its fds and privileges:
 * the whole of struct spawn, prepared once for a definition. */
#ifndef REEVE_MASTER_ENVIRONMENT_H
#define REEVE_MASTER_ENVIRONMENT_H

#include "master/service.h"

/* Fills s->spawn and s->generation_text from the definition and the listeners. */
void environment_prepare(struct service *s);

/* Frees what it holds. */
void environment_clear(struct service *s);

#endif
