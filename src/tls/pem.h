/* pem: a file of certificates or keys, read from its descriptor, and why OpenSSL does not like it. */
#ifndef REEVE_TLS_PEM_H
#define REEVE_TLS_PEM_H

#include "worker/reeve.h"

#include <openssl/bio.h>

#define PEM_MOST (1 << 20) /* bytes of a file */

/* The whole file, for the caller to free. NULL and a sentence: not to be read, or larger than any key. */
BIO *pem_read(int fd, struct reeve_error *e) __attribute__((warn_unused_result));

/* The reason that OpenSSL gives, or `otherwise`; its queue of errors is empty then. */
const char *reason_of_openssl(const char *otherwise);

#endif
