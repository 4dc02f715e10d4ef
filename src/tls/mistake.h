/* mistake: somebody's, as a sentence. */
#ifndef REEVE_TLS_MISTAKE_H
#define REEVE_TLS_MISTAKE_H

#include "worker/reeve.h"

/* Writes the sentence; returns -1. */
int refuse(struct reeve_error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
