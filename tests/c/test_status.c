/* links: master/status */
/* status: what a worker writes to its status pipe is untrusted: partial, empty, huge, forged. */
#include "master/status.h"
#include "test.h"

#include <string.h>

struct seen {
	uint32_t values[128];
	size_t n;
};

static void see(void *arg, uint32_t available)
{
	struct seen *s = arg;

	if (s->n < 128)
		s->values[s->n++] = available;
}

static void write_one(char *out, int32_t pid, uint32_t uid, uint32_t available)
{
	memcpy(out, &pid, 4);
	memcpy(out + 4, &uid, 4);
	memcpy(out + 8, &available, 4);
}

static void messages_are_seen_in_order(void **state)
{
	char bytes[3 * STATUS_BYTES];
	struct seen seen = {.n = 0};
	struct status said;

	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		write_one(bytes + i * STATUS_BYTES, 17, 4, 3 - i);
	status_read(bytes, sizeof bytes, 17, 4, see, &seen, &said);
	assert_int_equal(said.messages, 3);
	assert_int_equal(said.bad, 0);
	assert_int_equal(said.available, 1);
	assert_int_equal(seen.n, 3);
	assert_int_equal(seen.values[0], 3);
	assert_int_equal(seen.values[2], 1);
}

static void nothing_is_nothing(void **state)
{
	struct seen seen = {.n = 0};
	struct status said;

	(void)state;
	status_read("", 0, 17, 4, see, &seen, &said);
	assert_int_equal(said.messages + said.bad, 0);
	assert_int_equal(seen.n, 0);
}

static void every_partial_message_is_one_bad_one(void **state)
{
	char bytes[2 * STATUS_BYTES];

	(void)state;
	write_one(bytes, 17, 4, 9);
	write_one(bytes + STATUS_BYTES, 17, 4, 8);
	for (size_t n = 1; n < sizeof bytes; n++) {
		struct seen seen = {.n = 0};
		struct status said;
		status_read(bytes, n, 17, 4, see, &seen, &said);
		assert_int_equal(said.messages, n / STATUS_BYTES);
		assert_int_equal(said.bad, n % STATUS_BYTES != 0);
		assert_int_equal(seen.n, n / STATUS_BYTES);
	}
}

static void forged_senders_are_not_believed(void **state)
{
	static const struct {
		int32_t pid;
		uint32_t uid;
	} forged[] = {{18, 4}, {17, 5}, {0, 0}, {-1, UINT32_MAX}, {1, 4}};

	(void)state;
	for (size_t i = 0; i < sizeof forged / sizeof forged[0]; i++) {
		char bytes[STATUS_BYTES];
		struct seen seen = {.n = 0};
		struct status said;
		write_one(bytes, forged[i].pid, forged[i].uid, 5);
		status_read(bytes, sizeof bytes, 17, 4, see, &seen, &said);
		assert_int_equal(said.bad, 1);
		assert_int_equal(seen.n, 0);
	}
}

static void huge_numbers_are_passed_on_for_the_pool_to_clamp(void **state)
{
	char bytes[STATUS_BYTES];
	struct seen seen = {.n = 0};
	struct status said;

	(void)state;
	write_one(bytes, 17, 4, UINT32_MAX);
	status_read(bytes, sizeof bytes, 17, 4, see, &seen, &said);
	assert_int_equal(said.messages, 1);
	assert_true(seen.values[0] == UINT32_MAX);
}

static void known_statuses_have_a_reason(void **state)
{
	(void)state;
	assert_string_equal(status_reason(84), "exec failed");
	assert_string_equal(status_reason(83), "out of memory; vsz_limit may be too low");
	assert_string_equal(status_reason(0), "");
	assert_string_equal(status_reason(3), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_are_seen_in_order),
		cmocka_unit_test(nothing_is_nothing),
		cmocka_unit_test(every_partial_message_is_one_bad_one),
		cmocka_unit_test(forged_senders_are_not_believed),
		cmocka_unit_test(huge_numbers_are_passed_on_for_the_pool_to_clamp),
		cmocka_unit_test(known_statuses_have_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
