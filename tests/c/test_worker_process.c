/* links: */
/* Real workers (build/examples), driven by a master of a hundred lines: pipes, a listener, an environment.
 * Every wait is for an event: a message, a byte, an end. alarm() is the end of a test that waits in vain. */

/* cmocka.h needs the others before it */
/* clang-format off */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
/* clang-format on */

#define GENERATION 7
#define NOBODY     "" /* for `argument` */

/* One started worker, seen from its master. */
struct child {
	pid_t pid;
	int status_fd, dead_fd, log_fd;
};

static int listener;
static struct sockaddr_in address;

/* ---- the master */

static const char *build(void)
{
	const char *given = getenv("BUILD");

	return given != NULL ? given : "build";
}

static void set_number(const char *name, unsigned value)
{
	char text[16];

	(void)snprintf(text, sizeof text, "%u", value);
	(void)setenv(name, text, 1);
}

static void set_environment(unsigned client_limit, unsigned service_count)
{
	char path[600];

	(void)snprintf(path, sizeof path, "%s/lua/?.so;;", build());
	(void)setenv("LUA_CPATH", path, 1);
	if (getenv("PRELOAD") != NULL) /* Lua itself is not built with the sanitizers, its module may be */
		(void)setenv("LD_PRELOAD", getenv("PRELOAD"), 1);
	(void)setenv("SERVICE_NAME", "test", 1);
	(void)setenv("SOCKET_COUNT", "1", 1);
	(void)setenv("SOCKET0_SETTINGS", "main", 1);
	set_number("GENERATION", GENERATION);
	set_number("CLIENT_LIMIT", client_limit);
	if (service_count > 0)
		set_number("SERVICE_COUNT", service_count);
}

/* In the child: the layout, and nothing of ours besides. */
static _Noreturn void become(const char *program, const char *argument, const int fds[5])
{
	static const int targets[5] = {2, 3, 5, 6, 7};
	char path[600];
	int high[5];

	for (int i = 0; i < 5; i++)
		high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 100);
	for (int i = 0; i < 5; i++)
		if (high[i] < 0 || dup2(high[i], targets[i]) < 0)
			_exit(99);
	(void)snprintf(path, sizeof path, "%s/examples/%s", build(), program);
	(void)execl(path, program, argument[0] != '\0' ? argument : NULL, (char *)NULL);
	_exit(98);
}

/* `status_write` is the pipe the worker writes to. */
static void launch(struct child *c, const char *program, const char *argument, unsigned client_limit,
	unsigned service_count, int status_write)
{
	int dead[2], log[2], null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	assert_int_equal(pipe2(dead, O_CLOEXEC), 0);
	assert_int_equal(pipe2(log, O_CLOEXEC), 0);
	c->pid = fork();
	if (c->pid == 0) {
		const int fds[5] = {log[1], null_fd, status_write, dead[1], listener};

		set_environment(client_limit, service_count);
		become(program, argument, fds);
	}
	c->dead_fd = dead[0];
	c->log_fd = log[0];
	(void)close(dead[1]);
	(void)close(log[1]);
	(void)close(null_fd);
}

static struct child start(const char *program, unsigned client_limit, unsigned service_count)
{
	struct child c;
	int status[2];

	assert_int_equal(pipe2(status, O_CLOEXEC), 0);
	launch(&c, program, NOBODY, client_limit, service_count, status[1]);
	(void)close(status[1]);
	c.status_fd = status[0];
	return c;
}

static void expect_status(const struct child *c, uint32_t available)
{
	struct {
		int32_t pid;
		uint32_t id, available;
	} message = {0};

	assert_int_equal(read(c->status_fd, &message, sizeof message), sizeof message);
	assert_int_equal(message.pid, c->pid);
	assert_int_equal(message.id, GENERATION);
	assert_int_equal(message.available, available);
}

/* The same behind others, which come at most once a second: on a slow machine some do. */
static void await_status(const struct child *c, uint32_t available)
{
	uint32_t message[3] = {0};

	do {
		assert_int_equal(read(c->status_fd, message, sizeof message), sizeof message);
		assert_int_equal(message[0], c->pid);
	} while (message[2] != available);
}

/* All of the log, to the worker's end. */
static const char *log_of(const struct child *c)
{
	static char text[4096];
	size_t used = 0;
	ssize_t n;

	while ((n = read(c->log_fd, text + used, sizeof text - used - 1)) > 0)
		used += (size_t)n;
	text[used] = '\0';
	return text;
}

/* It ends by itself with status 0, has not logged anything, and had nothing more to report. */
static void expect_end(struct child *c)
{
	char scrap[512];
	int status;

	assert_int_equal(read(c->status_fd, scrap, sizeof scrap), 0);
	assert_string_equal(log_of(c), "");
	assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
	assert_int_equal(status, 0);
	(void)close(c->status_fd);
	(void)close(c->log_fd);
	if (c->dead_fd >= 0)
		(void)close(c->dead_fd);
}

static void retire(struct child *c)
{
	(void)close(c->dead_fd);
	c->dead_fd = -1;
}

static void ask_to_go(const struct child *c)
{
	assert_int_equal(kill(c->pid, SIGINT), 0);
}

/* ---- clients */

static int client(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

static void tell(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Up to and with `end`, or all there is. */
static char *hear(int fd, const char *end)
{
	static char text[16384];
	size_t used = 0;

	text[0] = '\0';
	while (used + 1 < sizeof text && (end[0] == '\0' || strstr(text, end) == NULL) &&
		recv(fd, text + used, 1, 0) == 1)
		text[++used] = '\0';
	return text;
}

static void expect_text(int fd, const char *text)
{
	const char *heard = hear(fd, text);

	if (strstr(heard, text) == NULL)
		fail_msg("'%s' was expected, '%s' came", text, heard);
}

static void expect_hang_up(int fd)
{
	char c;

	assert_true(recv(fd, &c, 1, 0) <= 0);
	(void)close(fd);
}

static void be_greeted(void)
{
	int fd = client();

	assert_string_equal(hear(fd, ""), "hello from here\n");
	(void)close(fd);
}

/* ---- one client at a time */

static void a_worker_reports_ready_busy_and_ready(void **state)
{
	struct child c = start("greet", 1, 0);

	(void)state;
	expect_status(&c, 1);
	for (int i = 0; i < 3; i++) {
		be_greeted();
		expect_status(&c, 0);
		expect_status(&c, 1);
	}
	ask_to_go(&c);
	expect_status(&c, 0);
	expect_end(&c);
}

static void a_busy_worker_does_not_go_when_asked(void **state)
{
	struct child c = start("echo", 1, 0);
	int fd = client();

	(void)state;
	expect_status(&c, 1);
	expect_text(fd, "echo from process ");
	expect_status(&c, 0);
	ask_to_go(&c);
	tell(fd, "still here?\n");
	expect_text(fd, "still here?\n");
	tell(fd, "bye\r\n");
	expect_text(fd, "bye\n");
	expect_hang_up(fd);
	expect_status(&c, 1); /* the question is forgotten: it goes on */
	fd = client();
	expect_text(fd, "echo from process ");
	expect_status(&c, 0);
	(void)close(fd);
	expect_status(&c, 1);
	ask_to_go(&c);
	expect_status(&c, 0);
	expect_end(&c);
}

static void a_retired_worker_finishes_its_client(void **state)
{
	struct child c = start("echo", 1, 0);
	int fd = client(), waiting;

	(void)state;
	expect_status(&c, 1);
	expect_text(fd, "echo from process ");
	expect_status(&c, 0);
	retire(&c);
	waiting = client();
	tell(fd, "bye\n");
	expect_text(fd, "bye\n");
	(void)close(fd);
	/* Back to 1 for a moment, before it looks: the master knows that it drains. */
	expect_status(&c, 1);
	expect_status(&c, 0);
	expect_end(&c);
	/* Who waits has not been taken: another worker gets him. */
	c = start("echo", 1, 0);
	expect_text(waiting, "echo from process ");
	(void)close(waiting);
	expect_status(&c, 1);
	expect_status(&c, 0);
	expect_status(&c, 1);
	retire(&c);
	expect_status(&c, 0);
	expect_end(&c);
}

static void a_worker_ends_after_service_count_clients(void **state)
{
	struct child c = start("greet", 1, 2);

	(void)state;
	expect_status(&c, 1);
	be_greeted();
	expect_status(&c, 0);
	expect_status(&c, 1);
	be_greeted();
	expect_status(&c, 0);
	expect_end(&c);
}

static void several_workers_share_a_listener(void **state)
{
	struct child a = start("greet", 100, 0), b = start("greet", 100, 0);

	(void)state;
	expect_status(&a, 100);
	expect_status(&b, 100);
	for (int i = 0; i < 200; i++)
		be_greeted();
	for (struct child *c = &a; c != NULL; c = c == &a ? &b : NULL) {
		ask_to_go(c);
		await_status(c, 0); /* behind 99 and 100 */
		expect_end(c);
	}
}

/* The first message finds a full pipe; it comes when there is room. */
static void a_full_status_pipe_is_waited_for(void **state)
{
	char zeros[4096] = {0};
	struct child c;
	int status[2];

	(void)state;
	assert_int_equal(pipe2(status, O_CLOEXEC), 0);
	assert_true(fcntl(status[1], F_SETPIPE_SZ, 4096) > 0);
	assert_int_equal(write(status[1], zeros, sizeof zeros), sizeof zeros);
	launch(&c, "greet", NOBODY, 5, 0, status[1]);
	c.status_fd = status[0];
	be_greeted(); /* it works, though it could not say so */
	assert_int_equal(read(c.status_fd, zeros, sizeof zeros), sizeof zeros);
	(void)close(status[1]);
	expect_status(&c, 5);
	retire(&c);
	expect_status(&c, 0);
	expect_end(&c);
}

/* Reports are for the master; without one there is nobody to complain to. */
static void a_closed_status_pipe_is_no_reason_to_end(void **state)
{
	struct child c = start("greet", 1, 0);
	int status;

	(void)state;
	expect_status(&c, 1);
	(void)close(c.status_fd);
	be_greeted();
	be_greeted();
	ask_to_go(&c);
	assert_int_equal(waitpid(c.pid, &status, 0), c.pid);
	assert_int_equal(status, 0);
	(void)close(c.dead_fd);
	(void)close(c.log_fd);
}

static void one_at_a_time_and_a_higher_client_limit_is_a_mistake(void **state)
{
	struct child c = start("echo", 8, 0);
	const char *text;
	int status;

	(void)state;
	text = log_of(&c);
	assert_non_null(strstr(text,
		"service 'test' has client_limit 8, but this program serves one client at a time: "
		"write client_limit = 1"));
	(void)close(c.log_fd);
	assert_int_equal(waitpid(c.pid, &status, 0), c.pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 0);
	(void)close(c.status_fd);
	(void)close(c.dead_fd);
}

/* ---- many clients at a time */

static void a_chat_room_hears_everybody(void **state)
{
	struct child c = start("chat", 2, 0);
	int a, b;

	(void)state;
	expect_status(&c, 2);
	a = client();
	expect_text(a, "* guest 1 has come, 1 here\n");
	b = client();
	expect_text(b, "* guest 2 has come, 2 here\n");
	await_status(&c, 0); /* at once: nobody more can come */
	expect_text(a, "* guest 2 has come, 2 here\n");
	tell(a, "hel");
	tell(a, "lo\x1b[2J\r\nsecond\n");
	expect_text(b, "guest 1: hello [2J\n");
	expect_text(b, "guest 1: second\n");
	(void)close(a);
	expect_text(b, "* guest 1 has left, 1 here\n");
	expect_status(&c, 1);
	retire(&c);
	expect_text(b, "* this room takes no more guests");
	await_status(&c, 0);
	tell(b, "alone\n");
	(void)close(b);
	expect_end(&c);
}

static const char get[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

static void http_keeps_a_connection_alive(void **state)
{
	struct child c = start("http-pool", 10, 0);
	char want[80];
	int fd = client();

	(void)state;
	expect_status(&c, 10);
	for (int i = 1; i <= 3; i++) {
		tell(fd, get);
		(void)snprintf(want, sizeof want, "hello from process %d, connection 1, request %d\n",
			(int)c.pid, i);
		expect_text(fd, "HTTP/1.1 200 OK\r\n");
		expect_text(fd, want);
	}
	retire(&c); /* a silent connection is not worth staying for */
	expect_hang_up(fd);
	await_status(&c, 0);
	expect_end(&c);
}

static const struct exchange {
	const char *request, *status, *last;
} exchanges[] = {
	{"GET / HTTP/1.0\r\n\r\n", "200 OK", "request 1\n"},
	{"\r\nGET /?a=b HTTP/1.1\r\nhost: x\r\nConnection: TE, close\r\n\r\n", "200 OK", "request 1\n"},
	{"GET / HTTP/1.1\nHost: x\nConnection: close\n\n", "200 OK", "request 1\n"},
	{"HEAD / HTTP/1.0\r\n\r\n", "200 OK", "Connection: close\r\n\r\n"},
	{"GET /nothing HTTP/1.0\r\n\r\n", "404 Not Found", "404\n"},
	{"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "405 Method Not Allowed", "405\n"},
	{"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "200 OK", "request 1\n"},
	{"GET / HTTP/1.1\r\n\r\n", "400 Bad Request", "400\n"},
	{"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400 Bad Request", "400\n"},
	{"GET / HTTP/1.1\r\nHost : x\r\n\r\n", "400 Bad Request", "400\n"},
	{"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", "400 Bad Request", "400\n"},
	{"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "400 Bad Request", "400\n"},
	{"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "400 Bad Request",
		"400\n"},
	{"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", "400 Bad Request", "400\n"},
	{"GET /\r\n\r\n", "400 Bad Request", "400\n"},
	{"GET / HTTP/2.0\r\n\r\n", "505 HTTP Version Not Supported", "505\n"},
	{"\x16\x03\x01\x02\x01\x01\xfc\x03\x03\n", "400 Bad Request", "400\n"},
	{"\n\n\n", "400 Bad Request", "400\n"},
	/* two at once: both are answered, in their order */
	{"GET /first HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.0\r\n\r\n", "404 Not Found", "request 2\n"},
};

static void http_answers_and_hangs_up(void **state)
{
	struct child c = start("http-pool", 1000, 0);

	(void)state;
	expect_status(&c, 1000);
	for (size_t i = 0; i < sizeof exchanges / sizeof *exchanges; i++) {
		const struct exchange *x = &exchanges[i];
		int fd = client();
		char *answer;

		tell(fd, x->request);
		answer = hear(fd, "");
		if (strncmp(answer, "HTTP/1.1 ", 9) != 0 ||
			strncmp(answer + 9, x->status, strlen(x->status)) != 0 ||
			strlen(answer) < strlen(x->last) ||
			strcmp(answer + strlen(answer) - strlen(x->last), x->last) != 0)
			fail_msg("exchange %zu: %s", i, answer);
		(void)close(fd);
	}
	assert_int_equal(kill(c.pid, SIGTERM), 0);
	assert_int_equal(waitpid(c.pid, NULL, 0), c.pid);
	(void)close(c.status_fd);
	(void)close(c.dead_fd);
	(void)close(c.log_fd);
}

static void http_refuses_a_head_that_does_not_end(void **state)
{
	struct child c = start("http-pool", 10, 1);
	int fd = client();

	(void)state;
	expect_status(&c, 1); /* service_count bounds client_limit */
	tell(fd, "GET / HTTP/1.1\r\nHost: x\r\n");
	for (int i = 0; i < 400; i++)
		if (send(fd, "X-Header: and another one\r\n", 27, MSG_NOSIGNAL) < 0)
			break;
	expect_status(&c, 0);
	expect_text(fd, "HTTP/1.1 431 Request Header Fields Too Large\r\n");
	(void)close(fd);
	expect_end(&c);
}

/* 200 ms of patience: the clock is the worker's, the test waits for its hanging up. All has been said before
 * the clock begins. */
static void http_hangs_up_on_the_slow_and_the_silent(void **state)
{
	struct child c;
	int status[2], silent, slow, idle;

	(void)state;
	silent = client();
	slow = client();
	tell(slow, "GET / HT");
	idle = client();
	tell(idle, get);
	assert_int_equal(pipe2(status, O_CLOEXEC), 0);
	launch(&c, "http-pool", "200", 3, 3, status[1]);
	(void)close(status[1]);
	c.status_fd = status[0];
	expect_status(&c, 3);
	expect_text(idle, "request 1\n");
	expect_hang_up(silent);
	expect_hang_up(slow);
	expect_hang_up(idle);
	await_status(&c, 0);
	expect_end(&c);
}

static int set_up(void **state)
{
	socklen_t len = sizeof address;

	(void)state;
	(void)alarm(200);
	address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) < 0 ||
		listen(listener, 128) < 0 || getsockname(listener, (struct sockaddr *)&address, &len) < 0)
		return -1;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return close(listener);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_worker_reports_ready_busy_and_ready),
		TEST(a_busy_worker_does_not_go_when_asked),
		TEST(a_retired_worker_finishes_its_client),
		TEST(a_worker_ends_after_service_count_clients),
		TEST(several_workers_share_a_listener),
		TEST(a_full_status_pipe_is_waited_for),
		TEST(a_closed_status_pipe_is_no_reason_to_end),
		TEST(one_at_a_time_and_a_higher_client_limit_is_a_mistake),
		TEST(a_chat_room_hears_everybody),
		TEST(http_keeps_a_connection_alive),
		TEST(http_answers_and_hangs_up),
		TEST(http_refuses_a_head_that_does_not_end),
		TEST(http_hangs_up_on_the_slow_and_the_silent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
