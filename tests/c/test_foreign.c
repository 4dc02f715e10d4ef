/* links: master/foreign */
/* foreign: a descriptor whose close waits is closed all the same, and waits for nobody here. */
#include "base/fd.h"
#include "master/foreign.h"
#include "test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINGER_S 3600
#define MOST     64 /* more than can be closed at a time */

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* A child does it: soon, not now. */
static void assert_is_closed_soon(int fd)
{
	for (int i = 0; i < 3000 && is_open(fd); i++)
		(void)poll(NULL, 0, 10);
	assert_false(is_open(fd));
}

/* Two ends of a TCP connection. [0] has sent what nobody reads, and would wait an hour for somebody to do so.
 */
static void open_lingering(int pair[2])
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct linger for_long = {1, LINGER_S};
	socklen_t len = sizeof a;
	static char bytes[1 << 20];
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(listener, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&a, &len), 0);
	pair[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(pair[0], (struct sockaddr *)&a, sizeof a), 0);
	pair[1] = accept(listener, NULL, NULL);
	assert_true(pair[1] >= 0);
	assert_int_equal(fd_set_nonblock(pair[0]), 0);
	while (send(pair[0], bytes, sizeof bytes, MSG_NOSIGNAL) > 0)
		;
	assert_int_equal(setsockopt(pair[0], SOL_SOCKET, SO_LINGER, &for_long, sizeof for_long), 0);
	fd_close(&listener);
}

static void pipes_and_unix_sockets_are_closed_at_once(void **state)
{
	int fds[5], pair[2];

	(void)state;
	assert_int_equal(fd_pipe(fds, 0), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	fds[2] = -1;
	fds[3] = pair[0];
	fds[4] = pair[1];
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(foreign_is_stream(fds[i]), i != 2);
	assert_true(foreign_close(fds, 5));
	for (size_t i = 0; i < 5; i++)
		assert_false(is_open(fds[i]));
}

static void a_file_is_closed_by_somebody_else(void **state)
{
	int fd = memfd_create("file", MFD_CLOEXEC);

	(void)state;
	assert_false(foreign_is_stream(fd));
	assert_true(foreign_close(&fd, 1));
	assert_is_closed_soon(fd);
}

static void what_waits_to_be_closed_is_waited_for_by_a_bounded_number(void **state)
{
	int pairs[MOST][2];
	size_t n = 0, refused;

	(void)state;
	for (bool going = true; going && n < MOST; n++) {
		open_lingering(pairs[n]);
		going = foreign_close(&pairs[n][0], 1);
		if (going)
			assert_is_closed_soon(pairs[n][0]);
	}
	refused = n - 1;
	assert_true(refused > 1 && n < MOST);
	assert_true(is_open(pairs[refused][0]));
	for (size_t i = 0; i < refused; i++)
		fd_close(&pairs[i][1]); /* unread: a reset, so that the other end waits no more */
	for (int i = 0; i < 3000 && !foreign_close(&pairs[refused][0], 1); i++)
		(void)poll(NULL, 0, 10);
	assert_is_closed_soon(pairs[refused][0]);
	fd_close(&pairs[refused][1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pipes_and_unix_sockets_are_closed_at_once),
		cmocka_unit_test(a_file_is_closed_by_somebody_else),
		cmocka_unit_test(what_waits_to_be_closed_is_waited_for_by_a_bounded_number),
	};

	return cmocka_run_group_tests_name("foreign", tests, NULL, NULL);
}
