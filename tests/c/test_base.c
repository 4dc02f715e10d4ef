/* base: errors, log lines, descriptors, lists, memory, clocks and sums. */
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/say.h"
#include "base/sum.h"
#include "test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int open_fds(void)
{
	int n = 0;
	DIR *d = opendir("/proc/self/fd");

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	(void)closedir(d);
	return n;
}

static void a_sentence_is_cut_never_overrun(void **state)
{
	struct err e;
	char longer[sizeof e.text * 2];

	(void)state;
	memset(longer, 'x', sizeof longer);
	longer[sizeof longer - 1] = '\0';
	assert_int_equal(err_set(&e, "%s", longer), -1);
	assert_int_equal(strlen(e.text), sizeof e.text - 1);
	assert_int_equal(err_prefix(&e, "service '%s'", "web"), -1);
	assert_int_equal(strlen(e.text), sizeof e.text - 1);
	assert_memory_equal(e.text, "service 'web': xxx", 18);
	assert_int_equal(err_prefix(&e, "%s", longer), -1);
	assert_int_equal(strlen(e.text), sizeof e.text - 1);
}

static void a_prefix_names_the_place(void **state)
{
	struct err e;

	(void)state;
	(void)err_set(&e, "'%s' is too large", "70000");
	(void)err_prefix(&e, "%s", "port");
	(void)err_prefix(&e, "inet_listener '%s'", "imap");
	assert_string_equal(e.text, "inet_listener 'imap': port: '70000' is too large");
	assert_int_equal(err_set(NULL, "nobody asks"), -1);
	assert_int_equal(err_prefix(NULL, "nobody asks"), -1);
}

/* What `work` wrote to fd 2, and how the process ended. */
static size_t stderr_of(void (*work)(const char *), const char *arg, char *out, size_t room, int *status)
{
	int p[2];
	size_t n = 0;
	ssize_t got;
	pid_t pid;

	assert_int_equal(fd_pipe(p, 0), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)dup2(p[1], STDERR_FILENO);
		work(arg);
		_exit(0);
	}
	fd_close(&p[1]);
	while (n < room - 1 && (got = read(p[0], out + n, room - 1 - n)) > 0)
		n += (size_t)got;
	out[n] = '\0';
	fd_close(&p[0]);
	assert_int_equal(waitpid(pid, status, 0), pid);
	return n;
}

static void say_warning(const char *text)
{
	say_as("reeved");
	say(SAY_WARNING, "%s", text);
}

static void say_debug_then_info(const char *text)
{
	say(SAY_DEBUG, "debug %s", text);
	say(SAY_INFO, "info %s", text);
	say_from(SAY_ERROR);
	say(SAY_WARNING, "warning %s", text);
	say(SAY_ERROR, "error %s", text);
}

/* As under systemd: the variable names the file that fd 2 is, or (text "elsewhere") another one. */
static void say_to_the_journal(const char *text)
{
	char stream[64];
	struct stat st;

	if (fstat(STDERR_FILENO, &st) < 0)
		_exit(1);
	(void)snprintf(stream, sizeof stream, "%ju:%ju", (uintmax_t)st.st_dev,
		(uintmax_t)st.st_ino + (strcmp(text, "elsewhere") == 0));
	(void)setenv("JOURNAL_STREAM", stream, 1);
	say_as("reeved");
	say_from(SAY_DEBUG);
	for (enum say_level level = SAY_DEBUG; level <= SAY_ERROR; level++)
		say(level, "%s", text);
}

static void die_with(const char *text)
{
	die(71, "binding %s: %s", text, "Address in use");
}

static void a_log_line_has_time_level_and_speaker(void **state)
{
	char line[8192];
	int status;
	regex_t form;

	(void)state;
	(void)stderr_of(say_warning, "hello", line, sizeof line, &status);
	assert_int_equal(regcomp(&form,
				 "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}"
				 "[+-][0-9]{2}:[0-9]{2} warning reeved\\[[0-9]+\\]: hello\n$",
				 REG_EXTENDED | REG_NOSUB),
		0);
	assert_int_equal(regexec(&form, line, 0, NULL, 0), 0);
	regfree(&form);
}

static void control_bytes_cannot_make_a_second_line(void **state)
{
	char line[8192], many[3000];
	int status;

	(void)state;
	(void)stderr_of(say_warning, "a\nb\tc\x1b[31m\x7f\x01 \xc3\xa4", line, sizeof line, &status);
	assert_non_null(strstr(line, "]: a\\x0ab\\x09c\\x1b[31m\\x7f\\x01 \xc3\xa4\n"));
	memset(many, '\n', sizeof many);
	many[sizeof many - 1] = '\0';
	assert_true(stderr_of(say_warning, many, line, sizeof line, &status) <= 4096);
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void the_journal_gets_the_severity_and_keeps_its_own_time(void **state)
{
	char out[8192];
	int status;

	(void)state;
	(void)stderr_of(say_to_the_journal, "hello", out, sizeof out, &status);
	assert_string_equal(out, "<7>reeved: hello\n<6>reeved: hello\n<4>reeved: hello\n<3>reeved: hello\n");
	(void)stderr_of(say_to_the_journal, "elsewhere", out, sizeof out, &status);
	assert_non_null(strstr(out, " warning reeved["));
	assert_null(strstr(out, "<4>"));
}

static void quiet_levels_are_dropped(void **state)
{
	char out[8192];
	int status;

	(void)state;
	(void)stderr_of(say_debug_then_info, "line", out, sizeof out, &status);
	assert_null(strstr(out, "debug"));
	assert_non_null(strstr(out, "info line"));
	assert_null(strstr(out, "warning"));
	assert_non_null(strstr(out, "error line"));
}

static void die_says_what_and_leaves_with_the_code(void **state)
{
	char out[512];
	int status;

	(void)state;
	(void)stderr_of(die_with, "0.0.0.0:143", out, sizeof out, &status);
	assert_string_equal(out, "reeve: binding 0.0.0.0:143: Address in use\n");
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 71);
}

static void seqpacket(int pair[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
}

static void a_frame_carries_one_fd(void **state)
{
	int s[2], fd = -1, before = open_fds();
	char got[16];

	(void)state;
	seqpacket(s);
	assert_int_equal(fd_send(s[0], "hello", 5, s[0]), 5);
	assert_int_equal(fd_receive(s[1], got, sizeof got, &fd), 5);
	assert_memory_equal(got, "hello", 5);
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	fd_close(&fd);
	assert_int_equal(fd, -1);
	assert_int_equal(fd_send(s[0], "x", 1, -1), 1);
	assert_int_equal(fd_receive(s[1], got, sizeof got, &fd), 1);
	assert_int_equal(fd, -1);
	assert_int_equal(fd_receive(s[1], got, sizeof got, &fd), -1);
	assert_int_equal(errno, EAGAIN);
	fd_close(&s[0]);
	assert_int_equal(fd_receive(s[1], got, sizeof got, &fd), 0);
	fd_close(&s[1]);
	assert_int_equal(open_fds(), before);
}

static void send_many(int sock, const int *fds, size_t n)
{
	char byte = 'x';
	struct iovec io = {&byte, 1};
	union {
		char bytes[CMSG_SPACE(8 * sizeof(int))];
		struct cmsghdr align;
	} room;
	struct msghdr msg = {.msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = room.bytes,
		.msg_controllen = CMSG_SPACE(n * sizeof(int))};
	struct cmsghdr *c;

	memset(&room, 0, sizeof room);
	c = CMSG_FIRSTHDR(&msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	assert_int_equal(sendmsg(sock, &msg, MSG_NOSIGNAL), 1);
}

static void surplus_fds_are_closed(void **state)
{
	(void)state;
	for (size_t n = 2; n <= 8; n++) {
		int s[2], fd = -1, fds[8], before;
		char got[4];
		seqpacket(s);
		for (size_t i = 0; i < n; i++)
			fds[i] = s[0];
		before = open_fds();
		send_many(s[0], fds, n);
		assert_int_equal(fd_receive(s[1], got, sizeof got, &fd), 1);
		assert_true(fd >= 0);
		assert_int_equal(open_fds(), before + 1);
		fd_close(&fd);
		fd_close(&s[0]);
		fd_close(&s[1]);
	}
}

static void a_frame_that_is_too_long_is_refused_whole(void **state)
{
	int s[2], fd = -1, before = open_fds();
	char got[4];

	(void)state;
	seqpacket(s);
	assert_int_equal(fd_send(s[0], "12345", 5, s[0]), 5);
	errno = 0;
	assert_int_equal(fd_receive(s[1], got, sizeof got, &fd), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(fd, -1);
	fd_close(&s[0]);
	fd_close(&s[1]);
	assert_int_equal(open_fds(), before);
}

static void a_pipe_is_cloexec_and_nonblocking_on_wish(void **state)
{
	(void)state;
	for (int nonblock = 0; nonblock < 2; nonblock++) {
		int p[2];
		assert_int_equal(fd_pipe(p, nonblock), 0);
		for (int i = 0; i < 2; i++) {
			assert_true(fcntl(p[i], F_GETFD) & FD_CLOEXEC);
			assert_int_equal((fcntl(p[i], F_GETFL) & O_NONBLOCK) != 0, nonblock);
		}
		assert_int_equal(fd_set_nonblock(p[0]), 0);
		assert_true(fcntl(p[0], F_GETFL) & O_NONBLOCK);
		fd_close(&p[0]);
		fd_close(&p[1]);
	}
	assert_int_equal(fd_set_nonblock(-1), -1);
}

static void close_keeps_errno(void **state)
{
	int none = -1, bad = 1 << 20;

	(void)state;
	errno = ENOENT;
	fd_close(&none);
	fd_close(&bad);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(bad, -1);
}

static void write_all_goes_on_until_the_end(void **state)
{
	static char data[300000], back[300000];
	int p[2];
	size_t n = 0;
	pid_t pid;
	int status;

	(void)state;
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (char)(i * 7);
	assert_int_equal(fd_pipe(p, 0), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(fd_write_all(p[1], data, sizeof data) == 0 ? 0 : 1);
	fd_close(&p[1]);
	for (ssize_t got; (got = read(p[0], back + n, sizeof back - n)) > 0;)
		n += (size_t)got;
	assert_int_equal(n, sizeof data);
	assert_memory_equal(data, back, sizeof data);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(fd_write_all(p[0], data, 1), -1);
	fd_close(&p[0]);
}

static void the_fd_limit_is_raised_never_lowered(void **state)
{
	struct rlimit before, after;
	uint64_t got;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(fd_raise_limit(8), before.rlim_cur);
	got = fd_raise_limit(before.rlim_cur + 1);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &after), 0);
	assert_int_equal(got, after.rlim_cur);
	assert_true(after.rlim_cur >= before.rlim_cur);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){before.rlim_cur, after.rlim_max}), 0);
}

struct thing {
	int n;
	struct link link;
};

static void a_list_keeps_order_and_count(void **state)
{
	struct list l;
	struct thing things[5], *t;
	int sum = 0;

	(void)state;
	list_init(&l);
	assert_null(list_first(&l));
	for (int i = 0; i < 5; i++) {
		things[i].n = i;
		list_add(&l, &things[i].link);
	}
	assert_int_equal(l.count, 5);
	list_remove(&l, &things[0].link);
	list_remove(&l, &things[2].link);
	assert_null(things[2].link.next);
	LIST_EACH (t, &l, struct thing, link)
		sum = sum * 10 + t->n;
	assert_int_equal(sum, 134);
	list_add(&l, &things[0].link);
	assert_ptr_equal(LIST_OF(list_first(&l), struct thing, link), &things[1]);
	assert_int_equal(l.count, 4);
}

static void each_may_remove_the_present_one(void **state)
{
	struct list l;
	struct thing things[4], *t;
	int seen = 0;

	(void)state;
	list_init(&l);
	for (int i = 0; i < 4; i++)
		list_add(&l, &things[i].link);
	LIST_EACH (t, &l, struct thing, link) {
		list_remove(&l, &t->link);
		memset(t, 0xff, sizeof *t);
		seen++;
	}
	assert_int_equal(seen, 4);
	assert_int_equal(l.count, 0);
	assert_null(LIST_OF(list_first(&l), struct thing, link));
}

static void want_the_moon(const char *text)
{
	(void)text;
	(void)mem_grow(NULL, SIZE_MAX / 2, 16);
}

static void memory_is_zeroed_and_freed_pointers_cleared(void **state)
{
	char *p = mem_new(100, 3), *text = mem_text("a copy"), out[128];
	int status;

	(void)state;
	for (int i = 0; i < 300; i++)
		assert_int_equal(p[i], 0);
	p = mem_grow(p, 1000, 3);
	p[2999] = 1;
	mem_free(&p);
	assert_null(p);
	mem_free(&p);
	assert_string_equal(text, "a copy");
	mem_free(&text);
	(void)stderr_of(want_the_moon, "", out, sizeof out, &status);
	assert_string_equal(out, "reeve: out of memory\n");
	assert_true(WIFSIGNALED(status));
}

/* The values are those published with FNV-1a. */
static void a_sum_is_that_of_fnv_also_in_parts(void **state)
{
	(void)state;
	assert_true(sum_bytes(SUM_BEGIN, "", 0) == UINT64_C(0xcbf29ce484222325));
	assert_true(sum_bytes(SUM_BEGIN, "a", 1) == UINT64_C(0xaf63dc4c8601ec8c));
	assert_true(sum_bytes(SUM_BEGIN, "foobar", 6) == UINT64_C(0x85944171f73967e8));
	assert_true(sum_bytes(sum_bytes(SUM_BEGIN, "foo", 3), "bar", 3) == UINT64_C(0x85944171f73967e8));
	assert_true(sum_number(SUM_BEGIN, 'a') == UINT64_C(0xaf63dc4c8601ec8c));
}

static void the_clock_is_monotonic_and_text_fits(void **state)
{
	uint64_t before = clock_ms();
	char text[40];

	(void)state;
	clock_rfc3339(text, sizeof text);
	assert_int_equal(strlen(text), 32);
	assert_true(clock_ms() >= before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sentence_is_cut_never_overrun),
		cmocka_unit_test(a_prefix_names_the_place),
		cmocka_unit_test(a_log_line_has_time_level_and_speaker),
		cmocka_unit_test(control_bytes_cannot_make_a_second_line),
		cmocka_unit_test(the_journal_gets_the_severity_and_keeps_its_own_time),
		cmocka_unit_test(quiet_levels_are_dropped),
		cmocka_unit_test(die_says_what_and_leaves_with_the_code),
		cmocka_unit_test(a_frame_carries_one_fd),
		cmocka_unit_test(surplus_fds_are_closed),
		cmocka_unit_test(a_frame_that_is_too_long_is_refused_whole),
		cmocka_unit_test(a_pipe_is_cloexec_and_nonblocking_on_wish),
		cmocka_unit_test(close_keeps_errno),
		cmocka_unit_test(write_all_goes_on_until_the_end),
		cmocka_unit_test(the_fd_limit_is_raised_never_lowered),
		cmocka_unit_test(a_list_keeps_order_and_count),
		cmocka_unit_test(each_may_remove_the_present_one),
		cmocka_unit_test(memory_is_zeroed_and_freed_pointers_cleared),
		cmocka_unit_test(a_sum_is_that_of_fnv_also_in_parts),
		cmocka_unit_test(the_clock_is_monotonic_and_text_fits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
