/* listener: a socket or fifo that the master holds open and services inherit. It is opened when it
 * is defined and outlives reloads and processes; a connection waits in its queue meanwhile. */
#ifndef REEVE_MASTER_LISTENER_H
#define REEVE_MASTER_LISTENER_H

#include "master/plan.h"

#include <sys/stat.h>

struct listener {
	struct listener_definition at; /* borrowed texts, of the service's definition */
	int fd;
	dev_t dev; /* of a path: what we made, so that only that is removed */
	ino_t ino;
	bool is_managers; /* the service manager's that started us: never closed, its file never touched */
	bool blocks;      /* accept waits, for whoever has it */
};

/* Opens it: bound, listening, not blocking, CLOEXEC; owner and mode as defined. A stale unix socket
 * (nobody answers) is replaced. `base_dir`: directories of a path below it are made.
 * -1: the sentence names the listener, its address and why. */
int listener_open(struct listener *l, const struct listener_definition *at, int backlog, const char *base_dir,
	struct err *e) MUST_USE;

/* Gives the file of a path listener the owner and mode of a new definition. */
int listener_set_owner(struct listener *l, const struct listener_definition *at, struct err *e) MUST_USE;

/* Whether the path of a listener still leads to it; true of an address. */
bool listener_is_there(const struct listener *l);

/* Closes it; the path goes if it is still the one that was made. */
void listener_close(struct listener *l);

/* How many clients wait in its queue: TCP's accept queue, sock_diag's for unix sockets, 1 for a
 * fifo with bytes in it. 1 where the kernel does not say but the fd is readable. `diag`: from
 * listener_diag_open, or -1; it answers one question at a time, at once. */
uint32_t listener_waiting(const struct listener *l, int diag);

/* The netlink socket that knows the queues of unix sockets. -1: errno. */
int listener_diag_open(void);

/* Whether its processes wait in accept: what they have is the same open file as ours. */
void listener_set_blocking(struct listener *l, bool blocks);

/* Accepts and closes whoever waits (mode = "shed"); returns how many. */
uint32_t listener_drop(struct listener *l);

#endif
