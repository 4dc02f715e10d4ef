/* front: the client's side of a connection, with TLS or without. Nothing here waits. */
#ifndef REEVE_TLS_FRONT_H
#define REEVE_TLS_FRONT_H

#include <openssl/ssl.h>
#include <stdint.h>
#include <sys/types.h>

struct front {
	int fd;
	SSL *ssl;        /* NULL: none */
	const char *why; /* of a handshake that failed; a constant text */
	uint32_t wants;  /* epoll events without which the last call could not go on */
};

enum { FRONT_AGAIN = -1, FRONT_BROKEN = -2 };

/* Bytes; 0: the client has ended its side; FRONT_AGAIN: see `wants`; FRONT_BROKEN: the connection is of no
 * use. */
ssize_t front_read(struct front *f, void *to, size_t room);
ssize_t front_write(struct front *f, const void *from, size_t len);

/* 1: done. FRONT_AGAIN, FRONT_BROKEN. */
int front_handshake(struct front *f);

/* Tells the client that no more comes (close_notify, then FIN). 1: done. FRONT_AGAIN. */
int front_end(struct front *f);

#endif
