/* links: engine/state; state: what policies remember survives a death at any byte of a save. */
#include "engine/state.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int new_file(off_t size)
{
	int fd = memfd_create("test-state", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	return fd;
}

/* Another engine that gets the same file. */
static void attach_again(struct state *s, int fd)
{
	struct err e;

	assert_int_equal(state_attach(s, dup(fd), &e), 0);
}

static void expect(struct state *s, const char *text)
{
	char *bytes = NULL;
	size_t len = 0;
	struct err e;

	assert_int_equal(state_load(s, &bytes, &len, &e), 1);
	assert_int_equal(len, strlen(text));
	assert_memory_equal(bytes, text, len);
	free(bytes);
}

static void a_new_file_has_nothing(void **state)
{
	struct state s;
	struct err e;
	char *bytes;
	size_t len;

	(void)state;
	assert_int_equal(state_attach(&s, new_file(STATE_LEAST), &e), 0);
	assert_int_equal(state_load(&s, &bytes, &len, &e), 0);
	assert_int_equal(state_last_mark(&s, (char[8]){0}, 8), 0);
	state_close(&s);
	assert_int_equal(s.fd, -1);
}

static void the_last_save_is_what_the_next_engine_loads(void **state)
{
	int fd = new_file(STATE_LEAST);
	struct state s, next;
	struct err e;

	(void)state;
	attach_again(&s, fd);
	for (int i = 0; i < 5; i++) {
		char text[16];
		int n = snprintf(text, sizeof text, "save %d", i);
		assert_int_equal(state_save(&s, text, (size_t)n, &e), 0);
		expect(&s, text);
		attach_again(&next, fd);
		expect(&next, text);
		state_close(&next);
	}
	state_close(&s);
	close(fd);
}

/* Byte by byte: each one of the newest save broken leaves the one before. */
static void a_torn_save_leaves_the_one_before(void **state)
{
	static const char old[] = "the old one", new[] = "the new one, longer";
	int fd = new_file(STATE_LEAST);
	uint64_t second;
	struct state s, next;
	struct err e;

	(void)state;
	attach_again(&s, fd);
	assert_int_equal(state_save(&s, old, strlen(old), &e), 0);
	assert_int_equal(state_save(&s, new, strlen(new), &e), 0);
	second = STATE_PAGE + s.slot_size;
	for (off_t at = (off_t)second; at < (off_t)(second + 32 + strlen(new)); at++) {
		unsigned char byte, other;
		assert_int_equal(pread(fd, &byte, 1, at), 1);
		other = (unsigned char)(byte ^ 0x5a);
		assert_int_equal(pwrite(fd, &other, 1, at), 1);
		attach_again(&next, fd);
		expect(&next, old);
		state_close(&next);
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	}
	attach_again(&next, fd);
	expect(&next, new);
	state_close(&next);
	state_close(&s);
	close(fd);
}

static void a_save_after_a_torn_one_works(void **state)
{
	int fd = new_file(STATE_LEAST);
	struct state s;
	struct err e;

	(void)state;
	attach_again(&s, fd);
	assert_int_equal(state_save(&s, "one", 3, &e), 0);
	assert_int_equal(state_save(&s, "two", 3, &e), 0);
	assert_int_equal(pwrite(fd, "garbage", 7, (off_t)(STATE_PAGE + s.slot_size + 34)), 7);
	state_close(&s);
	attach_again(&s, fd);
	expect(&s, "one");
	assert_int_equal(state_save(&s, "three", 5, &e), 0);
	state_close(&s);
	attach_again(&s, fd);
	expect(&s, "three");
	state_close(&s);
	close(fd);
}

static void what_does_not_fit_is_refused_and_changes_nothing(void **state)
{
	static char much[STATE_LEAST];
	struct state s;
	struct err e;

	(void)state;
	assert_int_equal(state_attach(&s, new_file(STATE_LEAST), &e), 0);
	assert_int_equal(state_save(&s, "small", 5, &e), 0);
	assert_int_equal(state_save(&s, much, sizeof much, &e), -1);
	assert_non_null(strstr(e.text, "there is room for"));
	expect(&s, "small");
	state_close(&s);
}

static void a_file_that_is_too_small_is_refused(void **state)
{
	struct state s;
	struct err e;

	(void)state;
	assert_int_equal(state_attach(&s, new_file(4096), &e), -1);
	assert_string_equal(e.text, "the memory of policies has 4096 bytes; it needs 65536");
	state_close(&s);
}

static void the_mark_survives(void **state)
{
	int fd = new_file(STATE_LEAST);
	struct state s;
	char text[STATE_PAGE], much[2 * STATE_PAGE];

	(void)state;
	attach_again(&s, fd);
	state_mark(&s, "web/min_avail");
	state_close(&s);
	state_mark(&s, "nobody hears this");
	attach_again(&s, fd);
	assert_int_equal(state_last_mark(&s, text, sizeof text), 13);
	assert_memory_equal(text, "web/min_avail", 13);
	memset(much, 'x', sizeof much - 1);
	much[sizeof much - 1] = '\0';
	state_mark(&s, much);
	assert_in_range(state_last_mark(&s, text, sizeof text), 4000, STATE_PAGE - 1);
	state_mark(&s, "");
	assert_int_equal(state_last_mark(&s, text, sizeof text), 0);
	state_close(&s);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_file_has_nothing),
		cmocka_unit_test(the_last_save_is_what_the_next_engine_loads),
		cmocka_unit_test(a_torn_save_leaves_the_one_before),
		cmocka_unit_test(a_save_after_a_torn_one_works),
		cmocka_unit_test(what_does_not_fit_is_refused_and_changes_nothing),
		cmocka_unit_test(a_file_that_is_too_small_is_refused),
		cmocka_unit_test(the_mark_survives),
	};

	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
