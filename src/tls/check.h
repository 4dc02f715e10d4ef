/* check: `reeve-tls check WHAT`, for `reeve check` and the start, which let us parse what root had better
 * not:
 *
 *     pair           is the certificate on descriptor 3 good, and the key on 4 its own?
 *     authorities    has the file on 3 certificates?
 *     ciphers LIST   does OpenSSL know one of them? */
#ifndef REEVE_TLS_CHECK_H
#define REEVE_TLS_CHECK_H

enum { CHECK_GOOD, CHECK_BAD, CHECK_NOT_NOW };

/* `words`: WHAT and what follows it, to a NULL. Gives up root first. Writes a sentence to stdout; returns one
 * of the above, the exit code. */
int check_run(char *const words[]);

#endif
