/* frame: reads the control socket's frames. Wrong bytes are -1 and a sentence. */
#include "engine/frame.h"

#include "base/mem.h"

#include <string.h>

static void compact(struct frame_reader *r)
{
	if (r->at == 0)
		return;
	memmove(r->bytes, r->bytes + r->at, r->len - r->at);
	r->len -= r->at;
	r->at = 0;
}

char *frame_room(struct frame_reader *r, size_t least, size_t *room)
{
	compact(r);
	if (r->room - r->len < least) {
		r->room = r->len + least;
		r->bytes = mem_grow(r->bytes, r->room, 1);
	}
	*room = r->room - r->len;
	return r->bytes + r->len;
}

void frame_fed(struct frame_reader *r, size_t n)
{
	r->len += n;
}

/* Digits up to `end`; -1: none, a leading zero, or more than `most`. */
static int64_t number(const char **at, char end, int64_t most)
{
	const char *p = *at;
	int64_t n = 0;

	if (*p == '0' && p[1] != end)
		return -1;
	for (; *p >= '0' && *p <= '9' && n <= most; p++)
		n = n * 10 + (*p - '0');
	if (p == *at || *p != end || n > most)
		return -1;
	*at = p + 1;
	return n;
}

static int parse_header(const char *line, struct frame *f, struct err *e)
{
	size_t n = strspn(line, "abcdefghijklmnopqrstuvwxyz");
	const char *at = line + n + 1;
	int64_t id, length;

	if (n == 0 || n > FRAME_VERB_MAX || line[n] != ' ')
		return err_set(e, "a frame begins with 'VERB id length' and a newline");
	memcpy(f->verb, line, n);
	f->verb[n] = '\0';
	id = number(&at, ' ', INT32_MAX);
	if (id < 0)
		return err_set(e, "frame %s: its id is not a number below 2147483648", f->verb);
	length = number(&at, '\n', INT32_MAX);
	if (length < 0)
		return err_set(e, "frame %s: its length is not a number", f->verb);
	if ((size_t)length > FRAME_PAYLOAD_MAX)
		return err_set(e, "frame %s: %lld bytes are more than the %zu a frame may have", f->verb,
			(long long)length, FRAME_PAYLOAD_MAX);
	f->id = (uint32_t)id;
	f->length = (size_t)length;
	return 0;
}

int frame_next(struct frame_reader *r, struct frame *f, struct err *e)
{
	char line[FRAME_HEADER_MAX + 1];
	size_t left = r->len - r->at;
	size_t look = left < FRAME_HEADER_MAX ? left : FRAME_HEADER_MAX;
	const char *end = look > 0 ? memchr(r->bytes + r->at, '\n', look) : NULL;
	size_t n;

	if (end == NULL && look == FRAME_HEADER_MAX)
		return err_set(e, "a frame begins with a line of at most %d bytes", FRAME_HEADER_MAX);
	if (end == NULL)
		return 0;
	n = (size_t)(end - (r->bytes + r->at)) + 1;
	memcpy(line, r->bytes + r->at, n);
	line[n] = '\0';
	if (parse_header(line, f, e) < 0)
		return -1;
	if (left - n < f->length)
		return 0;
	f->payload = r->bytes + r->at + n;
	r->at += n + f->length;
	return 1;
}

int frame_line(struct frame_reader *r, struct frame *f, struct err *e)
{
	size_t left = r->len - r->at;
	size_t look = left < FRAME_LINE_MAX ? left : FRAME_LINE_MAX;
	const char *line = r->bytes + r->at, *end = look > 0 ? memchr(line, '\n', look) : NULL;

	if (end == NULL && look == FRAME_LINE_MAX)
		return err_set(e, "a line has at most %d bytes", FRAME_LINE_MAX);
	if (end == NULL)
		return 0;
	memset(f, 0, sizeof *f);
	f->payload = line;
	f->length = (size_t)(end - line);
	r->at += f->length + 1;
	return 1;
}

void frame_free(struct frame_reader *r)
{
	mem_free(&r->bytes);
	r->room = r->len = r->at = 0;
}
