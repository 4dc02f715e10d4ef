/* notify_socket: the datagram socket that one process has as NOTIFY_SOCKET. Its name is an abstract one that
 * the kernel chose, so it works in a chroot and for every user, and nobody can take it first. Anybody may
 * send to it: who sent stands in `sender`, as the kernel says. */
#ifndef REEVE_MASTER_NOTIFY_SOCKET_H
#define REEVE_MASTER_NOTIFY_SOCKET_H

#include "base/err.h"
#include "master/foreign.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define NOTIFY_FDS     FOREIGN_MOST /* one datagram can bring no more, so the kernel never drops some for us */
#define NOTIFY_ADDRESS 16           /* bytes of a name as NOTIFY_SOCKET has it, with its end */

struct notify_received {
	size_t len;
	int fds[NOTIFY_FDS];
	size_t fds_n;
	struct ucred sender; /* pid 0: the kernel did not say */
};

/* Returns the socket, and its name ("@00a5f") in `name`; or -1 and errno. */
int notify_socket_open(char name[NOTIFY_ADDRESS]) MUST_USE;

/* Takes one datagram, never waits. 1: it is in `bytes` (which may be none) with its fds, CLOEXEC and the
 * caller's to close. 0: there is none. -1: there was one that is of no use (too long); its fds are the
 * caller's, too. */
int notify_socket_receive(int sock, char *bytes, size_t room, struct notify_received *out);

/* Closes those that are left: [0] to [fds_n - 1] that are not -1. False: some stay open (foreign.h). */
bool notify_received_close(struct notify_received *r);

#endif
