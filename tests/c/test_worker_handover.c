/* links: worker/handover worker/passed worker/environment */
/* Passing a connection: both sides in one process, step by step; and senders who do not keep to the protocol.
 * After each test as many descriptors are open as before it. */
#include "test.h"
#include "worker/reeve.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LONG_MS 30000

static struct sockaddr_un address;
static int listener = -1, fds_before;
static struct reeve_error error;

static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	(void)closedir(dir);
	return n;
}

static int set_up(void **state)
{
	(void)state;
	(void)alarm(120);
	fds_before = count_fds();
	address.sun_family = AF_UNIX;
	(void)snprintf(address.sun_path, sizeof address.sun_path, "/tmp/reeve-handover.%d", (int)getpid());
	(void)unlink(address.sun_path);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 0) < 0 ? -1
													  : 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)close(listener);
	(void)unlink(address.sun_path);
	if (count_fds() != fds_before) {
		print_error("%d descriptors are open, %d were\n", count_fds(), fds_before);
		return -1;
	}
	return 0;
}

static struct reeve_client taken(void)
{
	struct reeve_client client = {.fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)};

	assert_true(client.fd >= 0);
	return client;
}

static void end(struct reeve_client *client)
{
	(void)close(client->fd);
	client->fd = -1;
}

static struct reeve_handover *begin(int fd, const void *payload, size_t size, int timeout_ms)
{
	struct reeve_handover *h =
		reeve_handover_new(address.sun_path, fd, payload, size, timeout_ms, &error);

	if (h == NULL)
		fail_msg("%s", error.text);
	return h;
}

static int finish(struct reeve_handover **h)
{
	struct pollfd ready = {.fd = reeve_handover_fd(*h), .events = POLLIN};
	int r = 1;

	while (r == 1) {
		assert_int_equal(poll(&ready, 1, -1), 1);
		r = reeve_handover_step(*h, &error);
	}
	reeve_handover_free(h);
	return r;
}

/* One byte through a pipe tells that two descriptors are its ends. */
static void expect_same_pipe(int write_end, int read_end)
{
	char c = 0;

	assert_int_equal(write(write_end, "x", 1), 1);
	assert_int_equal(read(read_end, &c, 1), 1);
	assert_int_equal(c, 'x');
}

static void pass(const void *payload, size_t size)
{
	struct reeve_passed p = REEVE_PASSED_NONE;
	struct reeve_handover *h;
	struct reeve_client client;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	h = begin(ends[1], payload, size, LONG_MS);
	(void)close(ends[1]); /* it has a copy */
	client = taken();
	while (reeve_receive_fd(&client, &p, 0, &error) == 0)
		assert_int_equal(reeve_handover_step(h, &error), 1);
	assert_true(p.fd >= 0);
	assert_int_equal(p.size, size);
	if (size > 0)
		assert_memory_equal(p.payload, payload, size);
	assert_int_equal(p.payload[size], 0);
	assert_int_equal(reeve_handover_step(h, &error), 1);
	assert_int_equal(reeve_answer(&client, &p, NULL), 0);
	assert_int_equal(p.fd, -1);
	assert_int_equal(finish(&h), 0);
	assert_true((fcntl(client.fd, F_GETFD) & FD_CLOEXEC) != 0);
	expect_same_pipe(client.fd, ends[0]);
	end(&client);
	(void)close(ends[0]);
}

static void a_connection_arrives_with_its_payload(void **state)
{
	static unsigned char most[REEVE_PAYLOAD_MOST];

	(void)state;
	memset(most, 0xa5, sizeof most);
	pass("alice\0from here", 15);
	pass("", 0);
	pass(most, sizeof most);
}

static void a_refusal_is_the_senders_sentence(void **state)
{
	struct reeve_passed p = REEVE_PASSED_NONE;
	struct reeve_handover *h;
	struct reeve_client client;
	char longest[2 * REEVE_ANSWER_MOST];

	(void)state;
	memset(longest, 'n', sizeof longest);
	longest[sizeof longest - 1] = '\0';
	for (int i = 0; i < 2; i++) {
		h = begin(0, "x", 1, LONG_MS);
		client = taken();
		assert_int_equal(reeve_receive_fd(&client, &p, LONG_MS, &error), 1);
		assert_int_equal(reeve_answer(&client, &p, i == 0 ? "no such user" : longest), 0);
		assert_int_equal(p.fd, -1);
		end(&client);
		assert_int_equal(finish(&h), -1);
		longest[REEVE_ANSWER_MOST] = '\0';
		assert_string_equal(error.text, i == 0 ? "no such user" : longest);
		p = REEVE_PASSED_NONE;
	}
}

static void a_receiver_that_is_gone_or_silent_is_said(void **state)
{
	struct reeve_handover *h = begin(0, "x", 1, LONG_MS);
	struct reeve_client client = taken();

	(void)state;
	end(&client);
	assert_int_equal(finish(&h), -1);
	assert_non_null(strstr(error.text, address.sun_path));
	h = begin(0, "x", 1, 20);
	client = taken();
	assert_int_equal(finish(&h), -1);
	assert_non_null(strstr(error.text, "no answer in time"));
	end(&client);
}

static void a_full_queue_is_tried_again_until_the_time_is_up(void **state)
{
	struct reeve_passed p = REEVE_PASSED_NONE;
	struct reeve_handover *first = begin(0, "1", 1, LONG_MS), *second, *third;
	struct reeve_client client;

	(void)state;
	second = begin(0, "2", 1, LONG_MS); /* listen(0) takes one, or two */
	third = begin(0, "3", 1, 100);
	assert_int_equal(finish(&third), -1);
	reeve_handover_free(&first);
	client = taken();
	end(&client);
	for (int tries = 0; reeve_handover_step(second, &error) == 1 && tries < 50; tries++) {
		struct pollfd ready = {.fd = listener, .events = POLLIN};

		(void)poll(&ready, 1, 500); /* it tries again each 50 ms */
		client.fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (client.fd < 0)
			continue;
		if (reeve_receive_fd(&client, &p, LONG_MS, &error) == 1 && p.payload[0] == '2') {
			assert_int_equal(reeve_answer(&client, &p, NULL), 0);
			assert_int_equal(finish(&second), 0);
			end(&client);
			return;
		}
		if (p.fd >= 0)
			(void)close(p.fd);
		p = REEVE_PASSED_NONE;
		end(&client);
	}
	fail_msg("the second never came: %s", error.text);
}

static void what_cannot_be_sent_is_said_at_once(void **state)
{
	static const unsigned char big[REEVE_PAYLOAD_MOST + 1];
	char path[200];

	(void)state;
	memset(path, '/', sizeof path);
	path[sizeof path - 1] = '\0';
	assert_null(reeve_handover_new(address.sun_path, 0, big, sizeof big, 1, &error));
	assert_non_null(strstr(error.text, "at most 8192 bytes"));
	assert_null(reeve_handover_new(path, 0, "", 0, 1, &error));
	assert_null(reeve_handover_new("/nowhere/at/all", 0, "", 0, 1, &error));
	assert_string_equal(error.text, "/nowhere/at/all: No such file or directory");
	assert_null(reeve_handover_new(address.sun_path, 9999, "", 0, 1, &error));
	assert_int_equal(reeve_send_fd("/nowhere/at/all", 0, "", 0, LONG_MS, &error), -1);
}

/* ---- senders who do not keep to the protocol */

/* `count` descriptors with the first byte, then byte by byte. */
static void send_raw(int fd, const void *bytes, size_t len, int count)
{
	char room[CMSG_SPACE(16 * sizeof(int))] __attribute__((aligned(8))) = {0};
	struct cmsghdr *header = (struct cmsghdr *)(void *)room;
	struct iovec part = {(void *)(uintptr_t)bytes, 1};
	struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};

	if (count > 0) {
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
		memset(CMSG_DATA(header), 0, (size_t)count * sizeof(int)); /* copies of fd 0 */
		m.msg_control = room;
		m.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
	}
	assert_int_equal(sendmsg(fd, &m, 0), 1);
	for (size_t i = 1; i < len; i++)
		(void)send(fd, (const char *)bytes + i, 1, MSG_NOSIGNAL);
}

static int receive_from(const void *bytes, size_t len, int count, bool late_fd)
{
	struct reeve_passed p = REEVE_PASSED_NONE;
	struct reeve_client client;
	int pair[2], r;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	client = (struct reeve_client){.fd = pair[1]};
	send_raw(pair[0], bytes, len, count);
	if (late_fd)
		send_raw(pair[0], "x", 1, 1);
	(void)close(pair[0]);
	r = reeve_receive_fd(&client, &p, LONG_MS, &error);
	if (r == 1)
		assert_int_equal(reeve_answer(&client, &p, "no"), -1); /* he has gone */
	assert_int_equal(p.fd, -1);
	end(&client);
	return r;
}

static void strangers_are_refused_and_their_descriptors_closed(void **state)
{
	static const unsigned char good[] = "RVH1\0\0\0\3abc", big[] = "RVH1\0\0\x20\1", other[] = "GET / HT";

	(void)state;
	assert_int_equal(receive_from(good, 11, 1, false), 1);
	for (size_t len = 1; len < 11; len++) {
		assert_int_equal(receive_from(good, len, 1, false), -1);
		assert_non_null(strstr(error.text, "has gone in the middle"));
	}
	for (int count = 0; count <= 16; count++)
		if (count != 1) {
			assert_int_equal(receive_from(good, 11, count, false), -1);
			assert_non_null(strstr(error.text, "did not pass one descriptor"));
		}
	assert_int_equal(receive_from(good, 10, 1, true), -1); /* a second one with a later byte */
	assert_int_equal(receive_from(big, 8, 1, false), -1);
	assert_non_null(strstr(error.text, "does not speak the protocol"));
	assert_int_equal(receive_from(other, 8, 1, false), -1);
}

static void every_flipped_byte_of_the_head_is_refused_or_means_the_same(void **state)
{
	unsigned char message[] = "RVH1\0\0\0\3abc";

	(void)state;
	for (size_t i = 0; i < 8; i++)
		for (int bit = 0; bit < 8; bit++) {
			message[i] ^= (unsigned char)(1 << bit);
			/* a smaller size leaves bytes behind, which is the sender's business */
			if (i < 7)
				assert_int_equal(receive_from(message, 11, 1, false), -1);
			message[i] ^= (unsigned char)(1 << bit);
		}
}

static void an_answer_that_is_none_is_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} answers[] = {
		{"\0\0\0\1\0\0\1\1", 8}, /* 257 bytes */
		{"\0\0\0\1\xff\xff\xff\xff", 8},
		{"\0\0\0\1\0\0\0\5no", 10},
		{"\0\0\0", 3},
	};

	(void)state;
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		struct reeve_handover *h = begin(0, "x", 1, LONG_MS);
		struct reeve_passed p = REEVE_PASSED_NONE;
		struct reeve_client client = taken();

		assert_int_equal(reeve_receive_fd(&client, &p, LONG_MS, &error), 1);
		(void)close(p.fd);
		assert_int_equal(send(client.fd, answers[i].bytes, answers[i].len, 0), answers[i].len);
		end(&client);
		assert_int_equal(finish(&h), -1);
		assert_non_null(strstr(error.text, address.sun_path));
	}
}

static void the_mode_of_the_receiver_is_given_to_the_connection(void **state)
{
	(void)state;
	for (int blocking = 0; blocking < 2; blocking++) {
		struct reeve_passed p = REEVE_PASSED_NONE;
		struct reeve_handover *h;
		struct reeve_client client;
		int ends[2], mode = blocking != 0 ? 0 : O_NONBLOCK;

		assert_int_equal(pipe2(ends, O_CLOEXEC | (blocking != 0 ? O_NONBLOCK : 0)), 0);
		h = begin(ends[1], "", 0, LONG_MS);
		client = taken();
		(void)fcntl(client.fd, F_SETFL, mode);
		assert_int_equal(reeve_receive_fd(&client, &p, LONG_MS, &error), 1);
		assert_int_equal(reeve_answer(&client, &p, NULL), 0);
		assert_int_equal(fcntl(client.fd, F_GETFL) & O_NONBLOCK, mode);
		assert_int_equal(finish(&h), 0);
		end(&client);
		(void)close(ends[0]);
		(void)close(ends[1]);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_connection_arrives_with_its_payload),
		TEST(a_refusal_is_the_senders_sentence),
		TEST(a_receiver_that_is_gone_or_silent_is_said),
		TEST(a_full_queue_is_tried_again_until_the_time_is_up),
		TEST(what_cannot_be_sent_is_said_at_once),
		TEST(strangers_are_refused_and_their_descriptors_closed),
		TEST(every_flipped_byte_of_the_head_is_refused_or_means_the_same),
		TEST(an_answer_that_is_none_is_refused),
		TEST(the_mode_of_the_receiver_is_given_to_the_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
