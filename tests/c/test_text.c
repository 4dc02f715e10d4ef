/* text: every good and bad form of a value, with the sentence people read. */
#include "base/text.h"
#include "test.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef int (*parser)(const char *text, int64_t *n, struct err *e);
typedef void (*printer)(char *out, size_t room, int64_t n);

struct good {
	const char *text;
	int64_t n;
	const char *printed; /* NULL: as written */
};

struct bad {
	const char *text, *sentence;
};

static void check_good(parser parse, printer print, const struct good *row)
{
	for (; row->text != NULL; row++) {
		int64_t n = -1;
		char out[64];
		struct err e = {""};
		if (parse(row->text, &n, &e) != 0)
			fail_msg("'%s' was refused: %s", row->text, e.text);
		if (n != row->n)
			fail_msg("'%s' is %" PRId64 ", not %" PRId64, row->text, n, row->n);
		print(out, sizeof out, n);
		assert_string_equal(out, row->printed != NULL ? row->printed : row->text);
	}
}

static void check_bad(parser parse, const struct bad *row)
{
	for (; row->text != NULL; row++) {
		int64_t n;
		struct err e = {""};
		if (parse(row->text, &n, &e) != -1)
			fail_msg("'%s' was taken as %" PRId64, row->text, n);
		assert_string_equal(e.text, row->sentence);
		assert_int_equal(parse(row->text, &n, NULL), -1);
	}
}

static void good_durations_are_milliseconds(void **state)
{
	static const struct good rows[] = {
		{"0", 0, NULL},
		{"500ms", 500, NULL},
		{"60s", 60000, "1min"},
		{"5min", 300000, NULL},
		{"1h", 3600000, NULL},
		{"1d", 86400000, NULL},
		{"90s", 90000, NULL},
		{"1min 30s", 90000, "90s"},
		{"1min30s", 90000, "90s"},
		{"1h 1min 1s 1ms", 3661001, "3661001ms"},
		{"2 hours", 7200000, "2h"},
		{"1 day", 86400000, "1d"},
		{"3 days", 259200000, "3d"},
		{"1 minute", 60000, "1min"},
		{"2 mins", 120000, "2min"},
		{"10 secs", 10000, "10s"},
		{"1 second", 1000, "1s"},
		{"0s", 0, "0"},
		{"never", TEXT_UNLIMITED, NULL},
		{"4294967295s", TEXT_UNLIMITED, "never"},
		{"04294967295s", INT64_C(4294967295000), "4294967295000ms"},
		{"infinite", TEXT_UNLIMITED, "never"},
		{NULL, 0, NULL},
	};
	(void)state;
	check_good(text_duration, text_print_duration, rows);
}

static void bad_durations_say_why(void **state)
{
	static const struct bad rows[] = {
		{"60", "'60' has no unit: 60 what? Write \"60s\", \"60min\" or \"60h\""},
		{"1m", "'1m' is not clear: 'm' could be minutes or months; write \"1min\""},
		{"", "'' is not a duration; write \"500ms\", \"60s\", \"5min\", \"1h\", \"1d\" or \"never\""},
		{"soon", "'soon' is not a duration; write \"500ms\", \"60s\", \"5min\", \"1h\", \"1d\" or "
			 "\"never\""},
		{"-1s", "'-1s' is not a duration; write \"500ms\", \"60s\", \"5min\", \"1h\", \"1d\" or "
			"\"never\""},
		{"1.5s", "'1.5s' is not a duration; write \"500ms\", \"60s\", \"5min\", \"1h\", \"1d\" or "
			 "\"never\""},
		{" 1s", "' 1s' is not a duration; write \"500ms\", \"60s\", \"5min\", \"1h\", \"1d\" or "
			"\"never\""},
		{"1s ", "'1s ' is not a duration; write \"500ms\", \"60s\", \"5min\", \"1h\", \"1d\" or "
			"\"never\""},
		{"1S", "'1S' is not a duration; write \"500ms\", \"60s\", \"5min\", \"1h\", \"1d\" or "
		       "\"never\""},
		{"1s30", "'1s30' is not a duration; write \"500ms\", \"60s\", \"5min\", \"1h\", \"1d\" or "
			 "\"never\""},
		{"1weeks", "'1weeks' is not a duration; write \"500ms\", \"60s\", \"5min\", \"1h\", \"1d\" "
			   "or \"never\""},
		{"9223372036854775807s",
			"'9223372036854775807s' is longer than Reeve can count; write \"never\""},
		{"106751991168d", "'106751991168d' is longer than Reeve can count; write \"never\""},
		{NULL, NULL},
	};
	(void)state;
	check_bad(text_duration, rows);
}

static void good_sizes_are_powers_of_1024(void **state)
{
	static const struct good rows[] = {
		{"0", 0, NULL},
		{"1B", 1, NULL},
		{"64K", 65536, NULL},
		{"256M", 268435456, NULL},
		{"1G", 1073741824, NULL},
		{"2T", INT64_C(2199023255552), NULL},
		{"1024K", 1048576, "1M"},
		{"1025K", 1049600, NULL},
		{"unlimited", TEXT_UNLIMITED, NULL},
		{NULL, 0, NULL},
	};
	(void)state;
	check_good(text_size, text_print_size, rows);
}

static void bad_sizes_say_why(void **state)
{
	static const struct bad rows[] = {
		{"256", "'256' has no unit: write \"256M\" (or K, G; powers of 1024)"},
		{"256MB", "'256MB' is not clear: 1000 or 1024? Write \"256M\" (powers of 1024)"},
		{"1KB", "'1KB' is not clear: 1000 or 1024? Write \"1K\" (powers of 1024)"},
		{"1XB", "'1XB' is not a size; write \"64K\", \"256M\", \"1G\" or \"unlimited\""},
		{"256m", "'256m' is not a size; write \"64K\", \"256M\", \"1G\" or \"unlimited\""},
		{"", "'' is not a size; write \"64K\", \"256M\", \"1G\" or \"unlimited\""},
		{"-1M", "'-1M' is not a size; write \"64K\", \"256M\", \"1G\" or \"unlimited\""},
		{"1.5G", "'1.5G' is not a size; write \"64K\", \"256M\", \"1G\" or \"unlimited\""},
		{"1 G", "'1 G' is not a size; write \"64K\", \"256M\", \"1G\" or \"unlimited\""},
		{"1G ", "'1G ' is not a size; write \"64K\", \"256M\", \"1G\" or \"unlimited\""},
		{"never", "'never' is not a size; write \"64K\", \"256M\", \"1G\" or \"unlimited\""},
		{"8388608T", "'8388608T' is more than Reeve can count; write \"unlimited\""},
		{NULL, NULL},
	};
	(void)state;
	check_bad(text_size, rows);
}

static void counts_are_whole_numbers(void **state)
{
	static const struct good good[] = {
		{"0", 0, NULL},
		{"12", 12, NULL},
		{"007", 7, "7"},
		{"9223372036854775806", INT64_MAX - 1, NULL},
		{"unlimited", TEXT_UNLIMITED, NULL},
		{NULL, 0, NULL},
	};
	static const struct bad bad[] = {
		{"", "'' is not a whole number from 0 up"},
		{"-1", "'-1' is not a whole number from 0 up"},
		{"1.5", "'1.5' is not a whole number from 0 up"},
		{"1e3", "'1e3' is not a whole number from 0 up"},
		{"0x10", "'0x10' is not a whole number from 0 up"},
		{" 1", "' 1' is not a whole number from 0 up"},
		{"1 ", "'1 ' is not a whole number from 0 up"},
		{"many", "'many' is not a whole number from 0 up"},
		{"9223372036854775808", "'9223372036854775808' is not a whole number from 0 up"},
		{NULL, NULL},
	};
	(void)state;
	check_good(text_count, text_print_count, good);
	check_bad(text_count, bad);
}

static void integers_may_be_negative(void **state)
{
	static const struct good good[] = {
		{"0", 0, NULL},
		{"-20", -20, NULL},
		{"19", 19, NULL},
		{"-0", 0, "0"},
		{NULL, 0, NULL},
	};
	static const struct bad bad[] = {
		{"", "'' is not a whole number"},
		{"-", "'-' is not a whole number"},
		{"--1", "'--1' is not a whole number"},
		{"+1", "'+1' is not a whole number"},
		{"1.5", "'1.5' is not a whole number"},
		{"unlimited", "'unlimited' is not a whole number"},
		{"-9223372036854775808", "'-9223372036854775808' is not a whole number"},
		{NULL, NULL},
	};
	(void)state;
	check_good(text_integer, text_print_integer, good);
	check_bad(text_integer, bad);
}

static void modes_are_octal_with_a_leading_0(void **state)
{
	static const struct good good[] = {
		{"0", 0, NULL},
		{"00", 0, "0"},
		{"0000", 0, "0"},
		{"0660", 0660, NULL},
		{"0600", 0600, NULL},
		{"07777", 07777, NULL},
		{"01", 1, "0001"},
		{NULL, 0, NULL},
	};
	static const struct bad bad[] = {
		{"660", "'660' lacks the leading 0 of an octal mode; write \"0660\""},
		{"0888", "'0888' is not a file mode; write four octal digits such as \"0660\""},
		{"0x1b0", "'0x1b0' is not a file mode; write four octal digits such as \"0660\""},
		{"-0660", "'-0660' is not a file mode; write four octal digits such as \"0660\""},
		{"rw-rw----", "'rw-rw----' is not a file mode; write four octal digits such as \"0660\""},
		{"010000", "'010000' is not a file mode; write four octal digits such as \"0660\""},
		{"0777777777777777777777777", "'0777777777777777777777777' is not a file mode; write four "
					      "octal digits such as \"0660\""},
		{"", "'' is not a file mode; write four octal digits such as \"0660\""},
		{NULL, NULL},
	};
	(void)state;
	check_good(text_mode, text_print_mode, good);
	check_bad(text_mode, bad);
}

static int64_t some_number(uint64_t *random, int64_t most)
{
	uint64_t n = test_random(random) >> test_below(random, 63);

	return (int64_t)(n % ((uint64_t)most + 1));
}

static void what_is_printed_is_read_back(void **state)
{
	static const struct {
		parser parse;
		printer print;
		int64_t most;
	} kinds[] = {
		{text_duration, text_print_duration, TEXT_UNLIMITED - 1},
		{text_size, text_print_size, TEXT_UNLIMITED - 1},
		{text_count, text_print_count, TEXT_UNLIMITED - 1},
		{text_mode, text_print_mode, 07777},
	};
	uint64_t random = test_seed();

	(void)state;
	for (int i = 0; i < 200000; i++) {
		int64_t n = some_number(&random, kinds[i % 4].most), back = -1;
		char out[64];
		struct err e = {""};
		if (i % 3 == 0) /* round ones: those that print with the larger units */
			n = n / 3600000 * 3600000 % (kinds[i % 4].most + 1);
		kinds[i % 4].print(out, sizeof out, n);
		if (kinds[i % 4].parse(out, &back, &e) != 0 || back != n)
			fail_msg("%" PRId64 " was printed as '%s' and read as %" PRId64 " %s", n, out, back,
				e.text);
	}
}

static void random_text_never_breaks_a_parser(void **state)
{
	static const char alphabet[] = "0123456789 msinhdKMGTB-.neverulitd\t\xc3\xa4";
	static const parser parsers[] = {text_duration, text_size, text_count, text_mode};
	uint64_t random = test_seed();

	(void)state;
	for (int i = 0; i < 200000; i++) {
		char text[24];
		size_t n = test_below(&random, sizeof text);
		int64_t value = 0;
		struct err e = {""};
		for (size_t k = 0; k < n; k++)
			text[k] = alphabet[test_below(&random, sizeof alphabet - 1)];
		text[n] = '\0';
		if (parsers[i % 4](text, &value, &e) == 0)
			assert_true(value >= 0);
		else
			assert_true(strstr(e.text, text) != NULL);
	}
}

static void a_near_name_is_suggested(void **state)
{
	static const char *const names[] = {"client_limit", "process_limit", "port", "user", "idle_kill"};
	static const struct {
		const char *word, *meant;
	} rows[] = {
		{"cleint_limit", "client_limit"},
		{"client_limt", "client_limit"},
		{"CLIENT_LIMIT", "client_limit"},
		{"prot", "port"},
		{"PROT", "port"},
		{"usr", "user"},
		{"users", "user"},
		{"idel_kil", "idle_kill"},
		{"process_limit", "process_limit"},
		{"mode", NULL},
		{"", NULL},
		{"x", NULL},
		{"completely_other", NULL},
		{NULL, NULL},
	};
	char huge[400];

	(void)state;
	for (size_t i = 0; rows[i].word != NULL; i++) {
		const char *got = text_suggest(rows[i].word, names, 5);
		if (rows[i].meant == NULL)
			assert_null(got);
		else
			assert_string_equal(got, rows[i].meant);
	}
	memset(huge, 'a', sizeof huge);
	huge[sizeof huge - 1] = '\0';
	assert_null(text_suggest(huge, names, 5));
	assert_null(text_suggest("port", names, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_durations_are_milliseconds),
		cmocka_unit_test(bad_durations_say_why),
		cmocka_unit_test(good_sizes_are_powers_of_1024),
		cmocka_unit_test(bad_sizes_say_why),
		cmocka_unit_test(counts_are_whole_numbers),
		cmocka_unit_test(integers_may_be_negative),
		cmocka_unit_test(modes_are_octal_with_a_leading_0),
		cmocka_unit_test(what_is_printed_is_read_back),
		cmocka_unit_test(random_text_never_breaks_a_parser),
		cmocka_unit_test(a_near_name_is_suggested),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
