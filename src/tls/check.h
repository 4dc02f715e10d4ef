/* check: `reeve-tls check`: is the certificate on descriptor 3 good, and the key on 4 its own? For `reeve
 * check` and the start, which let us parse what root had better not. */
#ifndef REEVE_TLS_CHECK_H
#define REEVE_TLS_CHECK_H

enum { CHECK_GOOD, CHECK_BAD, CHECK_NOT_NOW };

/* Gives up root first. Writes a sentence to stdout; returns one of the above, the exit code. */
int check_run(void);

#endif
