/* tail: the slots of the last log lines. */
#include "base/fd.h"
#include "base/mem.h"
#include "base/tail.h"
#include "test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void write_text(int fd, const char *name, const char *text)
{
	int slot = tail_slot(fd, name);

	assert_true(slot >= 0);
	assert_int_equal(tail_write(fd, slot, name, text, strlen(text)), 0);
}

static void expect(int fd, const char *name, const char *text)
{
	char out[TAIL_TEXT];
	int len = tail_read(fd, name, out);

	if (text == NULL) {
		assert_int_equal(len, -1);
		return;
	}
	assert_int_equal(len, strlen(text));
	assert_memory_equal(out, text, strlen(text));
}

static void a_text_is_found_by_its_name(void **state)
{
	int fd = tail_new();

	(void)state;
	assert_true(fd >= 0);
	expect(fd, "web", NULL);
	write_text(fd, "web", "one\n");
	write_text(fd, "chat", "two\n");
	write_text(fd, "web", "three\n");
	expect(fd, "web", "three\n");
	expect(fd, "chat", "two\n");
	fd_close(&fd);
}

static void slots_of_gone_services_are_free_again(void **state)
{
	static const char *const stay[] = {"s1", NULL};
	int fd = tail_new();
	char name[16];

	(void)state;
	for (int i = 0; i < TAIL_SLOTS; i++) {
		(void)snprintf(name, sizeof name, "s%d", i);
		write_text(fd, name, name);
	}
	assert_int_equal(tail_slot(fd, "one more"), -1);
	tail_keep(fd, stay, 2);
	expect(fd, "s1", "s1");
	expect(fd, "s2", NULL);
	write_text(fd, "one more", "x");
	fd_close(&fd);
}

static void a_text_is_cut_and_a_long_name_has_no_slot(void **state)
{
	static char text[TAIL_SLOT * 2], name[TAIL_NAME + 1], out[TAIL_TEXT];
	int fd = tail_new();

	(void)state;
	memset(text, 'x', sizeof text);
	memset(name, 'n', TAIL_NAME);
	assert_int_equal(tail_slot(fd, name), -1);
	assert_int_equal(tail_slot(fd, ""), -1);
	write_text(fd, "next", "untouched");
	assert_int_equal(tail_write(fd, 1, "web", text, sizeof text), 0);
	assert_int_equal(tail_read(fd, "web", out), TAIL_TEXT);
	expect(fd, "next", "untouched");
	fd_close(&fd);
}

/* Whatever a broken or hostile writer left: a length beyond the slot, a write that never ended. */
static void foreign_bytes_are_bounded(void **state)
{
	struct tail_head head = {.sequence = 2, .length = UINT32_MAX, .name = "web"};
	char out[TAIL_TEXT];
	int fd = tail_new();

	(void)state;
	assert_int_equal(pwrite(fd, &head, sizeof head, 0), sizeof head);
	assert_int_equal(tail_read(fd, "web", out), -1);
	head.length = 3;
	head.sequence = 3;
	assert_int_equal(pwrite(fd, &head, sizeof head, 0), sizeof head);
	assert_int_equal(tail_read(fd, "web", out), -1);
	memset(&head, 'x', sizeof head);
	assert_int_equal(pwrite(fd, &head, sizeof head, 0), sizeof head);
	assert_int_equal(tail_read(fd, "web", out), -1);
	write_text(fd, "web", "good");
	expect(fd, "web", "good");
	fd_close(&fd);
}

static void nobody_can_shrink_it(void **state)
{
	int fd = tail_new();

	(void)state;
	assert_int_equal(ftruncate(fd, 0), -1);
	fd_close(&fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_is_found_by_its_name),
		cmocka_unit_test(slots_of_gone_services_are_free_again),
		cmocka_unit_test(a_text_is_cut_and_a_long_name_has_no_slot),
		cmocka_unit_test(foreign_bytes_are_bounded),
		cmocka_unit_test(nobody_can_shrink_it),
	};

	return cmocka_run_group_tests_name("tail", tests, NULL, NULL);
}
