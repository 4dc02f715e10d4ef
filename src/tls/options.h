/* options: the words that reeve-tls is started with. Pure.
 *
 *     reeve-tls --listener NAME --to PATH [--send-proxy] [--certificate CERT KEY]... [--min-protocol TLSv1.3]
 *               [--ciphers LIST] [--verify-client true|required] [--ca FILE]... [--listener ...]...
 *
 * CERT, KEY and FILE are names of files that the service's open_files has. */
#ifndef REEVE_TLS_OPTIONS_H
#define REEVE_TLS_OPTIONS_H

#include "worker/reeve.h"

#define ROUTES_MOST       64
#define CERTIFICATES_MOST 64
#define AUTHORITIES_MOST  16

struct certificate_names {
	const char *certificate, *key;
};

/* May a client show a certificate, must it? */
enum verify { VERIFY_NONE, VERIFY_ASKED, VERIFY_REQUIRED };

/* Where the clients of a listener go, and by which TLS. */
struct route {
	const char *listener, *path;
	const char *ciphers; /* of TLS 1.2; NULL: ours */
	const char *authorities[AUTHORITIES_MOST];
	size_t authorities_n;
	enum verify verify;
	bool send_proxy, is_1_3_only;
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
