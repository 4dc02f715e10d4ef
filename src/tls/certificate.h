/* certificate: a certificate with its chain, and its key, from descriptors that somebody else has opened. */
#ifndef REEVE_TLS_CERTIFICATE_H
#define REEVE_TLS_CERTIFICATE_H

#include "worker/reeve.h"

#include <openssl/ssl.h>
#include <time.h>

struct certificate {
	X509 *leaf;
	STACK_OF(X509) * chain;
	EVP_PKEY *key;
};

/* Reads both (with pread: the descriptors are shared). -1 and a sentence without a file's name: no PEM, a key
 * with a passphrase, a key of another certificate. */
int certificate_read(struct certificate *c, int certificate_fd, int key_fd, struct reeve_error *e)
	__attribute__((warn_unused_result));
void certificate_free(struct certificate *c);

/* -1 and a sentence when it is not valid at that time. */
int certificate_check_time(const struct certificate *c, time_t now, struct reeve_error *e)
	__attribute__((warn_unused_result));

/* Is it one for this name, as RFC 6125 matches? */
bool certificate_is_for(const struct certificate *c, const char *name);

#endif
