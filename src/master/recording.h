/* recording: the ring file in which the engine keeps what policies were told and decided. The master
 * makes directory and file and gives the engine an fd; it never reads or writes a byte of it.
 *
 * Not having one is no reason to stop: it is said once, and tried again every five seconds. */
#ifndef REEVE_MASTER_RECORDING_H
#define REEVE_MASTER_RECORDING_H

#include "master/master.h"

/* Gives the engine that works the file, unless it has it, there is to be none, or it was tried just now. */
void recording_offer(struct master *m);

/* Another engine, or another plan: the next offer is made at once. */
void recording_forget(struct master *m);

#endif
