/* relay: the connections between clients and the programs behind, on libreeve's loop. */
#ifndef REEVE_TLS_RELAY_H
#define REEVE_TLS_RELAY_H

#include "tls/context.h"
#include "tls/options.h"

struct connection;

struct relay {
	struct reeve_worker *worker;
	const struct options *options;
	struct context contexts[ROUTES_MOST]; /* of options->routes */
	struct connection *all, *dead;
	uint64_t due; /* look at the connections' deadlines then; 0: none has one */
};

/* Serves clients until the process should go. -1: errno. */
int relay_run(struct relay *r);

#endif
