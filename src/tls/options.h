/* options: the words that reeve-tls is started with. Pure.
 *
 *     reeve-tls --listener NAME --to PATH [--send-proxy] [--certificate CERT KEY]... [--listener ...]...
 *
 * CERT and KEY are names of files that the service's open_files has. */
#ifndef REEVE_TLS_OPTIONS_H
#define REEVE_TLS_OPTIONS_H

#include "worker/reeve.h"

#define ROUTES_MOST       64
#define CERTIFICATES_MOST 64

struct certificate_names {
	const char *certificate, *key;
};

/* Where the clients of a listener go. */
struct route {
	const char *listener, *path;
	bool send_proxy;
	struct certificate_names certificates[CERTIFICATES_MOST];
	size_t certificates_n;
};

struct options {
	struct route routes[ROUTES_MOST];
	size_t routes_n;
};

/* -1 and a sentence. The texts are borrowed. */
int options_read(struct options *o, int argc, char **argv, struct reeve_error *e)
	__attribute__((warn_unused_result));

/* NULL: no route has that listener. */
const struct route *options_route(const struct options *o, const char *listener);

#endif
