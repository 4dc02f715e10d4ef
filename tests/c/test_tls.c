/* links: tls/mistake tls/flow tls/options worker/environment */
/* The pure parts of reeve-tls: a direction's buffer, and the words it is started with. */
#include "test.h"
#include "tls/flow.h"
#include "tls/options.h"

#include <stdio.h>
#include <string.h>

/* ---- flow */

static struct flow flow;

static void put(size_t n, unsigned char *next)
{
	unsigned char *to;
	size_t room = flow_room(&flow, &to);

	n = n < room ? n : room;
	for (size_t i = 0; i < n; i++)
		to[i] = (*next)++;
	if (n > 0)
		flow_added(&flow, n);
}

static void get(size_t n, unsigned char *next)
{
	const unsigned char *from;
	size_t waiting = flow_waiting(&flow, &from);

	n = n < waiting ? n : waiting;
	for (size_t i = 0; i < n; i++)
		assert_int_equal(from[i], (*next)++);
	flow_removed(&flow, n);
}

static void bytes_come_out_in_their_order(void **state)
{
	uint64_t random = test_seed();
	unsigned char in = 0, out = 0;

	(void)state;
	memset(&flow, 0, sizeof flow);
	for (int i = 0; i < 20000; i++) {
		put(test_below(&random, FLOW_ROOM / 3), &in);
		get(test_below(&random, FLOW_ROOM / 3), &out);
	}
	get(FLOW_ROOM, &out);
	assert_int_equal(in, out);
}

static void a_full_flow_takes_nothing_until_something_has_left(void **state)
{
	unsigned char in = 0, out = 0, *to;

	(void)state;
	memset(&flow, 0, sizeof flow);
	put(FLOW_ROOM, &in);
	assert_int_equal(flow_room(&flow, &to), 0);
	get(1, &out);
	assert_int_equal(flow_room(&flow, &to), 1);
	put(1, &in);
	assert_int_equal(flow_room(&flow, &to), 0);
	get(FLOW_ROOM, &out);
	assert_int_equal(flow_room(&flow, &to), FLOW_ROOM);
}

static void the_end_is_told_once_after_the_last_byte(void **state)
{
	unsigned char in = 0, out = 0, *to;

	(void)state;
	memset(&flow, 0, sizeof flow);
	put(3, &in);
	flow_end(&flow);
	assert_int_equal(flow_room(&flow, &to), 0);
	assert_false(flow_must_tell(&flow));
	get(2, &out);
	assert_false(flow_must_tell(&flow));
	get(1, &out);
	assert_true(flow_must_tell(&flow));
	flow_told(&flow);
	assert_false(flow_must_tell(&flow));
	flow_end(&flow);
	assert_int_equal(flow.state, FLOW_ENDED);
}

static void a_broken_flow_forgets_what_waits(void **state)
{
	unsigned char in = 0, *to;
	const unsigned char *from;

	(void)state;
	memset(&flow, 0, sizeof flow);
	put(100, &in);
	flow_break(&flow);
	assert_int_equal(flow_waiting(&flow, &from), 0);
	assert_int_equal(flow_room(&flow, &to), 0);
	assert_false(flow_must_tell(&flow));
}

/* ---- options */

static struct options options;
static struct reeve_error error;

/* Words separated by blanks. */
static int read_words(const char *line)
{
	static char text[8192];
	char *argv[600], *word;
	int argc = 0;

	(void)snprintf(text, sizeof text, "reeve-tls %s", line);
	for (word = strtok(text, " "); word != NULL && argc < 600; word = strtok(NULL, " "))
		argv[argc++] = word;
	return options_read(&options, argc, argv, &error);
}

static void words_make_routes(void **state)
{
	const struct route *r;

	(void)state;
	assert_int_equal(
		read_words(
			"--listener https --to /run/a --send-proxy --certificate C1 K1 --certificate C2 K2 "
			"--listener smtp --to /run/b"),
		0);
	assert_int_equal(options.routes_n, 2);
	r = options_route(&options, "https");
	assert_string_equal(r->path, "/run/a");
	assert_true(r->send_proxy);
	assert_int_equal(r->certificates_n, 2);
	assert_string_equal(r->certificates[1].certificate, "C2");
	assert_string_equal(r->certificates[1].key, "K2");
	assert_int_equal(r->verify, VERIFY_NONE);
	assert_false(r->is_1_3_only);
	r = options_route(&options, "smtp");
	assert_false(r->send_proxy);
	assert_int_equal(r->certificates_n, 0);
	assert_null(options_route(&options, "imaps"));
}

static void words_say_which_tls_and_which_clients(void **state)
{
	const struct route *r;

	(void)state;
	assert_int_equal(
		read_words("--listener a --to /a --min-protocol TLSv1.3 --ciphers X:Y --verify-client true "
			   "--ca C1 --ca C2 --listener b --to /b --min-protocol TLSv1.2 --verify-client "
			   "required"),
		0);
	r = options_route(&options, "a");
	assert_true(r->is_1_3_only);
	assert_string_equal(r->ciphers, "X:Y");
	assert_int_equal(r->verify, VERIFY_ASKED);
	assert_int_equal(r->authorities_n, 2);
	assert_string_equal(r->authorities[1], "C2");
	r = options_route(&options, "b");
	assert_false(r->is_1_3_only);
	assert_null(r->ciphers);
	assert_int_equal(r->verify, VERIFY_REQUIRED);
}

static void words_that_say_nothing_good_are_refused(void **state)
{
	static const struct {
		const char *line, *sentence;
	} rows[] = {
		{"", "no --listener"},
		{"--to /run/a", "--to stands before the first --listener"},
		{"--listener", "--listener needs 1 more word"},
		{"--listener a", "--listener a has no --to"},
		{"--listener a --to run/a", "--to run/a is not an absolute path"},
		{"--listener a --to /run/a --certificate C", "--certificate needs 2 more words"},
		{"--listener a --to /run/a --listener a --to /run/b", "--listener a stands there twice"},
		{"--listener a --to /run/a --port 80", "there is no option --port"},
		{"serve", "there is no option serve"},
		{"--listener a --to /a --min-protocol SSLv3",
			"--min-protocol SSLv3 is neither TLSv1.2 nor TLSv1.3"},
		{"--listener a --to /a --verify-client no",
			"--verify-client no is neither true nor required"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(read_words(rows[i].line), -1);
		if (strstr(error.text, rows[i].sentence) == NULL)
			fail_msg("'%s' does not say '%s'", error.text, rows[i].sentence);
	}
}

static void too_many_are_refused(void **state)
{
	char line[8192] = "--listener a --to /a";

	(void)state;
	for (int i = 0; i < CERTIFICATES_MOST; i++)
		strcat(line, " --certificate C K");
	assert_int_equal(read_words(line), 0);
	strcat(line, " --certificate C K");
	assert_int_equal(read_words(line), -1);
	line[0] = '\0';
	for (int i = 0; i <= ROUTES_MOST; i++)
		(void)snprintf(line + strlen(line), sizeof line - strlen(line), " --listener l%d --to /a", i);
	assert_int_equal(read_words(line), -1);
	assert_non_null(strstr(error.text, "more than 64 listeners"));
	(void)strcpy(line, "--listener a --to /a");
	for (int i = 0; i <= AUTHORITIES_MOST; i++)
		strcat(line, " --ca C");
	assert_int_equal(read_words(line), -1);
	assert_non_null(strstr(error.text, "more than 16 files of authorities"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_come_out_in_their_order),
		cmocka_unit_test(a_full_flow_takes_nothing_until_something_has_left),
		cmocka_unit_test(the_end_is_told_once_after_the_last_byte),
		cmocka_unit_test(a_broken_flow_forgets_what_waits),
		cmocka_unit_test(words_make_routes),
		cmocka_unit_test(words_say_which_tls_and_which_clients),
		cmocka_unit_test(words_that_say_nothing_good_are_refused),
		cmocka_unit_test(too_many_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
