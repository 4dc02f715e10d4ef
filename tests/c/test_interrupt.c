/* links: engine/interrupt; interrupt: a `cancel` is found among what a client has sent, and nothing else is
 * one; the signal of arriving bytes calls deadline_cancel. */
#include "engine/deadline.h"
#include "engine/interrupt.h"
#include "test.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static volatile sig_atomic_t cancelled, insisted;

void deadline_cancel(bool insist)
{
	cancelled = 1;
	insisted = insisted || insist;
}

static const struct {
	const char *bytes;
	unsigned count; /* of cancels of job 7 */
} streams[] = {
	{"", 0},
	{"cancel 1 1\n7", 1},
	{"cancel 0 1\n7cancel 9 1\n7", 2},
	{"cancel 1 1\n8", 0},
	{"cancel 1 2\n77", 0},
	{"cancel 1 2\n7x", 0},
	{"cancel 1 0\n", 0},
	{"cancel 1 1\n", 0},
	{"cancel 1 1", 0},
	{"cance", 0},
	{"eval 1 12\ncancel 1 1\n7", 0},
	{"complete 3 2\nabcancel 1 1\n7", 1},
	{"eval 1 9999999999\ncancel 1 1\n7", 0},
	{"eval 1 x\ncancel 1 1\n7", 0},
	{"cancel 1 1\n7garbage", 1},
	{"cancelled 1 1\n7", 0},
};

static void cancels_are_counted(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++)
		if (interrupt_count(streams[i].bytes, strlen(streams[i].bytes), 7) != streams[i].count)
			fail_msg("%s: not %u", streams[i].bytes, streams[i].count);
}

static void open_pair(int pair[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
	cancelled = insisted = 0;
}

static void say_to(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* The signal comes when the kernel likes. */
static void await_cancel(void)
{
	for (int i = 0; i < 3000 && !cancelled; i++)
		(void)poll(NULL, 0, 10);
	assert_true(cancelled);
}

static void arriving_bytes_cancel(void **state)
{
	int pair[2];

	(void)state;
	open_pair(pair);
	interrupt_attend(pair[0], "", 0, 7);
	assert_false(cancelled);
	say_to(pair[1], "complete 1 0\ncancel 1 1\n7");
	await_cancel();
	assert_false(insisted);
	cancelled = 0;
	say_to(pair[1], "cancel 1 1\n7");
	await_cancel();
	assert_true(insisted);
	interrupt_ignore();
	close(pair[0]);
	close(pair[1]);
}

static void bytes_that_were_there_before_count(void **state)
{
	int pair[2];

	(void)state;
	open_pair(pair);
	interrupt_attend(pair[0], "cancel 1 1\n7", 12, 7); /* read, not taken */
	assert_true(cancelled);
	interrupt_ignore();
	cancelled = 0;
	say_to(pair[1], "ncel 1 1\n7"); /* not read yet; half of it was */
	interrupt_attend(pair[0], "ca", 2, 7);
	assert_true(cancelled);
	interrupt_ignore();
	close(pair[0]);
	close(pair[1]);
}

static void a_client_that_goes_cancels(void **state)
{
	int pair[2];

	(void)state;
	open_pair(pair);
	interrupt_attend(pair[0], "", 0, 7);
	close(pair[1]);
	await_cancel();
	interrupt_ignore();
	close(pair[0]);
}

static void nothing_is_heard_afterwards(void **state)
{
	int pair[2];

	(void)state;
	open_pair(pair);
	interrupt_attend(pair[0], "", 0, 7);
	interrupt_ignore();
	say_to(pair[1], "cancel 1 1\n7");
	(void)raise(SIGIO);
	assert_false(cancelled);
	close(pair[0]);
	close(pair[1]);
}

static void a_huge_frame_before_hides_only_the_cancel(void **state)
{
	static char half[INTERRUPT_LOOK + 10];
	int pair[2];

	(void)state;
	open_pair(pair);
	memset(half, 'x', sizeof half);
	interrupt_attend(pair[0], half, sizeof half, 7);
	say_to(pair[1], "cancel 1 1\n7");
	(void)raise(SIGIO);
	assert_false(cancelled);
	close(pair[1]);
	(void)raise(SIGIO);
	interrupt_ignore();
	close(pair[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cancels_are_counted),
		cmocka_unit_test(arriving_bytes_cancel),
		cmocka_unit_test(bytes_that_were_there_before_count),
		cmocka_unit_test(a_client_that_goes_cancels),
		cmocka_unit_test(nothing_is_heard_afterwards),
		cmocka_unit_test(a_huge_frame_before_hides_only_the_cancel),
	};

	interrupt_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
