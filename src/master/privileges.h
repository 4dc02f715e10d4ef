/* privileges: as whom the processes of a service run, where, and within which limits. Either the child takes
 * that on before exec (struct spawn), or its program does afterwards, told by RESTRICT_* as Dovecot's are. */
#ifndef REEVE_MASTER_PRIVILEGES_H
#define REEVE_MASTER_PRIVILEGES_H

#include "master/outfit.h"

struct service;

/* Into s->spawn, and what is left to the program into its environment. */
void privileges_prepare(struct service *s, struct outfit *o);

#endif
