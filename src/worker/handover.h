/* handover: passing a connection to another service, as sender (handover.c) and receiver (passed.c) agree on
 * it.
 *
 * On a stream socket, one hand-over a connection:
 *
 *     -> "RVH1", u32 size, `size` bytes; the descriptor comes with the first byte
 *     <- u32 status, u32 size, `size` bytes: 0 and nothing: taken; else the text of a refusal
 *
 * Numbers are in network order. */
#ifndef REEVE_WORKER_HANDOVER_H
#define REEVE_WORKER_HANDOVER_H

#include <arpa/inet.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define HANDOVER_MAGIC "RVH1"
#define HANDOVER_HEAD  8

static inline uint64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static inline void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static inline void put32(unsigned char *at, size_t n)
{
	uint32_t number = htonl((uint32_t)n);

	memcpy(at, &number, sizeof number);
}

static inline size_t get32(const unsigned char *at)
{
	uint32_t number;

	memcpy(&number, at, sizeof number);
	return ntohl(number);
}

#endif
