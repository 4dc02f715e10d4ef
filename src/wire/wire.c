/* wire: the codec. Refuses what does not fit the table; never dies. */
#include "wire/wire.h"

#include "base/sum.h"

#include <string.h>

#define HEAD 12

/* <name>_fields() of each row, from the struct made of the same row */
#define F(type, name) {#name, WIRE_T_##type, offsetof(self, name)},
#define FIELDS(name, ...)                                                                    \
	static const struct wire_field *name##_fields(void)                                  \
	{                                                                                    \
		typedef struct wire_##name self;                                             \
		static const struct wire_field table[] = {__VA_ARGS__{NULL, WIRE_T_end, 0}}; \
		return table;                                                                \
	}
#define ORDER(name, id, phases, doc, ...) FIELDS(name, __VA_ARGS__)
#define REPORT(name, id, doc, ...)        FIELDS(name, __VA_ARGS__)
#include "wire/wire.def"
#undef F
#undef ORDER
#undef REPORT

#define GREETING WIRE_GREETING
#define LOADING  WIRE_LOADING
#define LOCKING  WIRE_LOCKING
#define RUNNING  WIRE_RUNNING

const struct wire_info wire_table[] = {
#define ORDER(name, id, phases, doc, ...) {#name, doc, WIRE_##name, phases, name##_fields},
#define REPORT(name, id, doc, ...)        {#name, doc, WIRE_##name, 0, name##_fields},
#include "wire/wire.def"
#undef ORDER
#undef REPORT
};
const size_t wire_rows = sizeof wire_table / sizeof wire_table[0];

static const size_t width[] = {
	[WIRE_T_u32] = 4,
	[WIRE_T_u64] = 8,
	[WIRE_T_i64] = 8,
	[WIRE_T_flag] = 1,
};

const struct wire_info *wire_by_kind(uint32_t kind)
{
	for (size_t i = 0; i < wire_rows; i++)
		if ((uint32_t)wire_table[i].kind == kind)
			return &wire_table[i];
	return NULL;
}

const struct wire_info *wire_by_name(const char *name)
{
	for (size_t i = 0; i < wire_rows; i++)
		if (strcmp(wire_table[i].name, name) == 0)
			return &wire_table[i];
	return NULL;
}

static uint64_t hash_text(uint64_t h, const char *text)
{
	return sum_bytes(h, text, strlen(text) + 1);
}

uint64_t wire_hash(void)
{
	uint64_t h = SUM_BEGIN;

	for (size_t i = 0; i < wire_rows; i++) {
		h = hash_text(h, wire_table[i].name) + (uint64_t)wire_table[i].kind;
		for (const struct wire_field *f = wire_table[i].fields(); f->type != WIRE_T_end; f++)
			h = hash_text(h, f->name) + (uint64_t)f->type;
	}
	return h;
}

/* FNV-1a of 32 bits; of 64 it is base/sum.h. */
static uint32_t checksum(const unsigned char *p, size_t n)
{
	uint32_t h = UINT32_C(2166136261);

	while (n-- > 0)
		h = (h ^ *p++) * UINT32_C(16777619);
	return h;
}

static int put_str(unsigned char *out, size_t room, size_t *at, const char *text)
{
	size_t n = strlen(text) + 1;
	uint32_t n32 = (uint32_t)n;

	if (n > WIRE_FRAME_MAX || room - *at < 4 + n)
		return -1;
	memcpy(out + *at, &n32, 4);
	memcpy(out + *at + 4, text, n);
	*at += 4 + n;
	return 0;
}

static int put_field(unsigned char *out, size_t room, size_t *at, enum wire_type type, const char *from)
{
	if (type == WIRE_T_fd)
		return 0;
	if (type == WIRE_T_str) {
		const char *text;
		memcpy(&text, from, sizeof text);
		return put_str(out, room, at, text);
	}
	if (room - *at < width[type])
		return -1;
	memcpy(out + *at, from, width[type]);
	*at += width[type];
	return 0;
}

int wire_put(unsigned char *out, size_t room, size_t *at, const struct wire_info *info, const void *msg)
{
	size_t end = *at + HEAD;
	uint32_t head[3] = {(uint32_t)info->kind, 0, 0};

	if (room < end)
		return -1;
	for (const struct wire_field *f = info->fields(); f->type != WIRE_T_end; f++)
		if (put_field(out, room, &end, f->type, (const char *)msg + f->offset) < 0)
			return -1;
	head[1] = (uint32_t)(end - *at);
	memcpy(out + *at, head, HEAD);
	head[2] = checksum(out + *at, end - *at);
	memcpy(out + *at + 8, &head[2], 4);
	*at = end;
	return 0;
}

int wire_fd_of(const struct wire_info *info, const void *msg)
{
	int fd = -1;

	for (const struct wire_field *f = info->fields(); f->type != WIRE_T_end; f++)
		if (f->type == WIRE_T_fd)
			memcpy(&fd, (const char *)msg + f->offset, sizeof fd);
	return fd;
}

static int get_str(const unsigned char *in, size_t len, size_t *at, char *to)
{
	uint32_t n;
	const char *text;

	if (len - *at < 4)
		return -1;
	memcpy(&n, in + *at, 4);
	*at += 4;
	if (n == 0 || n > len - *at || memchr(in + *at, 0, n) != in + *at + n - 1)
		return -1;
	text = (const char *)in + *at;
	memcpy(to, &text, sizeof text);
	*at += n;
	return 0;
}

static int get_field(const unsigned char *in, size_t len, size_t *at, enum wire_type type, char *to)
{
	if (type == WIRE_T_str)
		return get_str(in, len, at, to);
	if (len - *at < width[type] || (type == WIRE_T_flag && in[*at] > 1))
		return -1;
	memcpy(to, in + *at, width[type]);
	*at += width[type];
	return 0;
}

/* The row of the message of `head` and its length, once its bytes are known to be whole. */
static const struct wire_info *check_head(
	const unsigned char *in, size_t left, uint32_t *length, struct err *e)
{
	static const unsigned char none[4];
	uint32_t head[3], h;
	const struct wire_info *info;

	if (left < HEAD) {
		(void)err_set(e, "%zu bytes are too few for a message", left);
		return NULL;
	}
	memcpy(head, in, HEAD);
	info = wire_by_kind(head[0]);
	if (info == NULL) {
		(void)err_set(e, "there is no message %u", head[0]);
		return NULL;
	}
	if (head[1] < HEAD || head[1] > left) {
		(void)err_set(e, "message %s: its length %u does not fit the frame", info->name, head[1]);
		return NULL;
	}
	h = checksum(in, 8);
	for (size_t i = 0; i < 4; i++)
		h = (h ^ none[i]) * UINT32_C(16777619);
	for (size_t i = HEAD; i < head[1]; i++)
		h = (h ^ in[i]) * UINT32_C(16777619);
	if (h != head[2]) {
		(void)err_set(e, "message %s: the checksum is wrong", info->name);
		return NULL;
	}
	*length = head[1];
	return info;
}

const struct wire_info *wire_get(
	const unsigned char *in, size_t len, size_t *at, int *fd, union wire_any *msg, struct err *e)
{
	uint32_t length;
	size_t p = HEAD;
	const struct wire_info *info = check_head(in + *at, len - *at, &length, e);

	if (info == NULL)
		return NULL;
	for (const struct wire_field *f = info->fields(); f->type != WIRE_T_end; f++) {
		char *to = (char *)msg + f->offset;
		if (f->type == WIRE_T_fd) {
			if (*fd < 0) {
				(void)err_set(e, "message %s came without its fd", info->name);
				return NULL;
			}
			memcpy(to, fd, sizeof *fd);
			*fd = -1;
		} else if (get_field(in + *at, length, &p, f->type, to) < 0) {
			(void)err_set(e, "message %s: field '%s' is broken", info->name, f->name);
			return NULL;
		}
	}
	if (p != length) {
		(void)err_set(e, "message %s is %zu bytes too long", info->name, length - p);
		return NULL;
	}
	*at += length;
	return info;
}
