/* mode: normal, stress or shed, as policies vote it. New processes find it in REEVE_MODE; living ones get
 * the service's mode_signal, once they have reported (before, they might die of it). */
#ifndef REEVE_MASTER_MODE_H
#define REEVE_MASTER_MODE_H

#include "master/process.h"

#define MODE_ROOM 8 /* of the slot for REEVE_MODE */

/* The next process of the service is started in the mode of now. */
void mode_dress(struct service *s);

/* One that was started, or told last, in another mode is told. */
void mode_tell(struct process *p);

/* The same for all of its processes: the standing order has changed. */
void mode_tell_all(struct service *s);

#endif
