/* control: the socket <base_dir>/control. The master makes it and owns its file; it never reads a byte
 * that comes there: the listening fd goes to each engine. */
#ifndef REEVE_MASTER_CONTROL_H
#define REEVE_MASTER_CONTROL_H

#include "master/master.h"
#include "master/plan.h"

/* At the first start. -1: the sentence says why there is none. */
int control_open(struct master *m, const struct plan *plan, struct err *e) MUST_USE;

/* A reload's owner and mode; what cannot be is logged. */
void control_redefine(struct master *m, const struct plan *plan);

/* Closes it; the path goes if it is still the one that was made. */
void control_close(struct master *m);

#endif
