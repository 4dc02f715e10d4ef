/* ring: the file of the recording: eight segments that are written in turn, each a row of blocks. A block is
 * whole or it does not count: its sum covers its bytes, its place and its segment. docs/RECORDING.md is the
 * format. */
#ifndef REEVE_ENGINE_RING_H
#define REEVE_ENGINE_RING_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RING_HEAD     4096
#define RING_SEGMENTS 8
#define RING_LEAST    (UINT64_C(8) << 20)

#define RING_SEGMENT_HEAD 40
#define RING_BLOCK_HEAD   24

struct ring {
	int fd;                /* -1: none */
	uint64_t segment_size; /* bytes */
	unsigned segment;      /* where we write */
	uint64_t sequence;     /* of the segment; rises for ever */
	uint64_t at;           /* of the next block, from the segment's start */
	uint32_t block;        /* its number, from 1 */
	uint64_t generation;   /* sum of the last block of kind G in the segment; 0: none */
	bool fresh;            /* the file was empty, or of another size or version */
};

/* The sum of `len` bytes, begun from `seed`. */
uint64_t ring_sum(uint64_t seed, const void *bytes, size_t len);

/* Takes the lock of the file and finds where to go on. 1: it is ours; 0: another engine has it, try again;
 * -1: it cannot be used. The fd stays the caller's unless 1 is returned. */
int ring_attach(struct ring *r, int fd, uint64_t size, struct err *e) MUST_USE;

/* Bytes that a block may still have in this segment. */
uint64_t ring_room(const struct ring *r);

/* The oldest segment becomes the one we write. -1: errno. */
int ring_next(struct ring *r, uint64_t wall_ms) MUST_USE;

/* Writes a block. -1: errno, and nothing has changed. EFBIG: it does not fit in this segment. */
int ring_append(struct ring *r, char kind, unsigned char flags, uint64_t wall_ms, const void *bytes,
	size_t len) MUST_USE;

/* Gives the file up; another engine may have it. */
void ring_close(struct ring *r);

#endif
