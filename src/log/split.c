/* split: lines, pieces of lines and handshakes. Nothing here fails. */
#include "log/split.h"

#include <string.h>

void split_name(struct split *s, const char *name)
{
	uint32_t head[2] = {SPLIT_MAGIC, 0};
	size_t n = strlen(name);

	if (n > SPLIT_NAME_MOST - 2)
		n = SPLIT_NAME_MOST - 2;
	head[1] = (uint32_t)(n + 2);
	memcpy(s->frame, head, sizeof head);
	memcpy(s->frame + 8, name, n);
	memcpy(s->frame + 8 + n, ": ", 2);
	s->frame_len = 8 + n + 2;
}

static bool begins(const char *data, size_t len, const void *with, size_t n)
{
	return memcmp(data, with, len < n ? len : n) == 0;
}

/* A pipe with a name: its own handshake, whole or as far as it has come. */
static enum split_what own_frame(const struct split *s, const char *data, size_t len, struct split_piece *out)
{
	if (!begins(data, len, s->frame, s->frame_len))
		return SPLIT_LINE;
	out->taken = s->frame_len;
	return len < s->frame_len ? SPLIT_MORE : SPLIT_FRAME;
}

static bool is_prefix(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] >= 0x7f)
			return false;
	return len > 0;
}

/* A pipe without one: the first bytes may be its handshake. */
static enum split_what first_frame(const char *data, size_t len, struct split_piece *out)
{
	uint32_t head[2] = {SPLIT_MAGIC, 0};

	if (!begins(data, len, head, 4))
		return SPLIT_LINE;
	if (len < sizeof head)
		return SPLIT_MORE;
	memcpy(head, data, sizeof head);
	if (head[1] == 0 || head[1] > SPLIT_NAME_MOST)
		return SPLIT_LINE;
	out->text = data + 8;
	out->len = len - 8 < head[1] ? len - 8 : head[1];
	out->taken = 8 + head[1];
	if (out->len > 0 && !is_prefix(out->text, out->len))
		return SPLIT_LINE;
	return out->len < head[1] ? SPLIT_MORE : SPLIT_NAME;
}

/* Not in the middle of a UTF-8 sequence, if one that could be whole begins in the last three bytes. */
static size_t cut_at(const char *data, size_t most)
{
	size_t back = 0;

	while (back < 3 && back < most && ((unsigned char)data[most - back] & 0xc0) == 0x80)
		back++;
	return ((unsigned char)data[most - back] & 0xc0) == 0xc0 && most > back ? most - back : most;
}

static void line_piece(
	struct split *s, const char *data, size_t len, size_t most, bool last, struct split_piece *out)
{
	const char *lf = memchr(data, '\n', len <= most ? len : most + 1);

	out->what = SPLIT_LINE;
	out->text = data;
	out->continues = s->inside;
	if (lf != NULL) {
		out->len = (size_t)(lf - data);
		out->taken = out->len + 1;
	} else if (len > most) {
		out->len = out->taken = cut_at(data, most);
		out->cut = true;
	} else if (last) {
		out->len = out->taken = len;
	} else {
		out->what = SPLIT_MORE;
		return;
	}
	s->inside = out->cut;
	s->begun = true;
}

void split_next(
	struct split *s, const char *data, size_t len, size_t most, bool last, struct split_piece *out)
{
	enum split_what frame = SPLIT_LINE;

	memset(out, 0, sizeof *out);
	if (len == 0)
		return;
	if (!s->inside && s->frame_len > 0)
		frame = own_frame(s, data, len, out);
	else if (!s->begun)
		frame = first_frame(data, len, out);
	if (frame == SPLIT_LINE || (frame == SPLIT_MORE && last)) {
		memset(out, 0, sizeof *out);
		line_piece(s, data, len, most, last, out);
		return;
	}
	out->what = frame;
	if (frame != SPLIT_MORE)
		s->begun = true;
}
