/* stopping: how the daemon ends. Its services drain, those that serve others (log, anvil) behind the rest;
 * the engine and the log hear who is still there. */
#ifndef REEVE_MASTER_STOPPING_H
#define REEVE_MASTER_STOPPING_H

#include "master/master.h"

/* Ends the daemon: drains, or kills when `now` or when it is stopping already. */
void master_stop(struct master *m, bool now);

/* At the end of a turn: ends who may end now, and leaves the loop when nobody is left. */
void stopping_turn(struct master *m);

/* Once a second. */
void stopping_second(struct master *m);

#endif
