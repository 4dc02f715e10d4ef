/* foreign: descriptors that others have sent us. close(2) of one may take as long as its owner likes: a TCP
 * socket with SO_LINGER, a file of a FUSE file system whose server is silent. So whatever cannot be known to
 * close at once is closed by a child that shares our descriptors and does nothing else. */
#ifndef REEVE_MASTER_FOREIGN_H
#define REEVE_MASTER_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>

#define FOREIGN_MOST 253 /* descriptors that one message can bring: the kernel's SCM_MAX_FD */

/* Closes those of the `n` (FOREIGN_MOST at most) that are not -1, never waits. Not all of them may be closed
 * yet when it returns. False: too many children are at it already, or there was none to be had; those that
 * may wait stay open. */
bool foreign_close(const int *fds, size_t n);

/* A pipe or a socket: poll(2) of it asks nobody else, either. */
bool foreign_is_stream(int fd);

#endif
