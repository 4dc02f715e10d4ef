/* fd: file descriptors. Every one is CLOEXEC from birth. */
#ifndef REEVE_BASE_FD_H
#define REEVE_BASE_FD_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Closes *fd if it is open and sets it to -1. errno is kept. */
void fd_close(int *fd);

int fd_set_nonblock(int fd);

/* A CLOEXEC pipe; [0] reads, [1] writes. `nonblock`: both ends. -1: errno says why. */
int fd_pipe(int pair[2], int nonblock) MUST_USE;

/* Raises RLIMIT_NOFILE's soft limit towards `wanted`, as far as the hard one allows (and raises
 * that where it may). Returns the soft limit in force. */
uint64_t fd_raise_limit(uint64_t wanted);

/* Sends one SOCK_SEQPACKET frame with at most one fd (-1: none). Bytes sent, or -1 and errno. */
ssize_t fd_send(int sock, const void *data, size_t len, int fd);

/* Receives one frame. *fd is the one passed, or -1; further ones are closed.
 * Bytes, 0 at the end, -1 and errno; a frame longer than `room` is -1 with EMSGSIZE. */
ssize_t fd_receive(int sock, void *data, size_t room, int *fd);

/* Writes it all, however often the kernel takes only a part. -1: errno. */
int fd_write_all(int fd, const void *data, size_t len) MUST_USE;

/* Reads or writes all of it at `at`, and leaves the position alone. -1: errno; ENODATA when the file ends
 * before, ENOSPC when nothing more is taken. */
int fd_read_at(int fd, void *to, size_t len, uint64_t at) MUST_USE;
int fd_write_at(int fd, const void *from, size_t len, uint64_t at) MUST_USE;

#endif
