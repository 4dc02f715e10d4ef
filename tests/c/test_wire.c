/* wire: every message there and back; every broken byte refused. The bytes stand at the end of a page that
 * is followed by forbidden memory, so that a read beyond them is a crash in every build. */
#include "test.h"
#include "wire/wire.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ROOM 8192

static unsigned char *fence; /* the first byte that must not be read */

static int make_fence(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), keep = (ROOM + page - 1) / page * page;
	unsigned char *at =
		mmap(NULL, keep + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	if (at == MAP_FAILED || mprotect(at + keep, page, PROT_NONE) != 0)
		return -1;
	fence = at + keep;
	return 0;
}

static const unsigned char *fenced(const unsigned char *bytes, size_t n)
{
	memcpy(fence - n, bytes, n);
	return fence - n;
}

static char texts[16][64];

static uint64_t any_number(uint64_t *random)
{
	static const uint64_t edges[] = {0, 1, UINT32_MAX, INT64_MAX, UINT64_MAX};
	uint32_t n = test_below(random, 8);

	return n < 5 ? edges[n] : test_random(random);
}

static const char *any_text(uint64_t *random, size_t slot)
{
	size_t n = test_below(random, sizeof texts[0]);

	for (size_t i = 0; i < n; i++)
		texts[slot][i] = (char)(1 + test_below(random, 255));
	texts[slot][n] = '\0';
	return texts[slot];
}

/* A struct wire_<name> with anything in it; the fd, where there is one, is 1000. */
static void fill(const struct wire_info *info, union wire_any *msg, uint64_t *random)
{
	size_t slot = 0;

	memset(msg, 0, sizeof *msg);
	for (const struct wire_field *f = info->fields(); f->type != WIRE_T_end; f++) {
		char *to = (char *)msg + f->offset;
		uint64_t n = any_number(random);
		uint32_t n32 = (uint32_t)n;
		uint8_t flag = n & 1;
		int fd = 1000;
		const char *text = any_text(random, slot++ % 16);
		const void *from[] = {[WIRE_T_u32] = &n32,
			[WIRE_T_u64] = &n,
			[WIRE_T_i64] = &n,
			[WIRE_T_flag] = &flag,
			[WIRE_T_str] = &text,
			[WIRE_T_fd] = &fd};
		static const size_t size[] = {[WIRE_T_u32] = 4,
			[WIRE_T_u64] = 8,
			[WIRE_T_i64] = 8,
			[WIRE_T_flag] = 1,
			[WIRE_T_str] = sizeof(char *),
			[WIRE_T_fd] = sizeof(int)};
		memcpy(to, from[f->type], size[f->type]);
	}
}

static void check_same(const struct wire_info *info, const union wire_any *a, const union wire_any *b)
{
	for (const struct wire_field *f = info->fields(); f->type != WIRE_T_end; f++) {
		const char *x = (const char *)a + f->offset, *y = (const char *)b + f->offset;
		const char *s, *t;
		static const size_t size[] = {[WIRE_T_u32] = 4,
			[WIRE_T_u64] = 8,
			[WIRE_T_i64] = 8,
			[WIRE_T_flag] = 1,
			[WIRE_T_str] = 0,
			[WIRE_T_fd] = sizeof(int)};
		if (f->type != WIRE_T_str) {
			assert_memory_equal(x, y, size[f->type]);
			continue;
		}
		memcpy(&s, x, sizeof s);
		memcpy(&t, y, sizeof t);
		assert_string_equal(s, t);
	}
}

static int has_fd(const struct wire_info *info)
{
	for (const struct wire_field *f = info->fields(); f->type != WIRE_T_end; f++)
		if (f->type == WIRE_T_fd)
			return 1;
	return 0;
}

static size_t put(const struct wire_info *info, const union wire_any *msg, unsigned char *out)
{
	size_t at = 0;

	assert_int_equal(wire_put(out, ROOM, &at, info, msg), 0);
	return at;
}

static void every_message_comes_back_as_it_went(void **state)
{
	uint64_t random = test_seed();

	(void)state;
	for (size_t row = 0; row < wire_rows; row++)
		for (int i = 0; i < 300; i++) {
			const struct wire_info *info = &wire_table[row];
			union wire_any msg, back;
			unsigned char out[ROOM];
			size_t n, at = 0;
			int fd = has_fd(info) ? 1000 : -1;
			struct err e = {""};
			fill(info, &msg, &random);
			assert_int_equal(wire_fd_of(info, &msg), fd);
			n = put(info, &msg, out);
			if (wire_get(fenced(out, n), n, &at, &fd, &back, &e) != info)
				fail_msg("%s: %s", info->name, e.text);
			assert_int_equal(at, n);
			assert_int_equal(fd, -1);
			check_same(info, &msg, &back);
		}
}

static void expect_refused(const struct wire_info *info, const unsigned char *in, size_t n, const char *how)
{
	size_t at = 0;
	int fd = 1000;
	union wire_any back;
	struct err e = {""};

	if (wire_get(in, n, &at, &fd, &back, &e) != NULL)
		fail_msg("%s: taken although %s", info->name, how);
	assert_int_equal(at, 0);
	assert_true(e.text[0] != '\0');
}

static void every_truncation_is_refused(void **state)
{
	uint64_t random = test_seed();

	(void)state;
	for (size_t row = 0; row < wire_rows; row++)
		for (int i = 0; i < 8; i++) {
			union wire_any msg;
			unsigned char out[ROOM];
			size_t n;
			fill(&wire_table[row], &msg, &random);
			n = put(&wire_table[row], &msg, out);
			for (size_t cut = 0; cut < n; cut++)
				expect_refused(&wire_table[row], fenced(out, cut), cut, "it was cut");
		}
}

static void every_flipped_bit_is_refused(void **state)
{
	uint64_t random = test_seed();

	(void)state;
	for (size_t row = 0; row < wire_rows; row++)
		for (int i = 0; i < 4; i++) {
			union wire_any msg;
			unsigned char out[ROOM];
			size_t n;
			fill(&wire_table[row], &msg, &random);
			n = put(&wire_table[row], &msg, out);
			for (size_t bit = 0; bit < n * 8; bit++) {
				out[bit / 8] ^= (unsigned char)(1 << bit % 8);
				expect_refused(&wire_table[row], fenced(out, n), n, "a bit was flipped");
				out[bit / 8] ^= (unsigned char)(1 << bit % 8);
			}
		}
}

/* The codec's own sum, again: with it a test can spoil the inside of a message and get past the sum. */
static void sum_up(unsigned char *out, size_t n)
{
	uint32_t h = UINT32_C(2166136261);

	memset(out + 8, 0, 4);
	for (size_t i = 0; i < n; i++)
		h = (h ^ out[i]) * UINT32_C(16777619);
	memcpy(out + 8, &h, 4);
}

static void a_good_sum_does_not_save_broken_fields(void **state)
{
	struct wire_setting setting = {7, "port", "80"};
	struct wire_stop stop = {1};
	const struct wire_info *info = wire_by_name("setting");
	union wire_any any;
	unsigned char good[ROOM], bad[ROOM];
	size_t n = 0;

	(void)state;
	assert_int_equal(wire_put(good, ROOM, &n, info, &setting), 0);
	/* 12 head, 4 svc, 4 length, "port\0", 4 length, "80\0" */
	assert_int_equal(n, 12 + 4 + 4 + 5 + 4 + 3);
	for (uint32_t length = 0; length < 70000; length = length < 20 ? length + 1 : length * 3) {
		if (length == 5)
			continue;
		memcpy(bad, good, n);
		memcpy(bad + 16, &length, 4);
		sum_up(bad, n);
		expect_refused(info, fenced(bad, n), n, "a text has a wrong length");
	}
	memcpy(bad, good, n);
	bad[21] = '\0';
	sum_up(bad, n);
	expect_refused(info, fenced(bad, n), n, "a text has a NUL inside");
	memcpy(bad, good, n);
	bad[24] = 'x';
	sum_up(bad, n);
	expect_refused(info, fenced(bad, n), n, "a text has no NUL at its end");
	n = 0;
	info = wire_by_name("stop");
	memset(&any, 0, sizeof any);
	any.stop = stop;
	n = put(info, &any, bad);
	bad[12] = 2;
	sum_up(bad, n);
	expect_refused(info, fenced(bad, n), n, "a flag is 2");
	bad[12] = 1;
	bad[n] = 0;
	memcpy(bad + 4, &(uint32_t){(uint32_t)n + 1}, 4);
	sum_up(bad, n + 1);
	expect_refused(info, fenced(bad, n + 1), n + 1, "a byte too many stands at its end");
}

static void random_bytes_with_a_good_sum_never_break_the_reader(void **state)
{
	uint64_t random = test_seed();

	(void)state;
	for (int i = 0; i < 200000; i++) {
		unsigned char in[128];
		uint32_t n = 12 + test_below(&random, sizeof in - 12), kind;
		size_t at = 0;
		int fd = i % 2 ? 1000 : -1;
		union wire_any msg;
		for (uint32_t k = 0; k < n; k++)
			in[k] = (unsigned char)(test_below(&random, 3) == 0 ? test_random(&random)
									    : test_below(&random, 12));
		kind = (uint32_t)wire_table[test_below(&random, (uint32_t)wire_rows)].kind;
		memcpy(in, &kind, 4);
		memcpy(in + 4, &n, 4);
		sum_up(in, n);
		if (wire_get(fenced(in, n), n, &at, &fd, &msg, NULL) != NULL)
			assert_int_equal(at, n);
	}
}

static void a_frame_holds_many_messages(void **state)
{
	uint64_t random = test_seed();
	static union wire_any sent[64];
	const struct wire_info *rows[64];
	static unsigned char out[WIRE_FRAME_MAX];
	size_t n = 0, at = 0, count = 0;

	(void)state;
	while (count < 64) {
		const struct wire_info *info = &wire_table[test_below(&random, (uint32_t)wire_rows)];
		int strings = 0;
		for (const struct wire_field *f = info->fields(); f->type != WIRE_T_end; f++)
			strings += f->type == WIRE_T_str;
		if (has_fd(info) || strings > 0) /* the texts of `fill` live until its next call */
			continue;
		fill(info, &sent[count], &random);
		rows[count] = info;
		assert_int_equal(wire_put(out, sizeof out, &n, info, &sent[count]), 0);
		count++;
	}
	for (size_t i = 0; i < count; i++) {
		union wire_any back;
		int fd = -1;
		assert_ptr_equal(wire_get(out, n, &at, &fd, &back, NULL), rows[i]);
		check_same(rows[i], &sent[i], &back);
	}
	assert_int_equal(at, n);
}

static void a_full_frame_takes_nothing_by_halves(void **state)
{
	struct wire_argument msg = {3, "twelve bytes"};
	const struct wire_info *info = wire_by_name("argument");
	unsigned char out[64];
	size_t need = 0;

	(void)state;
	assert_int_equal(wire_put(out, sizeof out, &need, info, &msg), 0);
	for (size_t room = 0; room < need; room++) {
		size_t at = 0;
		memset(out, 0xee, sizeof out);
		assert_int_equal(wire_put(out, room, &at, info, &msg), -1);
		assert_int_equal(at, 0);
		assert_int_equal(out[room], 0xee);
	}
}

static void an_fd_that_is_missing_or_left_over_is_seen(void **state)
{
	struct wire_bundle bundle = {1000};
	struct wire_ping ping = {1, 2};
	unsigned char out[64];
	size_t n = 0, at = 0;
	int fd = -1;
	union wire_any back;
	struct err e = {""};

	(void)state;
	assert_int_equal(wire_put(out, sizeof out, &n, wire_by_name("bundle"), &bundle), 0);
	assert_null(wire_get(out, n, &at, &fd, &back, &e));
	assert_string_equal(e.text, "message bundle came without its fd");
	n = at = 0;
	fd = 1000;
	assert_int_equal(wire_put(out, sizeof out, &n, wire_by_name("ping"), &ping), 0);
	assert_non_null(wire_get(out, n, &at, &fd, &back, &e));
	assert_int_equal(fd, 1000); /* nobody took it: the caller must refuse the frame */
	assert_int_equal(wire_fd_of(wire_by_name("ping"), &ping), -1);
}

static void refusals_name_the_message(void **state)
{
	unsigned char in[12] = {0};
	size_t at = 0;
	int fd = -1;
	union wire_any msg;
	struct err e;

	(void)state;
	assert_null(wire_get(in, 11, &at, &fd, &msg, &e));
	assert_string_equal(e.text, "11 bytes are too few for a message");
	memcpy(in, &(uint32_t){4711}, 4);
	assert_null(wire_get(in, 12, &at, &fd, &msg, &e));
	assert_string_equal(e.text, "there is no message 4711");
	memcpy(in, &(uint32_t){WIRE_ping}, 4);
	memcpy(in + 4, &(uint32_t){13}, 4);
	assert_null(wire_get(in, 12, &at, &fd, &msg, &e));
	assert_string_equal(e.text, "message ping: its length 13 does not fit the frame");
	memcpy(in + 4, &(uint32_t){12}, 4);
	assert_null(wire_get(in, 12, &at, &fd, &msg, &e));
	assert_string_equal(e.text, "message ping: the checksum is wrong");
	sum_up(in, 12);
	assert_null(wire_get(in, 12, &at, &fd, &msg, &e));
	assert_string_equal(e.text, "message ping: field 'seq' is broken");
}

static void rows_are_found_and_unique(void **state)
{
	(void)state;
	for (size_t i = 0; i < wire_rows; i++) {
		int fds = 0;
		assert_ptr_equal(wire_by_kind((uint32_t)wire_table[i].kind), &wire_table[i]);
		assert_ptr_equal(wire_by_name(wire_table[i].name), &wire_table[i]);
		assert_true(wire_table[i].doc[0] != '\0');
		for (const struct wire_field *f = wire_table[i].fields(); f->type != WIRE_T_end; f++)
			fds += f->type == WIRE_T_fd;
		assert_true(fds <= 1);
	}
	assert_null(wire_by_kind(0));
	assert_null(wire_by_name("nothing"));
}

static void make_writable(const void *at, size_t n)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)at / page * page;

	assert_int_equal(mprotect((void *)from, (uintptr_t)at + n - from, PROT_READ | PROT_WRITE), 0);
}

/* Puts `n` other bytes at `at`, inside the constant table, and looks whether the hash sees it. */
static void expect_new_hash(const void *at, const void *other, size_t n, const char *what)
{
	char kept[sizeof(void *)];
	uint64_t before = wire_hash(), between;
	void *to = (void *)(uintptr_t)at;

	make_writable(at, n);
	memcpy(kept, at, n);
	memcpy(to, other, n);
	between = wire_hash();
	memcpy(to, kept, n);
	if (before == between)
		fail_msg("%s was changed and the hash stayed", what);
	assert_true(wire_hash() == before);
}

static void every_change_of_the_table_changes_its_hash(void **state)
{
	static const char *const other = "other";

	(void)state;
	for (size_t i = 0; i < wire_rows; i++) {
		const struct wire_info *info = &wire_table[i];
		enum wire_kind kind = (enum wire_kind)(info->kind + 1000);
		expect_new_hash(&info->name, &other, sizeof other, info->name);
		expect_new_hash(&info->kind, &kind, sizeof kind, info->name);
		for (const struct wire_field *f = info->fields(); f->type != WIRE_T_end; f++) {
			enum wire_type type = f->type == WIRE_T_u64 ? WIRE_T_i64 : WIRE_T_u64;
			expect_new_hash(&f->name, &other, sizeof other, f->name);
			expect_new_hash(&f->type, &type, sizeof type, f->name);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_message_comes_back_as_it_went),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(every_flipped_bit_is_refused),
		cmocka_unit_test(a_good_sum_does_not_save_broken_fields),
		cmocka_unit_test(random_bytes_with_a_good_sum_never_break_the_reader),
		cmocka_unit_test(a_frame_holds_many_messages),
		cmocka_unit_test(a_full_frame_takes_nothing_by_halves),
		cmocka_unit_test(an_fd_that_is_missing_or_left_over_is_seen),
		cmocka_unit_test(refusals_name_the_message),
		cmocka_unit_test(rows_are_found_and_unique),
		cmocka_unit_test(every_change_of_the_table_changes_its_hash),
	};
	return cmocka_run_group_tests(tests, make_fence, NULL);
}
