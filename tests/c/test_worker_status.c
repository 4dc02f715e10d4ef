/* links: worker/status */
/* The status protocol, on a real pipe: each scenario is a table of what happens and what must be sent. */
#include "worker/status.h"

/* cmocka.h needs the others before it */
/* clang-format off */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
/* clang-format on */

#define QUIET UINT32_MAX /* nothing is sent */
#define PID   4711
#define ID    42

/* A pipe of one page holds 341 messages of 12 bytes. */
static struct pipe {
	int read_fd, write_fd;
} wire;

static struct status s;

static void ready(uint64_t now)
{
	status_ready(&s, now);
}

static void taken(uint64_t now)
{
	status_taken(&s, now);
}

static void finished(uint64_t now)
{
	status_finished(&s, now);
}

static void closed(uint64_t now)
{
	status_close(&s, now);
}

static void report(uint64_t now)
{
	status_report(&s, now);
}

/* The master does not read for a while. */
static void fill(uint64_t now)
{
	char zeros[4096] = {0};

	(void)now;
	while (write(wire.write_fd, zeros, sizeof zeros) > 0)
		;
	while (write(wire.write_fd, zeros, 1) > 0)
		;
}

static void drain(uint64_t now)
{
	char scrap[4096];

	(void)now;
	while (read(wire.read_fd, scrap, sizeof scrap) > 0)
		;
}

static void break_off(uint64_t now)
{
	(void)now;
	(void)close(wire.read_fd);
	wire.read_fd = -1;
}

struct step {
	uint64_t at;
	void (*what)(uint64_t now);
	uint32_t sent;
	uint64_t due;
	bool blocked;
};

/* What came out of the pipe; QUIET: nothing. A second message is a failure. */
static uint32_t received(void)
{
	struct status_message m, more;

	if (wire.read_fd < 0 || read(wire.read_fd, &m, sizeof m) < 0)
		return QUIET;
	assert_int_equal(m.pid, PID);
	assert_int_equal(m.id, ID);
	assert_true(read(wire.read_fd, &more, sizeof more) < 0);
	return m.available;
}

static bool pipe_is_full(void)
{
	char zero = 0;

	if (write(wire.write_fd, &zero, 1) < 0)
		return true;
	fail_msg("the pipe was to be full");
	return false;
}

static void play(uint32_t client_limit, uint32_t service_count, const struct step *steps, size_t n)
{
	bool full = false;

	status_init(&s, wire.write_fd, PID, ID, client_limit, service_count);
	for (size_t i = 0; i < n; i++) {
		const struct step *step = &steps[i];

		step->what(step->at);
		full = (full || step->what == fill) && step->what != drain && step->what != break_off;
		if (full ? !pipe_is_full() || step->sent != QUIET : received() != step->sent)
			fail_msg("step %zu: not the message %u", i, step->sent);
		if (s.due_ms != step->due || s.blocked != step->blocked)
			fail_msg("step %zu: due %llu blocked %d", i, (unsigned long long)s.due_ms, s.blocked);
	}
}

#define PLAY(limit, count, ...)                                          \
	do {                                                             \
		static const struct step steps[] = __VA_ARGS__;          \
		play(limit, count, steps, sizeof steps / sizeof *steps); \
	} while (0)

static void the_first_message_waits_for_the_end_of_the_start(void **state)
{
	(void)state;
	PLAY(10, 0,
		{
			{100, report, QUIET, 0, false},
			{200, ready, 10, 0, false},
			{201, report, QUIET, 0, false},
		});
}

static void zero_and_from_zero_go_at_once(void **state)
{
	(void)state;
	PLAY(1, 0,
		{
			{100, ready, 1, 0, false},
			{100, taken, 0, 0, false},
			{100, finished, 1, 0, false},
			{101, taken, 0, 0, false},
			{102, finished, 1, 0, false},
		});
}

static void others_go_once_a_second_and_only_the_last_of_them(void **state)
{
	(void)state;
	PLAY(10, 0,
		{
			{100, ready, 10, 0, false},
			{200, taken, QUIET, 1100, false},
			{300, taken, QUIET, 1100, false},
			{1099, report, QUIET, 1100, false},
			{1100, report, 8, 0, false},
			{1200, taken, QUIET, 2100, false},
			{3000, taken, 6, 0, false},
		});
}

static void a_value_that_came_back_is_not_sent(void **state)
{
	(void)state;
	PLAY(10, 0,
		{
			{100, ready, 10, 0, false},
			{200, taken, QUIET, 1100, false},
			{300, finished, QUIET, 0, false},
			{5000, taken, 9, 0, false},
			{5001, finished, QUIET, 6000, false},
			{5002, taken, QUIET, 0, false},
		});
}

static void becoming_full_does_not_wait_for_the_second(void **state)
{
	(void)state;
	PLAY(2, 0,
		{
			{100, ready, 2, 0, false},
			{110, taken, QUIET, 1100, false},
			{120, taken, 0, 0, false},
			{130, finished, 1, 0, false},
			{140, finished, QUIET, 1130, false},
		});
}

static void service_count_is_never_passed(void **state)
{
	(void)state;
	PLAY(3, 4,
		{
			{0, ready, 3, 0, false},
			{10000, taken, 2, 0, false},
			{20000, finished, 3, 0, false},
			{30000, taken, 2, 0, false},
			{40000, taken, 1, 0, false},
			{50000, finished, QUIET, 0, false}, /* 2 left in all, one of them here */
			{60000, taken, 0, 0, false},
			{70000, finished, QUIET, 0, false},
			{80000, finished, QUIET, 0, false},
		});
	assert_true(status_used_up(&s));
	assert_int_equal(status_available(&s), 0);
}

static void the_last_clients_that_service_count_allows_are_known_as_such(void **state)
{
	(void)state;
	PLAY(1, 2,
		{
			{0, ready, 1, 0, false},
			{1, taken, 0, 0, false},
		});
	assert_false(status_used_up(&s));
	status_finished(&s, 2);
	assert_false(status_used_up(&s));
	status_taken(&s, 3);
	assert_true(status_used_up(&s));
}

static void who_stops_taking_clients_says_zero_for_good(void **state)
{
	(void)state;
	PLAY(5, 0,
		{
			{0, ready, 5, 0, false},
			{5000, taken, 4, 0, false},
			{5001, closed, 0, 0, false},
			{6000, finished, QUIET, 0, false},
			{7000, closed, QUIET, 0, false},
		});
}

static void an_important_message_waits_for_a_full_pipe(void **state)
{
	(void)state;
	PLAY(1, 0,
		{
			{0, ready, 1, 0, false},
			{1, fill, QUIET, 0, false},
			{2, taken, QUIET, 0, true},
			{3, report, QUIET, 0, true},
			{4, drain, QUIET, 0, true},
			{5, report, 0, 0, false},
		});
}

static void an_important_message_that_became_untrue_is_not_sent(void **state)
{
	(void)state;
	PLAY(1, 0,
		{
			{0, ready, 1, 0, false},
			{1, fill, QUIET, 0, false},
			{2, taken, QUIET, 0, true},
			{3, finished, QUIET, 0, false},
			{4, drain, QUIET, 0, false},
			{5, report, QUIET, 0, false},
		});
}

static void an_ordinary_message_is_dropped_at_a_full_pipe_and_the_truth_goes_later(void **state)
{
	(void)state;
	PLAY(9, 0,
		{
			{0, ready, 9, 0, false},
			{1, fill, QUIET, 0, false},
			{2000, taken, QUIET, 3000, false},
			{2001, taken, QUIET, 3001, false},
			{2002, drain, QUIET, 3001, false},
			{3001, report, 7, 0, false},
		});
}

static void a_closed_pipe_ends_the_reports_silently(void **state)
{
	(void)state;
	PLAY(1, 0,
		{
			{0, ready, 1, 0, false},
			{1, break_off, QUIET, 0, false},
			{2, taken, QUIET, 0, false},
			{3, finished, QUIET, 0, false},
		});
	assert_int_equal(s.fd, -1);
}

/* Whatever happens, the master's last word is the truth as soon as nothing is due. */
static void a_random_life_ends_with_the_truth(void **state)
{
	uint32_t heard, word, random = 1;

	(void)state;
	for (uint32_t life = 0; life < 300; life++) {
		uint64_t now = 0;

		status_init(&s, wire.write_fd, PID, ID, 1 + life % 7, life % 3 == 0 ? 20 : 0);
		status_ready(&s, now);
		heard = received();
		for (int i = 0; i < 100; i++) {
			random = random * 1664525 + 1013904223;
			now += random >> 24;
			if ((random >> 20 & 1) != 0 && status_available(&s) > 0)
				status_taken(&s, now);
			else if (s.clients > 0)
				status_finished(&s, now);
			else
				status_report(&s, now);
			if ((word = received()) != QUIET) {
				assert_int_not_equal(word, heard);
				heard = word;
			}
			assert_true(s.due_ms != 0 || heard == status_available(&s));
		}
	}
}

static int set_up(void **state)
{
	int fds[2];

	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0 || fcntl(fds[1], F_SETPIPE_SZ, 4096) < 0)
		return -1;
	wire = (struct pipe){fds[0], fds[1]};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)close(wire.write_fd);
	if (wire.read_fd >= 0)
		(void)close(wire.read_fd);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_message_waits_for_the_end_of_the_start),
		TEST(zero_and_from_zero_go_at_once),
		TEST(others_go_once_a_second_and_only_the_last_of_them),
		TEST(a_value_that_came_back_is_not_sent),
		TEST(becoming_full_does_not_wait_for_the_second),
		TEST(service_count_is_never_passed),
		TEST(the_last_clients_that_service_count_allows_are_known_as_such),
		TEST(who_stops_taking_clients_says_zero_for_good),
		TEST(an_important_message_waits_for_a_full_pipe),
		TEST(an_important_message_that_became_untrue_is_not_sent),
		TEST(an_ordinary_message_is_dropped_at_a_full_pipe_and_the_truth_goes_later),
		TEST(a_closed_pipe_ends_the_reports_silently),
		TEST(a_random_life_ends_with_the_truth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
