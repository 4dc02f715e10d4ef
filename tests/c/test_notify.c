/* links: master/notify master/notify_socket master/fd_store master/foreign; wrap: recvmsg */
/* notify: what a process says by sd_notify is foreign: every key, every split, garbage; and no descriptor
 * that came with it stays open. */
#include "base/fd.h"
#include "base/mem.h"
#include "master/fd_store.h"
#include "master/notify.h"
#include "master/notify_socket.h"
#include "test.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int recvmsg_error;

ssize_t __real_recvmsg(int fd, struct msghdr *msg, int flags);
ssize_t __wrap_recvmsg(int fd, struct msghdr *msg, int flags);

ssize_t __wrap_recvmsg(int fd, struct msghdr *msg, int flags)
{
	if (recvmsg_error == 0)
		return __real_recvmsg(fd, msg, flags);
	errno = recvmsg_error;
	return -1;
}

/* ---- the parser */

static struct notice parse(const char *text)
{
	struct notice n;

	notify_parse(text, strlen(text), &n);
	return n;
}

static void each_key_is_known_by_its_value(void **state)
{
	static const struct {
		const char *text;
		uint32_t said;
	} good[] = {
		{"READY=1", NOTIFY_READY},
		{"RELOADING=1\nMONOTONIC_USEC=17", NOTIFY_RELOADING | NOTIFY_MONOTONIC},
		{"STOPPING=1", NOTIFY_STOPPING},
		{"STATUS=", NOTIFY_STATUS},
		{"ERRNO=2", NOTIFY_ERRNO},
		{"MAINPID=4711", NOTIFY_MAINPID},
		{"WATCHDOG=1", NOTIFY_WATCHDOG},
		{"WATCHDOG=trigger", NOTIFY_TRIGGER},
		{"WATCHDOG_USEC=0", NOTIFY_WATCHDOG_USEC},
		{"EXTEND_TIMEOUT_USEC=1", NOTIFY_EXTEND},
		{"FDSTORE=1\nFDNAME=a.b\nFDPOLL=0", NOTIFY_FDSTORE | NOTIFY_FDNAME | NOTIFY_NO_POLL},
		{"FDSTOREREMOVE=1", NOTIFY_FDSTOREREMOVE},
		{"BARRIER=1", NOTIFY_BARRIER},
		{"\n\nREADY=1\n\n", NOTIFY_READY},
		{"X=1\nREADY=1\nY", NOTIFY_READY},
	};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_int_equal(parse(good[i].text).said, good[i].said);
}

static void what_is_not_quite_a_key_is_nothing(void **state)
{
	static const char *const bad[] = {"", "READY", "READY=", "READY=2", "READY=11", "ready=1", " READY=1",
		"READY=1 ", "READY =1", "=1", "ERRNO=0", "ERRNO=4096", "ERRNO=-1", "ERRNO=2x", "ERRNO= 2",
		"MAINPID=0", "MAINPID=1", "MAINPID=2147483648", "MAINPID=99999999999999999999",
		"EXTEND_TIMEOUT_USEC=0", "WATCHDOG_USEC=9223372036854775808", "FDNAME=", "FDNAME=a:b",
		"FDNAME=a b", "FDNAME=\xc3\xa9", "FDPOLL=1", "BARRIER=0", "WATCHDOG=2"};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (parse(bad[i]).said != 0)
			fail_msg("'%s' was taken", bad[i]);
}

static void numbers_are_whole_and_the_last_good_one_counts(void **state)
{
	struct notice n =
		parse("ERRNO=5\nERRNO=99999\nMAINPID=7\nMAINPID=8\nWATCHDOG_USEC=9223372036854775807");

	(void)state;
	assert_true(n.error == 5 && n.main_pid == 8 && n.watchdog_usec == INT64_MAX);
}

/* A prefix of a datagram says nothing that the whole does not say, and a value is never cut. */
static void every_prefix_is_safe(void **state)
{
	static const char whole[] = "STATUS=\xe4\xbd\xa0 ok\nMAINPID=123\nREADY=1\nFDNAME=name\nFDSTORE=1";
	struct notice all = parse(whole), n;

	(void)state;
	for (size_t len = 0; len < sizeof whole - 1; len++) {
		char *exact = mem_new(len + 1, 1); /* so that a byte too far is found */
		char *cut = mem_grow(exact, len > 0 ? len : 1, 1);
		memcpy(cut, whole, len);
		notify_parse(cut, len, &n);
		assert_int_equal(n.said & ~all.said, 0);
		assert_true(strlen(n.status) < NOTIFY_TEXT && strlen(n.fd_name) < NOTIFY_NAME);
		mem_free(&cut);
	}
}

static void a_status_is_text_and_ends_between_characters(void **state)
{
	char text[1024] = "STATUS=";
	struct notice n = parse("STATUS=a\tb\x7f\xc3\xa9\xff\xe4\xbd\xed\xa0\x80\xf4\x90\x80\x80\xc0\xaf="
				"\xf0\x9f\x90\x8c\xc2\x9b");

	(void)state;
	assert_string_equal(n.status, "a?b?\xc3\xa9????"
				      "????"
				      "????"
				      "=\xf0\x9f\x90\x8c??"); /* no CSI, either */
	for (int i = 0; i < 200; i++)
		memcpy(text + 7 + i * 2, "\xc3\xa9", 3);
	n = parse(text);
	assert_int_equal(strlen(n.status), 254); /* 127 whole ones; half of one does not fit */
}

static void a_nul_ends_the_datagram(void **state)
{
	struct notice n;

	(void)state;
	notify_parse("READY=1\0\nSTOPPING=1", 19, &n);
	assert_int_equal(n.said, NOTIFY_READY);
}

static void garbage_is_nothing_and_harms_nobody(void **state)
{
	unsigned int seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char bytes[64];
		struct notice n;
		for (size_t i = 0; i < sizeof bytes; i++) {
			seed = seed * 1103515245 + 12345;
			bytes[i] = "READYSTATUS=1\n\xc3\xa9\0FDNAME"[(seed >> 16) % 24];
		}
		notify_parse(bytes, sizeof bytes, &n);
		assert_true(strlen(n.status) < NOTIFY_TEXT && strlen(n.fd_name) < NOTIFY_NAME);
	}
}

/* ---- the socket */

static size_t open_fds(void)
{
	size_t n = 0;
	DIR *dir = opendir("/proc/self/fd");

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	(void)closedir(dir);
	return n;
}

static int connected(const char *name)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	size_t n = strlen(name);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(name[0], '@');
	memcpy(a.sun_path + 1, name + 1, n - 1);
	assert_int_equal(
		connect(fd, (struct sockaddr *)&a, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)),
		0);
	return fd;
}

static void send_fds(int sock, const void *data, size_t len, int fd, size_t n)
{
	struct iovec io = {(void *)(uintptr_t)data, len};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(NOTIFY_FDS * sizeof(int))];
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
	for (size_t i = 0; i < n; i++)
		memcpy(CMSG_DATA(c) + i * sizeof fd, &fd, sizeof fd);
	assert_int_equal(sendmsg(sock, &msg, 0), (ssize_t)len);
}

struct pair {
	char name[NOTIFY_ADDRESS], bytes[NOTIFY_BYTES];
	int ours, theirs;
	struct notify_received got;
};

static void open_pair(struct pair *p)
{
	p->ours = notify_socket_open(p->name);
	assert_true(p->ours >= 0);
	p->theirs = connected(p->name);
}

static void close_pair(struct pair *p)
{
	fd_close(&p->ours);
	fd_close(&p->theirs);
}

static int receive(struct pair *p)
{
	return notify_socket_receive(p->ours, p->bytes, sizeof p->bytes, &p->got);
}

static void a_datagram_comes_with_its_sender_and_its_fds(void **state)
{
	struct pair p;
	size_t before = open_fds();

	(void)state;
	open_pair(&p);
	assert_int_equal(receive(&p), 0); /* nothing there: no waiting */
	send_fds(p.theirs, "READY=1", 7, p.theirs, 2);
	assert_int_equal(receive(&p), 1);
	assert_true(p.got.len == 7 && p.got.fds_n == 2);
	assert_true(p.got.sender.pid == getpid() && p.got.sender.uid == getuid());
	assert_true(notify_received_close(&p.got));
	close_pair(&p);
	assert_int_equal(open_fds(), before);
}

static void one_without_a_byte_is_no_end_and_its_fds_are_closed(void **state)
{
	struct pair p;
	size_t before = open_fds();

	(void)state;
	open_pair(&p);
	assert_int_equal(send(p.theirs, "", 0, 0), 0);
	send_fds(p.theirs, "", 0, p.theirs, 3);
	assert_int_equal(receive(&p), 1);
	assert_int_equal(p.got.len, 0);
	assert_int_equal(receive(&p), 1);
	assert_int_equal(p.got.fds_n, 3);
	assert_true(notify_received_close(&p.got));
	assert_int_equal(receive(&p), 0);
	close_pair(&p);
	assert_int_equal(open_fds(), before);
}

static void one_too_long_is_dropped_with_its_fds(void **state)
{
	static char big[NOTIFY_BYTES + 1];
	struct pair p;
	size_t before = open_fds();

	(void)state;
	open_pair(&p);
	send_fds(p.theirs, big, sizeof big, p.theirs, 4);
	send_fds(p.theirs, big, sizeof big - 1, p.theirs, 1);
	assert_int_equal(receive(&p), -1);
	assert_int_equal(p.got.fds_n, 4);
	assert_true(notify_received_close(&p.got));
	assert_int_equal(receive(&p), 1);
	assert_int_equal(p.got.len, NOTIFY_BYTES);
	assert_true(notify_received_close(&p.got));
	close_pair(&p);
	assert_int_equal(open_fds(), before);
}

static void as_many_fds_as_can_come_are_closed(void **state)
{
	struct pair p;
	size_t before = open_fds();

	(void)state;
	open_pair(&p);
	send_fds(p.theirs, "x", 1, p.theirs, NOTIFY_FDS);
	assert_int_equal(receive(&p), 1);
	assert_int_equal(p.got.fds_n, NOTIFY_FDS);
	assert_true(notify_received_close(&p.got));
	close_pair(&p);
	assert_int_equal(open_fds(), before);
}

static void an_error_of_the_kernel_is_nothing_to_read(void **state)
{
	struct pair p;

	(void)state;
	open_pair(&p);
	recvmsg_error = ENOMEM;
	assert_int_equal(receive(&p), 0);
	recvmsg_error = 0;
	close_pair(&p);
}

/* ---- the store */

static void the_store_is_bounded_and_keeps_what_lives(void **state)
{
	struct fd_store s = {0};
	size_t before = open_fds();
	int pair[2], other[2], third[2], again;

	(void)state;
	fd_store_resize(&s, 2);
	assert_int_equal(fd_pipe(pair, 1), 0);
	assert_int_equal(fd_pipe(other, 1), 0);
	assert_int_equal(fd_pipe(third, 1), 0);
	again = dup(pair[0]);
	assert_true(fd_store_add(&s, &pair[0], "a", false) && pair[0] == -1);
	assert_true(fd_store_add(&s, &other[0], "b", true));
	assert_false(fd_store_add(&s, &third[0], "c", false));
	assert_true(third[0] >= 0);
	assert_true(fd_store_add(&s, &again, "a", false)); /* the same file */
	assert_true(again >= 0);
	fd_close(&again);
	assert_int_equal(s.n, 2);
	fd_store_sweep(&s);
	assert_int_equal(s.n, 2);
	fd_close(&pair[1]);
	fd_close(&other[1]);
	fd_store_sweep(&s); /* a's other end has gone; b stays although its has */
	assert_true(s.n == 1 && strcmp(s.slots[0].name, "b") == 0);
	fd_store_remove(&s, "nobody");
	fd_store_remove(&s, "b");
	assert_int_equal(s.n, 0);
	assert_true(fd_store_add(&s, &third[0], "d", false));
	fd_store_resize(&s, 0);
	fd_close(&third[1]);
	assert_int_equal(open_fds(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_key_is_known_by_its_value),
		cmocka_unit_test(what_is_not_quite_a_key_is_nothing),
		cmocka_unit_test(numbers_are_whole_and_the_last_good_one_counts),
		cmocka_unit_test(every_prefix_is_safe),
		cmocka_unit_test(a_status_is_text_and_ends_between_characters),
		cmocka_unit_test(a_nul_ends_the_datagram),
		cmocka_unit_test(garbage_is_nothing_and_harms_nobody),
		cmocka_unit_test(a_datagram_comes_with_its_sender_and_its_fds),
		cmocka_unit_test(one_without_a_byte_is_no_end_and_its_fds_are_closed),
		cmocka_unit_test(one_too_long_is_dropped_with_its_fds),
		cmocka_unit_test(as_many_fds_as_can_come_are_closed),
		cmocka_unit_test(an_error_of_the_kernel_is_nothing_to_read),
		cmocka_unit_test(the_store_is_bounded_and_keeps_what_lives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
