/* ring: the file of the recording. Reading it back is Lua's (lua/reeve/recording.lua); here only the end of
 * it is looked for. I/O errors are -1; nothing that a file holds can do more than that. */
#include "engine/ring.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define SEGMENT_MAGIC UINT64_C(0x746e656d67655352) /* "RSegment" */
#define BLOCK_MAGIC   UINT16_C(0x4b42)             /* "BK" */
#define TITLE         "reeve recording"
#define VERSION       1
#define PIECE         65536
#define MULTIPLY      UINT64_C(0x9E3779B97F4A7C15)

/* as in the file; both little-endian, which every machine we run on is */
struct segment_head {
	uint64_t magic, sequence, wall_ms, zero, sum;
};

struct block_head {
	uint16_t magic;
	uint8_t kind, flags;
	uint32_t length, number, sum;
	uint64_t wall_ms;
};

_Static_assert(sizeof(struct segment_head) == RING_SEGMENT_HEAD, "as documented");
_Static_assert(sizeof(struct block_head) == RING_BLOCK_HEAD, "as documented");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the file is little-endian");

/* A multiplication and a fold for every eight bytes; what is missing of the last eight is zero. */
uint64_t ring_sum(uint64_t seed, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	uint64_t h = seed;

	for (; len > 0;) {
		uint64_t word = 0;
		size_t n = len < 8 ? len : 8;
		memcpy(&word, p, n);
		h = (h ^ word) * MULTIPLY;
		h ^= h >> 32;
		p += n;
		len -= n;
	}
	return h;
}

/* What of a sum stands in a block. */
static uint32_t fold(uint64_t sum)
{
	return (uint32_t)(sum * MULTIPLY >> 32);
}

static uint64_t head_sum(uint64_t sequence, const struct block_head *head)
{
	struct block_head bare = *head;

	bare.sum = 0;
	return ring_sum(sequence, &bare, sizeof bare);
}

static uint64_t segment_at(const struct ring *r, unsigned segment)
{
	return RING_HEAD + segment * r->segment_size;
}

static uint64_t segment_sum(const struct segment_head *head)
{
	return ring_sum(0, head, offsetof(struct segment_head, sum));
}

/* The sequence of a segment, 0: it was never written. */
static uint64_t sequence_of(const struct ring *r, unsigned segment)
{
	struct segment_head head;

	if (fd_read_at(r->fd, &head, sizeof head, segment_at(r, segment)) < 0 ||
		head.magic != SEGMENT_MAGIC || head.sum != segment_sum(&head))
		return 0;
	return head.sequence;
}

/* ---- the end of what was written */

/* Whether the block at `at` is whole; its payload's own sum goes to *content. */
static bool is_whole(const struct ring *r, const struct block_head *head, uint64_t at, uint64_t *content)
{
	static unsigned char piece[PIECE]; /* a multiple of eight: pieces sum up as the whole does */
	uint64_t sum = head_sum(r->sequence, head), own = 0;

	for (uint64_t done = 0; done < head->length;) {
		size_t n = head->length - done < PIECE ? (size_t)(head->length - done) : PIECE;
		if (fd_read_at(r->fd, piece, n, at + RING_BLOCK_HEAD + done) < 0)
			return false;
		sum = ring_sum(sum, piece, n);
		own = ring_sum(own, piece, n);
		done += n;
	}
	*content = own;
	return head->sum == fold(sum);
}

static void find_end(struct ring *r)
{
	uint64_t start = segment_at(r, r->segment);

	r->at = RING_SEGMENT_HEAD;
	r->block = 1;
	r->generation = 0;
	while (ring_room(r) > 0) {
		struct block_head head;
		uint64_t content;
		if (fd_read_at(r->fd, &head, sizeof head, start + r->at) < 0 || head.magic != BLOCK_MAGIC ||
			head.number != r->block || head.length > ring_room(r) ||
			!is_whole(r, &head, start + r->at, &content))
			return;
		if (head.kind == 'G')
			r->generation = content;
		r->at += RING_BLOCK_HEAD + head.length;
		r->block++;
	}
}

static void find_newest(struct ring *r)
{
	r->sequence = 0;
	r->segment = RING_SEGMENTS - 1; /* ring_next() goes on with the first */
	r->at = r->segment_size;
	for (unsigned i = 0; i < RING_SEGMENTS; i++) {
		uint64_t sequence = sequence_of(r, i);
		if (sequence > r->sequence) {
			r->sequence = sequence;
			r->segment = i;
		}
	}
	if (r->sequence > 0)
		find_end(r);
}

/* ---- the head of the file */

static void write_title(char *page, uint64_t size)
{
	memset(page, 0, RING_HEAD);
	(void)snprintf(page, RING_HEAD, TITLE " %d\nsize=%llu\nsegments=%d\n", VERSION,
		(unsigned long long)size, RING_SEGMENTS);
}

static int format(struct ring *r, const char *page)
{
	static const struct segment_head none;

	r->fresh = true;
	for (unsigned i = 0; i < RING_SEGMENTS; i++)
		if (fd_write_at(r->fd, &none, sizeof none, segment_at(r, i)) < 0)
			return -1;
	return fd_write_at(r->fd, page, RING_HEAD, 0);
}

/* Takes the file as it is, makes it anew, or leaves a stranger's alone. */
static int take_head(struct ring *r, uint64_t size, struct err *e)
{
	char wanted[RING_HEAD], found[RING_HEAD];
	struct stat st;

	write_title(wanted, size);
	if (fstat(r->fd, &st) < 0)
		return err_set(e, "the recording: %s", strerror(errno));
	memset(found, 0, sizeof found);
	if (st.st_size > 0 &&
		fd_read_at(r->fd, found, st.st_size < RING_HEAD ? (size_t)st.st_size : RING_HEAD, 0) < 0)
		return err_set(e, "the recording cannot be read: %s", strerror(errno));
	if (memcmp(wanted, found, RING_HEAD) == 0)
		return 0;
	if (st.st_size > 0 && found[0] != '\0' && strncmp(found, TITLE " ", strlen(TITLE " ")) != 0)
		return err_set(
			e, "the file 'recording' in state_dir is no recording of Reeve's; move it away");
	if (format(r, wanted) < 0)
		return err_set(e, "the recording cannot be written: %s", strerror(errno));
	return 0;
}

int ring_attach(struct ring *r, int fd, uint64_t size, struct err *e)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (size < RING_LEAST)
		return err_set(e, "a recording of %llu bytes is too small", (unsigned long long)size);
	if (fcntl(fd, F_OFD_SETLK, &whole) < 0)
		return errno == EAGAIN || errno == EACCES
			       ? 0
			       : err_set(e, "the recording cannot be locked: %s", strerror(errno));
	*r = (struct ring){.fd = fd, .segment_size = ((size - RING_HEAD) / RING_SEGMENTS) & ~UINT64_C(4095)};
	if (take_head(r, size, e) < 0) {
		r->fd = -1;
		return -1;
	}
	find_newest(r);
	return 1;
}

/* ---- writing */

uint64_t ring_room(const struct ring *r)
{
	uint64_t taken = r->at + RING_BLOCK_HEAD;

	return taken < r->segment_size ? r->segment_size - taken : 0;
}

int ring_next(struct ring *r, uint64_t wall_ms)
{
	unsigned next = (r->segment + 1) % RING_SEGMENTS;
	struct segment_head head = {SEGMENT_MAGIC, r->sequence + 1, wall_ms, 0, 0};

	head.sum = segment_sum(&head);
	if (fd_write_at(r->fd, &head, sizeof head, segment_at(r, next)) < 0)
		return -1;
	r->segment = next;
	r->sequence = head.sequence;
	r->at = RING_SEGMENT_HEAD;
	r->block = 1;
	r->generation = 0;
	return 0;
}

int ring_append(
	struct ring *r, char kind, unsigned char flags, uint64_t wall_ms, const void *bytes, size_t len)
{
	struct block_head head = {BLOCK_MAGIC, (uint8_t)kind, flags, (uint32_t)len, r->block, 0, wall_ms};
	uint64_t sum, room = ring_room(r), at = segment_at(r, r->segment) + r->at;
	struct iovec parts[] = {{&head, sizeof head}, {(void *)(uintptr_t)bytes, len}};
	ssize_t n;

	if (r->sequence == 0 || room == 0 || len > room || len > UINT32_MAX) {
		errno = EFBIG;
		return -1;
	}
	sum = ring_sum(head_sum(r->sequence, &head), bytes, len);
	head.sum = fold(sum);
	n = pwritev(r->fd, parts, 2, (off_t)at);
	if (n >= 0 && (size_t)n < sizeof head) /* half a head: once more, or say why not */
		n = fd_write_at(r->fd, &head, sizeof head, at) < 0 ? -1 : (ssize_t)sizeof head;
	if (n >= 0 && (size_t)n < sizeof head + len &&
		fd_write_at(r->fd, (const char *)bytes + ((size_t)n - sizeof head),
			sizeof head + len - (size_t)n, at + (uint64_t)n) < 0)
		n = -1;
	if (n < 0)
		return -1;
	if (kind == 'G')
		r->generation = ring_sum(0, bytes, len);
	r->at += sizeof head + len;
	r->block++;
	return 0;
}

void ring_close(struct ring *r)
{
	fd_close(&r->fd);
}
