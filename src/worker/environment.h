/* environment: what Reeve says to a worker in its environment variables. */
#ifndef REEVE_WORKER_ENVIRONMENT_H
#define REEVE_WORKER_ENVIRONMENT_H

#include "worker/reeve.h"

#define FIRST_LISTENER_FD 7
#define MOST_LISTENERS    4096

/* Writes the sentence (cut, never overrun) and returns -1. */
int error_set(struct reeve_error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* GENERATION is there: somebody who speaks the contract has started us. */
bool environment_present(void);

/* Fills `service` and the listeners (fd, name, flags; not yet whether they are open). On success
 * `service->name` and `service->listeners` belong to environment_free. -1 and a sentence. */
int environment_read(struct reeve_service *service, struct reeve_error *e)
	__attribute__((warn_unused_result));
void environment_free(struct reeve_service *service);

/* One SOCKETn_SETTINGS: `name`, then words, separated by tabs. The name's escapes (\001 and one of
 * 0 1 t r n) are undone. Unknown words are left to later versions. The name is the caller's to free;
 * -1: a bad escape, or no memory. */
int environment_listener(struct reeve_listener *listener, const char *settings)
	__attribute__((warn_unused_result));

#endif
