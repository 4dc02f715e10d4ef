/* context: what TLS needs for one route: its certificates, one SSL_CTX each, chosen by the name that the
 * client asks for. The first is for everybody else. */
#ifndef REEVE_TLS_CONTEXT_H
#define REEVE_TLS_CONTEXT_H

#include "tls/authorities.h"
#include "tls/certificate.h"
#include "tls/options.h"

struct context {
	struct certificate certificates[CERTIFICATES_MOST];
	SSL_CTX *ssl[CERTIFICATES_MOST];
	struct authorities authorities; /* of a route that verifies its clients */
	size_t n;
};

/* Loads the certificates and authorities of the route; one that is not valid now is used, and said. -1 and a
 * sentence that names the file of open_files. NULL context->ssl[0] stays where the route has no certificate.
 */
int context_open(struct context *c, const struct reeve_worker *worker, const struct route *route,
	struct reeve_error *e) __attribute__((warn_unused_result));
void context_close(struct context *c);

/* Does OpenSSL know a cipher of this list? -1 and a sentence. */
int context_check_ciphers(const char *list, struct reeve_error *e) __attribute__((warn_unused_result));

/* A new connection. NULL: no memory. */
SSL *context_accept(struct context *c, int fd);

#endif
