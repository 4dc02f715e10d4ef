/* outfit: what the processes of a service are started with, while it is collected: environment, and
 * descriptors beside the listeners'. Contracts, types and settings add to it, environment_prepare makes a
 * struct spawn of it. Allocates. */
#ifndef REEVE_MASTER_OUTFIT_H
#define REEVE_MASTER_OUTFIT_H

#include "base/err.h"

#include <stddef.h>

#define OUTFIT_FIRST_FD 7 /* of contracts reeve and dovecot: fds, then the listeners, then `behind` */

struct outfit {
	char **text; /* NAME=value, or arguments; ends with NULL; the spawn's afterwards */
	size_t count;
	int *fds; /* descriptors before the listeners, counted in SOCKET_COUNT; borrowed */
	size_t fds_n;
	size_t listeners_n;
	int *behind; /* after the listeners, not counted; borrowed */
	size_t behind_n;
};

/* One more text, which is taken. */
void outfit_take(struct outfit *o, char *text);

/* One more NAME=value. */
void outfit_add(struct outfit *o, const char *format, ...) PRINTF(2, 3);

/* One more whose value each start writes anew: `name` ends in '='. Returns where the value begins, `room`
 * bytes with its end; it is the spawn's. */
char *outfit_slot(struct outfit *o, const char *name, size_t room);

/* One more descriptor before the listeners. All of these come before the first of those behind. */
void outfit_fd(struct outfit *o, int fd);

/* One more behind the listeners. Returns the number that it has in the process. */
size_t outfit_behind(struct outfit *o, int fd);

/* Frees the lists; the texts are somebody else's by now. */
void outfit_clear(struct outfit *o);

#endif
