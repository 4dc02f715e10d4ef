/* authorities: whose clients' certificates are good, from the files of ssl_ca. */
#ifndef REEVE_TLS_AUTHORITIES_H
#define REEVE_TLS_AUTHORITIES_H

#include "worker/reeve.h"

#include <openssl/ssl.h>

struct authorities {
	X509_STORE *store;
	STACK_OF(X509_NAME) * names; /* what clients are told, so that they know which certificate to show */
};

/* -1 and a sentence: no memory. */
int authorities_open(struct authorities *a, struct reeve_error *e) __attribute__((warn_unused_result));

/* Adds the certificates of a file and its revocation lists. With one of those, a certificate whose authority
 * has none is refused. -1 and a sentence without the file's name. */
int authorities_add(struct authorities *a, int fd, struct reeve_error *e) __attribute__((warn_unused_result));

/* What the clients of a context are checked against from now on. false: no memory. */
bool authorities_use(const struct authorities *a, SSL_CTX *ssl);

void authorities_close(struct authorities *a);

#endif
