/* links: cli/frame */
/* The codec of the control socket: any split of the bytes, and bytes that are no frame. */
#include "cli/frame.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

static void feed(struct frame_reader *r, const char *bytes, size_t n)
{
	memcpy(frame_room(r, n), bytes, n);
	frame_added(r, n);
}

static void a_head_is_one_line(void **state)
{
	char head[FRAME_HEAD_MAX];

	(void)state;
	assert_int_equal(frame_head(head, "verb", 1, 10), 10);
	assert_string_equal(head, "verb 1 10\n");
	assert_int_equal(frame_head(head, "cancel", UINT32_MAX, FRAME_PAYLOAD_MAX), 26);
	assert_string_equal(head, "cancel 4294967295 1048576\n");
}

static void expect(struct frame_reader *r, const char *verb, uint32_t id, const char *payload)
{
	struct frame f;
	struct err e;

	assert_int_equal(frame_next(r, &f, &e), 1);
	assert_string_equal(f.verb, verb);
	assert_int_equal(f.id, id);
	assert_int_equal(f.length, strlen(payload));
	assert_string_equal(f.payload, payload); /* a NUL follows it */
}

static void frames_come_out_however_the_bytes_are_split(void **state)
{
	static const char bytes[] = "hello 0 9\nversion=1out 1 3\na\nberr 7 0\ndone 1 2\n69";
	size_t n = sizeof bytes - 1;

	(void)state;
	for (size_t cut = 0; cut <= n; cut++) {
		struct frame_reader r;
		struct frame f;
		struct err e;
		int got = 0;
		frame_reader_init(&r);
		for (size_t at = 0; at < n;) {
			size_t piece = at < cut ? cut - at : n - at;
			feed(&r, bytes + at, piece);
			at += piece;
			while (at < n && frame_next(&r, &f, &e) > 0)
				got++;
		}
		if (got == 0) {
			expect(&r, "hello", 0, "version=1");
			expect(&r, "out", 1, "a\nb");
			expect(&r, "err", 7, "");
			expect(&r, "done", 1, "69");
		} else {
			while (frame_next(&r, &f, &e) > 0)
				got++;
			assert_int_equal(got, 4);
			assert_string_equal(f.payload, "69");
		}
		assert_int_equal(frame_next(&r, &f, &e), 0);
		frame_reader_free(&r);
	}
}

static void one_byte_at_a_time(void **state)
{
	static const char bytes[] = "out 1 3\nabcdone 1 1\n0";
	struct frame_reader r;
	struct frame f;
	struct err e;
	int got = 0;

	(void)state;
	frame_reader_init(&r);
	for (size_t i = 0; i + 1 < sizeof bytes; i++) {
		feed(&r, bytes + i, 1);
		if (frame_next(&r, &f, &e) == 0)
			continue;
		assert_string_equal(f.verb, got == 0 ? "out" : "done");
		assert_string_equal(f.payload, got == 0 ? "abc" : "0");
		got++;
	}
	assert_int_equal(got, 2);
	frame_reader_free(&r);
}

static void the_longest_payload_passes(void **state)
{
	char *big = malloc(FRAME_PAYLOAD_MAX), head[FRAME_HEAD_MAX];
	struct frame_reader r;
	struct frame f;
	struct err e;

	(void)state;
	memset(big, 'x', FRAME_PAYLOAD_MAX);
	frame_reader_init(&r);
	feed(&r, head, frame_head(head, "out", 1, FRAME_PAYLOAD_MAX));
	feed(&r, big, FRAME_PAYLOAD_MAX - 1);
	assert_int_equal(frame_next(&r, &f, &e), 0);
	feed(&r, big, 1);
	assert_int_equal(frame_next(&r, &f, &e), 1);
	assert_memory_equal(f.payload, big, FRAME_PAYLOAD_MAX);
	frame_reader_free(&r);
	free(big);
}

static void bytes_that_are_no_frame_are_refused(void **state)
{
	static const char *const cases[] = {
		"\n",
		" 1 1\n",
		"out\n",
		"out 1\n",
		"out 1 \n",
		"out  1\n",
		"out x 1\n",
		"out 1 x\n",
		"OUT 1 1\n",
		"out 1 1 \n",
		"out -1 1\n",
		"out 1 -1\n",
		"out 4294967296 1\n",
		"out 1 1048577\n",
		"out 1 99999999999999999999999\n",
		"out 1 1\r\n",
		"outoutoutoutouto 1 1\n",
		"HTTP/1.1 400 Bad Request\r\n",
		"out 00000000000000000000000000000000000000000000000000000000000000001 1\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct frame_reader r;
		struct frame f;
		struct err e;
		frame_reader_init(&r);
		feed(&r, cases[i], strlen(cases[i]));
		if (frame_next(&r, &f, &e) != -1)
			fail_msg("taken for a frame: %s", cases[i]);
		frame_reader_free(&r);
	}
}

static void a_head_that_never_ends_is_refused(void **state)
{
	struct frame_reader r;
	struct frame f;
	struct err e;
	int got = 0;

	(void)state;
	frame_reader_init(&r);
	for (int i = 0; i < FRAME_HEAD_MAX; i++) {
		assert_int_equal(got, 0);
		feed(&r, "a", 1);
		got = frame_next(&r, &f, &e);
	}
	assert_int_equal(got, -1);
	assert_string_equal(
		e.text, "the daemon answered with something that is no frame of the control socket");
	frame_reader_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_head_is_one_line),
		cmocka_unit_test(frames_come_out_however_the_bytes_are_split),
		cmocka_unit_test(one_byte_at_a_time),
		cmocka_unit_test(the_longest_payload_passes),
		cmocka_unit_test(bytes_that_are_no_frame_are_refused),
		cmocka_unit_test(a_head_that_never_ends_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
