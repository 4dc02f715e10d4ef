/* frame: the codec of the control socket. Bad bytes are a sentence, never more. */
#include "cli/frame.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

void frame_reader_init(struct frame_reader *r)
{
	memset(r, 0, sizeof *r);
}

void frame_reader_free(struct frame_reader *r)
{
	mem_free(&r->bytes);
	frame_reader_init(r);
}

size_t frame_head(char out[FRAME_HEAD_MAX], const char *verb, uint32_t id, size_t length)
{
	return (size_t)snprintf(out, FRAME_HEAD_MAX, "%.*s %u %zu\n", FRAME_VERB_MAX - 1, verb, id, length);
}

/* Forgets what was handed out, so that the buffer never outgrows one frame and one read. */
static void compact(struct frame_reader *r)
{
	if (r->taken == 0)
		return;
	if (r->have > r->taken)
		r->bytes[r->taken] = r->held;
	memmove(r->bytes, r->bytes + r->taken, r->have - r->taken);
	r->have -= r->taken;
	r->taken = 0;
}

char *frame_room(struct frame_reader *r, size_t n)
{
	compact(r);
	if (r->room < r->have + n + 1) {
		r->room = r->have + n + 1;
		r->bytes = mem_grow(r->bytes, r->room, 1);
	}
	return r->bytes + r->have;
}

void frame_added(struct frame_reader *r, size_t n)
{
	r->have += n;
}

/* Decimal digits up to `end` (not included), at most `most`. */
static const char *number(const char *at, char end, uint32_t most, uint32_t *n)
{
	uint64_t sum = 0;
	const char *start = at;

	for (; *at >= '0' && *at <= '9' && sum <= most; at++)
		sum = sum * 10 + (uint64_t)(*at - '0');
	*n = (uint32_t)sum;
	return at > start && *at == end && sum <= most ? at + 1 : NULL;
}

/* `line` ends in '\n'. */
static int read_head(const char *line, struct frame *f)
{
	size_t n = strspn(line, "abcdefghijklmnopqrstuvwxyz");
	uint32_t length;
	const char *at;

	if (n == 0 || n >= FRAME_VERB_MAX || line[n] != ' ')
		return -1;
	memcpy(f->verb, line, n);
	f->verb[n] = '\0';
	at = number(line + n + 1, ' ', UINT32_MAX, &f->id);
	at = at != NULL ? number(at, '\n', FRAME_PAYLOAD_MAX, &length) : NULL;
	f->length = at != NULL ? length : 0;
	return at != NULL ? 0 : -1;
}

int frame_next(struct frame_reader *r, struct frame *f, struct err *e)
{
	const char *end;
	size_t head, look;

	compact(r);
	look = r->have < FRAME_HEAD_MAX ? r->have : FRAME_HEAD_MAX;
	end = look > 0 ? memchr(r->bytes, '\n', look) : NULL;
	if (end == NULL && look < FRAME_HEAD_MAX)
		return 0;
	if (end == NULL || read_head(r->bytes, f) < 0)
		return err_set(
			e, "the daemon answered with something that is no frame of the control socket");
	head = (size_t)(end - r->bytes) + 1;
	if (r->have - head < f->length)
		return 0;
	f->payload = r->bytes + head;
	r->taken = head + f->length;
	r->held = r->have > r->taken ? r->bytes[r->taken] : '\0';
	r->bytes[r->taken] = '\0'; /* frame_room keeps one byte for this */
	return 1;
}
