/* remote: file systems whose answer may never come: of a network, and FUSE. A child that shares our memory
 * and meets one stops us with it, so such services are started by plain fork (spawn.h). */
#ifndef REEVE_MASTER_REMOTE_H
#define REEVE_MASTER_REMOTE_H

#include <stdbool.h>
#include <stddef.h>

struct remote {
	char **places; /* where they are mounted */
	size_t n;
};

/* At the start and whenever a plan comes into force: reads what is mounted now, from /proc/self/mountinfo:
 * none of them is asked. A root file system is left out: where that does not answer, nothing does. Allocates.
 */
void remote_load(struct remote *r);

/* The same from a text in that form. */
void remote_parse(struct remote *r, const char *text);

/* Whether the path is on one, as it is written: symbolic links are not followed. */
bool remote_has(const struct remote *r, const char *path);

void remote_free(struct remote *r);

#endif
