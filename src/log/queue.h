/* queue: whole records that wait to be written, oldest first. */
#ifndef REEVE_LOG_QUEUE_H
#define REEVE_LOG_QUEUE_H

#include "base/buf.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct queue {
	struct buf bytes; /* uint32 length, then the record, again and again */
	size_t at;        /* where the oldest one begins */
	size_t done;      /* bytes of the oldest one that are written */
	uint64_t count;
};

void queue_add(struct queue *q, const void *data, size_t len);

/* The oldest records, at most `n`, the first without what is done. How many. */
int queue_peek(const struct queue *q, struct iovec *io, int n);

/* So many bytes were written: forgets the records that are done with. */
void queue_written(struct queue *q, size_t len);

/* The oldest one is to be written from its begin, whatever was done of it. */
void queue_rewind(struct queue *q);

/* Bytes that wait. */
size_t queue_size(const struct queue *q);

void queue_free(struct queue *q);

#endif
