/* fd_store: descriptors that processes of a service leave with us (FDSTORE=1 of sd_notify) for those that
 * come after them. Each process that starts gets all of them behind its listeners, under their names. Bounded
 * by `fd_store`; nothing here allocates but fd_store_resize. */
#ifndef REEVE_MASTER_FD_STORE_H
#define REEVE_MASTER_FD_STORE_H

#include "master/foreign.h"
#include "master/notify.h"

#include <stdbool.h>
#include <stddef.h>

#define FD_STORE_MOST 64 /* spec.def bounds fd_store by it */

struct stored_fd {
	int fd;
	bool stays; /* although its other end has gone, or because it has none */
	char name[NOTIFY_NAME];
};

struct fd_store {
	struct stored_fd *slots; /* the first n hold something */
	size_t n, room;
};

/* When the service is defined: what does not fit any more is closed. */
void fd_store_resize(struct fd_store *s, size_t room);

/* Takes the fd and sets it to -1. One that is there already stays the caller's. False: there is no room. */
bool fd_store_add(struct fd_store *s, int *fd, const char *name, bool stays);

/* Closes those of that name. */
void fd_store_remove(struct fd_store *s, const char *name);

/* Closes those whose other end has gone. */
void fd_store_sweep(struct fd_store *s);

/* Closes all; the room stays. */
void fd_store_clear(struct fd_store *s);

#endif
