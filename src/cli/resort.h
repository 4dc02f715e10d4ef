/* resort: the last resort of `stop`, `reload` and `upgrade`. When the engine does not answer, the master is
 * signalled directly: it does its whole job without the engine. */
#ifndef REEVE_CLI_RESORT_H
#define REEVE_CLI_RESORT_H

#include "cli/lock.h"

#include <stdbool.h>

struct resort {
	const char *verb;
	int signal;
	const char *signal_name;
	const char *then; /* what the person should know next */
	bool once; /* an engine that was heard has passed it on: the signal would do it a second time */
};

/* NULL: this verb can only wait for the engine. */
const struct resort *resort_for(const char *verb);

/* Signals the holder of the lock and says so. 0, or the exit code with its sentence said. */
int resort_signal(const struct resort *resort, const struct holder *master);

#endif
