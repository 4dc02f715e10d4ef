/* links: engine/frame; frame: whole frames come out however the bytes come in; nonsense is refused. */
#include "engine/frame.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

static void feed(struct frame_reader *r, const char *bytes, size_t n)
{
	size_t room;
	char *to = frame_room(r, n, &room);

	assert_true(room >= n);
	memcpy(to, bytes, n);
	frame_fed(r, n);
}

static const char stream[] = "hello 0 5\nproto"
			     "verb 7 0\n"
			     "eval 2147483647 3\n\0\n\0"
			     "cancel 1 1\n7";
#define STREAM_LENGTH (sizeof stream - 1)

static const struct {
	const char *verb;
	uint32_t id;
	const char *payload;
	size_t length;
} frames[] = {
	{"hello", 0, "proto", 5},
	{"verb", 7, "", 0},
	{"eval", 2147483647, "\0\n\0", 3},
	{"cancel", 1, "7", 1},
};

/* Pieces of `step` bytes, each in front of nothing. */
static void read_in_pieces(size_t step)
{
	struct frame_reader r = {0};
	struct frame f;
	struct err e;
	size_t n = 0;

	for (size_t at = 0; at < STREAM_LENGTH; at += step) {
		int got;
		feed(&r, stream + at, STREAM_LENGTH - at < step ? STREAM_LENGTH - at : step);
		while ((got = frame_next(&r, &f, &e)) > 0) {
			assert_string_equal(f.verb, frames[n].verb);
			assert_int_equal(f.id, frames[n].id);
			assert_int_equal(f.length, frames[n].length);
			assert_memory_equal(f.payload, frames[n].payload, f.length);
			n++;
		}
		assert_int_equal(got, 0);
	}
	assert_int_equal(n, 4);
	frame_free(&r);
}

static void frames_come_out_however_the_bytes_come_in(void **state)
{
	(void)state;
	for (size_t step = 1; step <= STREAM_LENGTH; step++)
		read_in_pieces(step);
}

static void nonsense_is_refused_with_a_sentence(void **state)
{
	static const struct {
		const char *bytes, *sentence;
	} cases[] = {
		{"GET / HTTP/1.1\n", "a frame begins with 'VERB id length' and a newline"},
		{"\n", "a frame begins with 'VERB id length' and a newline"},
		{" 1 1\n", "a frame begins with 'VERB id length' and a newline"},
		{"verb\n", "a frame begins with 'VERB id length' and a newline"},
		{"abcdefghijklmnopq 1 1\n", "a frame begins with 'VERB id length' and a newline"},
		{"verb x 1\n", "frame verb: its id is not a number below 2147483648"},
		{"verb -1 1\n", "frame verb: its id is not a number below 2147483648"},
		{"verb 2147483648 1\n", "frame verb: its id is not a number below 2147483648"},
		{"verb 99999999999999999999 1\n", "frame verb: its id is not a number below 2147483648"},
		{"verb 01 1\n", "frame verb: its id is not a number below 2147483648"},
		{"verb 1\n", "frame verb: its id is not a number below 2147483648"},
		{"verb 1 \n", "frame verb: its length is not a number"},
		{"verb 1 1 \n", "frame verb: its length is not a number"},
		{"verb 1 1\r\n", "frame verb: its length is not a number"},
		{"verb 1 1048577\n", "frame verb: 1048577 bytes are more than the 1048576 a frame may have"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct frame_reader r = {0};
		struct frame f;
		struct err e;
		feed(&r, cases[i].bytes, strlen(cases[i].bytes));
		assert_int_equal(frame_next(&r, &f, &e), -1);
		assert_string_equal(e.text, cases[i].sentence);
		frame_free(&r);
	}
}

static void a_header_without_end_is_refused(void **state)
{
	struct frame_reader r = {0};
	struct frame f;
	struct err e;
	int got = 0;

	(void)state;
	for (int i = 0; i < FRAME_HEADER_MAX; i++) {
		assert_int_equal(got, 0);
		feed(&r, "a", 1);
		got = frame_next(&r, &f, &e);
	}
	assert_int_equal(got, -1);
	assert_string_equal(e.text, "a frame begins with a line of at most 64 bytes");
	frame_free(&r);
}

/* Random bytes in random pieces: no crash, no frame beyond its bounds. */
static void random_bytes_break_nothing(void **state)
{
	static const char letters[] = "ab 019\n\n -x";
	uint64_t seed = test_seed();

	(void)state;
	for (int run = 0; run < 5000; run++) {
		struct frame_reader r = {0};
		struct frame f;
		struct err e;
		int got = 0;
		for (int i = 0; i < 40 && got >= 0; i++) {
			char c = letters[test_below(&seed, sizeof letters - 1)];
			feed(&r, &c, 1);
			while ((got = frame_next(&r, &f, &e)) > 0)
				assert_true(f.length < 40 && strlen(f.verb) <= FRAME_VERB_MAX);
		}
		frame_free(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_come_out_however_the_bytes_come_in),
		cmocka_unit_test(nonsense_is_refused_with_a_sentence),
		cmocka_unit_test(a_header_without_end_is_refused),
		cmocka_unit_test(random_bytes_break_nothing),
	};

	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
