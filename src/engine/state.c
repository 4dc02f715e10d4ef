/* state: two slots and a mark. I/O errors are -1 and a sentence; broken slots do not count. */
#include "engine/state.h"

#include "base/fd.h"
#include "base/mem.h"
#include "base/sum.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC UINT64_C(0x3174617465766552) /* "Revetat1" */

struct slot_head {
	uint64_t magic, sequence, length, sum;
};

struct mark_head {
	uint64_t magic;
	uint32_t length, zero;
};

/* Over the sequence, the length and the bytes. */
static uint64_t checksum(const struct slot_head *head, const unsigned char *bytes)
{
	uint64_t sum = sum_number(sum_number(SUM_BEGIN, head->sequence), head->length);

	return sum_bytes(sum, bytes, head->length);
}

static uint64_t slot_at(const struct state *s, unsigned slot)
{
	return STATE_PAGE + slot * s->slot_size;
}

/* The slot's bytes and length, or NULL: it is not whole. */
static unsigned char *read_slot(const struct state *s, unsigned slot, struct slot_head *head)
{
	unsigned char *bytes;

	if (fd_read_at(s->fd, head, sizeof *head, slot_at(s, slot)) < 0 || head->magic != MAGIC ||
		head->sequence == 0 || head->length > s->slot_size - sizeof *head)
		return NULL;
	bytes = mem_new(head->length, 1);
	if (fd_read_at(s->fd, bytes, head->length, slot_at(s, slot) + sizeof *head) < 0 ||
		checksum(head, bytes) != head->sum)
		mem_free(&bytes);
	return bytes;
}

int state_attach(struct state *s, int fd, struct err *e)
{
	struct stat st;

	s->fd = fd;
	s->sequence = 0;
	s->valid = 0;
	if (fstat(fd, &st) < 0)
		return err_set(e, "the memory of policies: %s", strerror(errno));
	if (st.st_size < STATE_LEAST)
		return err_set(e, "the memory of policies has %lld bytes; it needs %d", (long long)st.st_size,
			STATE_LEAST);
	s->slot_size = ((uint64_t)st.st_size - STATE_PAGE) / 2;
	for (unsigned slot = 0; slot < 2; slot++) {
		struct slot_head head;
		unsigned char *bytes = read_slot(s, slot, &head);
		if (bytes != NULL && head.sequence > s->sequence) {
			s->sequence = head.sequence;
			s->valid = slot;
		}
		mem_free(&bytes);
	}
	return 0;
}

void state_close(struct state *s)
{
	fd_close(&s->fd);
}

int state_load(struct state *s, char **bytes, size_t *len, struct err *e)
{
	struct slot_head head;
	unsigned char *found;

	if (s->fd < 0)
		return err_set(e, "policies have no memory yet");
	if (s->sequence == 0)
		return 0;
	found = read_slot(s, s->valid, &head);
	if (found == NULL)
		return err_set(e, "the memory of policies cannot be read again");
	*bytes = (char *)found;
	*len = head.length;
	return 1;
}

/* Bytes first, head last: until the head is right the slot does not count. */
int state_save(struct state *s, const void *bytes, size_t len, struct err *e)
{
	struct slot_head head = {MAGIC, s->sequence + 1, len, 0};
	unsigned slot = s->sequence == 0 ? 0 : 1 - s->valid;

	if (s->fd < 0)
		return err_set(e, "policies have no memory yet");
	if (len > s->slot_size - sizeof head)
		return err_set(e, "the policies' tables take %zu bytes; there is room for %llu", len,
			(unsigned long long)(s->slot_size - sizeof head));
	head.sum = checksum(&head, bytes);
	if (fd_write_at(s->fd, bytes, len, slot_at(s, slot) + sizeof head) < 0 ||
		fd_write_at(s->fd, &head, sizeof head, slot_at(s, slot)) < 0)
		return err_set(e, "the memory of policies: %s", strerror(errno));
	s->sequence = head.sequence;
	s->valid = slot;
	return 0;
}

void state_mark(struct state *s, const char *text)
{
	struct {
		struct mark_head head;
		char text[STATE_PAGE - sizeof(struct mark_head)];
	} page;
	size_t n = strlen(text);

	if (s->fd < 0)
		return;
	if (n > sizeof page.text)
		n = sizeof page.text;
	page.head = (struct mark_head){MAGIC, (uint32_t)n, 0};
	memcpy(page.text, text, n);
	if (fd_write_at(s->fd, &page, sizeof page.head + n, 0) < 0) /* one pwrite: it is there or not */
		return;                                             /* and the next mark is another try */
}

size_t state_last_mark(struct state *s, char *out, size_t room)
{
	struct mark_head head;
	size_t n;

	if (s->fd < 0 || fd_read_at(s->fd, &head, sizeof head, 0) < 0 || head.magic != MAGIC)
		return 0;
	n = head.length < STATE_PAGE - sizeof head ? head.length : STATE_PAGE - sizeof head;
	if (n > room)
		n = room;
	return fd_read_at(s->fd, out, n, sizeof head) < 0 ? 0 : n;
}
