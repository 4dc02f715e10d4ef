/* queue: records in one growing buffer; drained ones are dropped when half of it is free. */
#include "log/queue.h"

#include <string.h>

static uint32_t length_at(const struct queue *q, size_t at)
{
	uint32_t len;

	memcpy(&len, q->bytes.data + at, sizeof len);
	return len;
}

void queue_add(struct queue *q, const void *data, size_t len)
{
	uint32_t head = (uint32_t)len;

	buf_add(&q->bytes, &head, sizeof head);
	buf_add(&q->bytes, data, len);
	q->count++;
}

int queue_peek(const struct queue *q, struct iovec *io, int n)
{
	size_t at = q->at, skip = q->done;
	int i = 0;

	for (; i < n && at < q->bytes.used; i++) {
		uint32_t len = length_at(q, at);
		io[i].iov_base = q->bytes.data + at + sizeof len + skip;
		io[i].iov_len = len - skip;
		at += sizeof len + len;
		skip = 0;
	}
	return i;
}

void queue_written(struct queue *q, size_t len)
{
	while (q->count > 0) {
		uint32_t whole = length_at(q, q->at);
		if (len < whole - q->done) {
			q->done += len;
			break;
		}
		len -= whole - q->done;
		q->at += sizeof whole + whole;
		q->done = 0;
		q->count--;
	}
	if (q->at > q->bytes.used / 2) {
		buf_drop(&q->bytes, q->at);
		q->at = 0;
	}
}

void queue_rewind(struct queue *q)
{
	q->done = 0;
}

size_t queue_size(const struct queue *q)
{
	return q->bytes.used - q->at;
}

void queue_free(struct queue *q)
{
	buf_free(&q->bytes);
	memset(q, 0, sizeof *q);
}
