/* links: log/; reeve-log itself, started on pipes of ours: nothing lost, doubled, merged or forged. */
#include "base/fd.h"
#include "log/split.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PIPES_MOST 4
#define FIRST      7

/* One machine: pipes that outlive the log processes that are started on them. */
static struct {
	char dir[40], log[64];
	int pipe[PIPES_MOST][2]; /* [0] is the master's */
	int pipes, listener, status[2], passed;
	pid_t pid;
	const char *env[12];
	int envs;
	uid_t uid;
} m;

static void with(const char *entry)
{
	m.env[m.envs++] = entry;
}

static int set_up(void **state)
{
	static char log_path[80];

	(void)state;
	memset(&m, 0, sizeof m);
	m.listener = m.passed = -1;
	(void)strcpy(m.dir, "/tmp/test_log_run.XXXXXX");
	assert_non_null(mkdtemp(m.dir));
	(void)snprintf(m.log, sizeof m.log, "%s/log", m.dir);
	(void)snprintf(log_path, sizeof log_path, "LOG_PATH=%s", m.log);
	m.pipes = PIPES_MOST;
	for (int i = 0; i < PIPES_MOST; i++)
		assert_int_equal(fd_pipe(m.pipe[i], 0), 0);
	assert_int_equal(fd_pipe(m.status, 1), 0);
	with(log_path);
	with("LOG_NAMES=7=reeved\t8=web\t9=chat\t10=mail");
	with("GENERATION=41");
	with("TZ=UTC");
	return 0;
}

static void kill_log(int sig)
{
	assert_int_equal(kill(m.pid, sig), 0);
}

static int tear_down(void **state)
{
	char command[80];

	(void)state;
	if (m.pid > 0) {
		kill_log(SIGKILL);
		assert_int_equal(waitpid(m.pid, NULL, 0), m.pid);
	}
	for (int i = 0; i < PIPES_MOST; i++) {
		fd_close(&m.pipe[i][0]);
		fd_close(&m.pipe[i][1]);
	}
	fd_close(&m.status[0]);
	fd_close(&m.status[1]);
	fd_close(&m.listener);
	fd_close(&m.passed);
	(void)snprintf(command, sizeof command, "rm -rf %s", m.dir);
	return system(command) != 0;
}

static _Noreturn void become_log(const char *program)
{
	char count[40], passed[40];
	int sources[PIPES_MOST + 3], n = 0;

	for (int i = 0; i < m.pipes; i++)
		sources[n++] = fcntl(m.pipe[i][0], F_DUPFD_CLOEXEC, 100);
	if (m.listener >= 0) {
		sources[n++] = fcntl(m.listener, F_DUPFD_CLOEXEC, 100);
		(void)snprintf(passed, sizeof passed, "SOCKET%d_SETTINGS=log-errors", n - 1);
		with(strdup(passed));
	}
	(void)snprintf(count, sizeof count, "SOCKET_COUNT=%d", n);
	with(count);
	if (m.passed >= 0) {
		sources[n++] = fcntl(m.passed, F_DUPFD_CLOEXEC, 100);
		(void)snprintf(passed, sizeof passed, "LOG_PATH_FD=%d", FIRST + n - 1);
		with(passed);
	}
	(void)dup2(fcntl(m.status[1], F_DUPFD_CLOEXEC, 100), 5);
	for (int i = 0; i < n; i++)
		(void)dup2(sources[i], FIRST + i);
	if (m.uid != 0 && (setgid(m.uid) < 0 || setuid(m.uid) < 0))
		_exit(99);
	(void)execle(program, program, (char *)NULL, m.env);
	_exit(98);
}

static void start_log(void)
{
	const char *build = getenv("BUILD");
	char program[256];

	(void)snprintf(program, sizeof program, "%s/reeve-log", build != NULL ? build : "build");
	m.pid = fork();
	assert_true(m.pid >= 0);
	if (m.pid == 0)
		become_log(program);
}

static int end_of_log(void)
{
	int status;

	assert_int_equal(waitpid(m.pid, &status, 0), m.pid);
	m.pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void stop_log(void)
{
	kill_log(SIGTERM);
	assert_int_equal(end_of_log(), 0);
}

static void wait_ready(void)
{
	uint32_t status[3];
	struct pollfd ready = {.fd = m.status[0], .events = POLLIN};

	assert_int_equal(poll(&ready, 1, 60000), 1);
	assert_int_equal(read(m.status[0], status, sizeof status), sizeof status);
	assert_int_equal(status[0], m.pid);
	assert_int_equal(status[1], 41);
	assert_int_equal(status[2], 1);
}

static void close_writers(void)
{
	for (int i = 0; i < PIPES_MOST; i++)
		fd_close(&m.pipe[i][1]);
}

static void write_to(int i, const void *data, size_t len)
{
	assert_int_equal(fd_write_all(m.pipe[i][1], data, len), 0);
}

#define SAY(i, text) write_to(i, text, sizeof(text) - 1)

/* The whole file with a NUL; the caller frees it. */
static char *slurp(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *text;
	ssize_t n;

	assert_int_equal(fd < 0 ? -1 : fstat(fd, &st), 0);
	text = malloc((size_t)st.st_size + 1);
	assert_non_null(text);
	n = read(fd, text, (size_t)st.st_size);
	assert_true(n >= 0);
	text[n] = '\0';
	*len = (size_t)n;
	(void)close(fd);
	return text;
}

/* memchr, because a sanitizer's strstr and memmem look at the rest of ten megabytes at each call */
static size_t count_of(const char *text, const char *what)
{
	const char *end = text + strlen(text);
	size_t n = 0, len = strlen(what);

	while ((text = memchr(text, what[0], (size_t)(end - text))) != NULL) {
		bool found = (size_t)(end - text) >= len && memcmp(text, what, len) == 0;
		text += found ? len : 1;
		n += found;
	}
	return n;
}

static size_t count_in(const char *path, const char *what)
{
	size_t len, n;
	char *text = slurp(path, &len);

	n = count_of(text, what);
	free(text);
	return n;
}

/* Tries again each millisecond, for a minute or more. */
#define UNTIL(condition)                                                      \
	do {                                                                  \
		int tries = 0;                                                \
		while (!(condition)) {                                        \
			if (++tries > 60000)                                  \
				fail_msg("never came to be: %s", #condition); \
			(void)poll(NULL, 0, 1);                               \
		}                                                             \
	} while (0)

/* The file without its times. */
static void assert_log(const char *expected)
{
	size_t len, n = 0;
	char *text = slurp(m.log, &len), *out = malloc(len + 1), *rest = text, *line;

	assert_non_null(out);
	while ((line = strsep(&rest, "\n")) != NULL && rest != NULL) {
		assert_true(strlen(line) > 33 && line[32] == ' ');
		n += (size_t)snprintf(out + n, len + 1 - n, "%s\n", line + 33);
	}
	out[n] = '\0';
	assert_string_equal(out, expected);
	free(out);
	free(text);
}

/* ---- what lines become */

static void a_service_cannot_speak_for_another(void **state)
{
	(void)state;
	start_log();
	wait_ready();
	SAY(1, "\xfe\x03\xff\x02\x06\0\0\0chat: forged\n");
	SAY(1, "x\n2023-11-14T22:13:20.000007+00:00 error chat[1]: forged\r\n");
	SAY(1, "8 1 FATAL not the master\n\0\x1b[2J\xff\n");
	SAY(1, "\xfe\x03\xff\x02\x05\0\0\0web: my own handshake\n");
	SAY(1, "\001\30412 6 chat: text\n<4>half");
	close_writers();
	assert_int_equal(end_of_log(), 0);
	assert_log("error web: \\xfe\\x03\\xff\\x02\\x06\\x00\\x00\\x00chat: forged\n"
		   "error web: x\n"
		   "error web: 2023-11-14T22:13:20.000007+00:00 error chat[1]: forged\\x0d\n"
		   "error web: 8 1 FATAL not the master\n"
		   "error web: \\x00\\x1b[2J\\xff\n"
		   "error web: my own handshake\n"
		   "error web[12]: chat: text\n"
		   "warning web: half\n");
}

static void handshakes_name_pipes_that_nobody_named(void **state)
{
	(void)state;
	m.env[1] = "LOG_NAMES=";
	SAY(0, "\xfe\x03\xff\x02\x06\0\0\0MASTER");
	SAY(1, "\xfe\x03\xff\x02\x05\0\0\0web: hello\n");
	SAY(2, "\xfe\x03\xff\x02\x05\0\0\0web: not me\n");
	SAY(3, "too early\n\xfe\x03\xff\x02\x06\0\0\0mail: late\n");
	start_log();
	wait_ready();
	close_writers();
	assert_int_equal(end_of_log(), 0);
	assert_int_equal(count_in(m.log, " error web: hello\n"), 1);
	assert_int_equal(count_in(m.log, " error fd9: not me\n"), 1);
	assert_int_equal(count_in(m.log, "the pipe of fd9 says that it is 'web', which another one is"), 1);
	assert_int_equal(count_in(m.log, " error fd10: too early\n"), 1);
	assert_int_equal(
		count_in(m.log, " error fd10: \\xfe\\x03\\xff\\x02\\x06\\x00\\x00\\x00mail: late\n"), 1);
}

static void the_master_tells_how_a_process_ended(void **state)
{
	(void)state;
	start_log();
	wait_ready();
	SAY(1, "\001\01012 prefix=web(joe): \n\001\01012 ip=::1\n\001\00412 one\n\001\00512 fatal\n");
	SAY(0, "8 12 DEFAULT-FATAL unsaid\n8 12 FATAL killed with signal 9\n8 12 BYE\n");
	SAY(0, "8 13 DEFAULT-FATAL returned 89\n8 99 ONLY\n9 1 NONSENSE\n7 1 BYE\n12 1 BYE\n");
	UNTIL(count_in(m.log, "12 1 BYE") == 1);
	SAY(1, "\001\00412 forgotten\nplain\n");
	UNTIL(count_in(m.log, "plain") == 1);
	SAY(1, "before\n");
	SAY(0, "8 0 ONLY\n\001\0021 own line\n");
	UNTIL(count_in(m.log, "own line") == 1);
	SAY(1, "after\n");
	close_writers();
	assert_int_equal(end_of_log(), 0);
	assert_log("error web[12]: web(joe): one\n"
		   "fatal web[12]: web(joe): fatal\n"
		   "fatal web[12]: master: killed with signal 9 [last ip=::1]\n"
		   "fatal web[13]: master: returned 89\n"
		   "error reeved: 9 1 NONSENSE\n"
		   "error reeved: 7 1 BYE\n"
		   "error reeved: 12 1 BYE\n"
		   "error web[12]: forgotten\n"
		   "error web[99]: plain\n"
		   "error web[99]: before\n"
		   "info reeved[1]: own line\n"
		   "error web: after\n");
}

/* However much the master has said before. */
static void an_order_is_done_before_lines_that_were_written_behind_it(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++)
		SAY(0, "\001\0021 own line\n");
	SAY(0, "8 99 ONLY\n");
	SAY(1, "plain\n");
	start_log();
	wait_ready();
	UNTIL(count_in(m.log, "plain") == 1);
	close_writers();
	assert_int_equal(end_of_log(), 0);
	assert_int_equal(count_in(m.log, " error web[99]: plain\n"), 1);
}

static void a_line_of_ten_megabytes_is_whole_in_its_pieces(void **state)
{
	static char part[1 << 20];
	size_t len, letters = 0;
	char *text;

	(void)state;
	memset(part, 'x', sizeof part);
	start_log();
	wait_ready();
	for (int i = 0; i < 10; i++)
		write_to(1, part, sizeof part);
	SAY(1, "\nnext\n");
	close_writers();
	assert_int_equal(end_of_log(), 0);
	text = slurp(m.log, &len);
	for (size_t i = 0; i < len; i++)
		letters += text[i] == 'x';
	assert_int_equal(letters, (10 << 20) + 1); /* "next" has one, too */
	assert_int_equal(count_of(text, " [more follows]\n"), (10 << 20) / SPLIT_LINE_MOST - 1);
	assert_int_equal(count_of(text, ": [continued] x"), (10 << 20) / SPLIT_LINE_MOST - 1);
	assert_int_equal(count_of(text, "error web: next\n"), 1);
	free(text);
}

static void a_rate_limit_tells_how_much_it_dropped(void **state)
{
	(void)state;
	with("LOG_RATES=8=5");
	for (int i = 0; i < 100; i++) /* all are there when it starts, so that one second sees them */
		SAY(1, "flood\n");
	for (int i = 0; i < 100; i++)
		SAY(2, "free\n");
	start_log();
	wait_ready();
	UNTIL(count_in(m.log, "service web: 95 lines were dropped: more than 5 a second (log_rate)") == 1);
	close_writers();
	assert_int_equal(end_of_log(), 0);
	assert_int_equal(count_in(m.log, "flood"), 5);
	assert_int_equal(count_in(m.log, "free"), 100);
}

/* ---- files */

static void sigusr1_opens_the_file_again(void **state)
{
	char old[80];

	(void)state;
	(void)snprintf(old, sizeof old, "%s.1", m.log);
	start_log();
	wait_ready();
	SAY(1, "one\n");
	UNTIL(count_in(m.log, "one") == 1);
	assert_int_equal(rename(m.log, old), 0);
	kill_log(SIGUSR1);
	UNTIL(access(m.log, F_OK) == 0);
	SAY(1, "two\n");
	UNTIL(count_in(m.log, "two") == 1);
	stop_log();
	assert_int_equal(count_in(old, "two"), 0);
}

static void a_moved_file_is_made_again_and_no_line_lost(void **state)
{
	char old[80];
	int n = 0;

	(void)state;
	(void)snprintf(old, sizeof old, "%s.1", m.log);
	start_log();
	wait_ready();
	SAY(1, "line\n");
	UNTIL(count_in(m.log, "line") == 1);
	assert_int_equal(rename(m.log, old), 0);
	UNTIL((SAY(1, "line\n"), n++, access(m.log, F_OK) == 0));
	stop_log();
	assert_int_equal(count_in(old, "line") + count_in(m.log, "line"), n + 1);
}

static void only_paths_that_it_may_not_open_are_passed(void **state)
{
	(void)state;
	if (getuid() != 0)
		skip();
	m.uid = 65534;
	start_log();
	assert_int_equal(end_of_log(), 80);
	m.passed = open(m.log, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	start_log();
	wait_ready();
	SAY(1, "one\n");
	UNTIL(count_in(m.log, "one") == 1);
	kill_log(SIGUSR1);
	assert_int_equal(end_of_log(), 0); /* the master is to open it again and start us */
	SAY(1, "two\n");
	start_log();
	wait_ready();
	UNTIL(count_in(m.log, "two") == 1);
	stop_log();
}

/* A full disk: path -> /dev/full, then it has room. */
static void fill_disk(void)
{
	assert_int_equal(symlink("/dev/full", m.log), 0);
}

static void empty_disk(void)
{
	assert_int_equal(unlink(m.log), 0);
	kill_log(SIGUSR1);
}

static bool is_full(int i)
{
	struct pollfd p = {.fd = m.pipe[i][1], .events = POLLOUT};

	return poll(&p, 1, 0) == 0;
}

static void a_full_disk_makes_services_wait(void **state)
{
	int n = 0;
	char line[32];

	(void)state;
	fill_disk();
	with("LOG_OVERFLOW=block");
	start_log();
	wait_ready();
	for (int full = 0; full < 50; full = is_full(1) ? full + 1 : 0) { /* it stays full for 50 ms */
		if (is_full(1))
			(void)poll(NULL, 0, 1);
		else
			write_to(1, line, (size_t)snprintf(line, sizeof line, "line %d.\n", n++));
	}
	assert_true(n < 65536 * 2 / 8);
	empty_disk();
	UNTIL(!is_full(1));
	SAY(1, "last\n");
	UNTIL(access(m.log, F_OK) == 0 && count_in(m.log, "last\n") == 1);
	stop_log();
	assert_int_equal(count_in(m.log, "error web: line "), n);
}

static void a_full_disk_drops_and_counts_where_that_was_asked_for(void **state)
{
	static char many[32768];
	unsigned long long dropped = 0;
	size_t len, total = 0;
	char *text, *at;

	(void)state;
	fill_disk();
	with("LOG_OVERFLOWS=8=drop");
	for (char *to = many; to < many + sizeof many; to += 16)
		memcpy(to, "fifteen letters\n", 16);
	start_log();
	wait_ready();
	for (int i = 0; i < 100; i++, total += sizeof many / 16)
		write_to(1, many, sizeof many);
	UNTIL(!is_full(1));
	empty_disk();
	UNTIL(access(m.log, F_OK) == 0 && count_in(m.log, "were dropped") == 1);
	stop_log();
	text = slurp(m.log, &len);
	at = strstr(text, "service web: ");
	assert_non_null(at);
	dropped = strtoull(at + 13, NULL, 10);
	assert_true(dropped > 0);
	assert_int_equal(count_of(text, "fifteen letters\n") + dropped, total);
	free(text);
}

/* ---- log-errors */

static void log_errors_tells_the_last_warnings(void **state)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	char got[400];
	size_t n = 0;
	ssize_t more;
	int fd;

	(void)state;
	(void)snprintf(at.sun_path, sizeof at.sun_path, "%s/errors", m.dir);
	m.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(m.listener, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(m.listener, 5), 0);
	start_log();
	wait_ready();
	SAY(1, "\001\0025 an info\n\001\0035 a warning\nraw\n");
	UNTIL(count_in(m.log, "raw") == 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	while ((more = read(fd, got + n, sizeof got - 1 - n)) > 0)
		n += (size_t)more;
	got[n] = '\0';
	(void)close(fd);
	assert_int_equal(count_of(got, "\n"), 2);
	assert_memory_equal(got, "warning\t1", 9);
	assert_non_null(strstr(got, "\tweb[5]: \ta warning\nerror\t"));
	assert_non_null(strstr(got, "\tweb: \traw\n"));
	stop_log();
}

/* ---- nothing is lost, doubled or merged */

#define ENDS    12   /* how often the log process is ended meanwhile */
#define PORTION 2570 /* lines of each of three pipes for each of these ends, and after the last */
#define LINES   (PORTION * (ENDS + 1))

static int go[2]; /* a byte for each portion of a writer */

/* Numbered lines of many lengths; each seventh in two writes. */
static _Noreturn void write_lines(int i)
{
	uint64_t seed = test_seed() + (uint64_t)i;
	char line[400];

	for (int n = 0; n < LINES; n++) {
		if (n % PORTION == 0 && read(go[0], line, 1) != 1)
			_exit(2);
		int pad = (int)test_below(&seed, 120);
		int len = snprintf(line, sizeof line, "%s%d pipe %d line %d %.*s.\n",
			n % 3 ? "\001\002" : "<6>#", n % 3 ? 1000 + i : 0, i, n, pad,
			"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"
			"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz");
		int first = n % 7 == 0 ? len / 2 : len;
		if (fd_write_all(m.pipe[i][1], line, (size_t)first) < 0 ||
			fd_write_all(m.pipe[i][1], line + first, (size_t)(len - first)) < 0)
			_exit(1);
	}
	_exit(0);
}

static void start_writers(pid_t *pids)
{
	for (int i = 1; i < PIPES_MOST; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0)
			write_lines(i);
	}
}

static off_t size_of_log(void)
{
	struct stat st;

	return stat(m.log, &st) == 0 ? st.st_size : 0;
}

/* Starts log processes and ends each with the signal while lines come: each has a portion of its own, so that
 * there are some for the last one, too, however late we are. */
static void end_again_and_again(int sig)
{
	pid_t writers[PIPES_MOST];
	int status;

	assert_int_equal(fd_pipe(go, 0), 0);
	start_log();
	wait_ready();
	start_writers(writers);
	for (int i = 0; i < ENDS; i++) {
		off_t size = size_of_log();
		assert_int_equal(write(go[1], "goo", PIPES_MOST - 1), PIPES_MOST - 1);
		UNTIL(size_of_log() > size + 200000);
		kill_log(sig);
		assert_int_equal(end_of_log(), sig == SIGTERM ? 0 : -sig);
		start_log();
		wait_ready();
	}
	assert_int_equal(write(go[1], "goo", PIPES_MOST - 1), PIPES_MOST - 1);
	for (int i = 1; i < PIPES_MOST; i++) {
		assert_int_equal(waitpid(writers[i], &status, 0), writers[i]);
		assert_int_equal(status, 0);
	}
	fd_close(&go[0]);
	fd_close(&go[1]);
	close_writers();
	assert_int_equal(end_of_log(), 0);
}

/* A line of the log that is exactly one of ours: its pipe, and its number in *n. 0: it is none. */
static int our_line(const char *line, int *n)
{
	static const char *const who[] = {"", "web", "chat", "mail"};
	char head[80];
	int i, at = 0;
	const char *body = strstr(line, " pipe ");

	if (strlen(line) < 33 || body == NULL || sscanf(body, " pipe %d line %d %n", &i, n, &at) != 2 ||
		at == 0)
		return 0;
	if (i < 1 || i > 3 || body[at + (int)strspn(body + at, "abcdefghijklmnopqrstuvwxyz")] != '.' ||
		strspn(body + at, "abcdefghijklmnopqrstuvwxyz") + 1 != strlen(body + at))
		return 0;
	(void)snprintf(head, sizeof head, *n % 3 ? "info %s[%d]:" : "info %s: #0", who[i], 1000 + i);
	return strncmp(line + 33, head, strlen(head)) == 0 && (size_t)(body - line) == 33 + strlen(head) ? i
													 : 0;
}

/* Reads the log. Numbers must rise on each pipe. lost[i], and the lines that are not one of ours. */
static int check_lines(int *lost)
{
	size_t len;
	char *text = slurp(m.log, &len), *rest = text, *line;
	int next[PIPES_MOST] = {0}, torn = 0;

	memset(lost, 0, PIPES_MOST * sizeof *lost);
	while ((line = strsep(&rest, "\n")) != NULL && rest != NULL) {
		int n = 0, i = our_line(line, &n);
		if (i == 0) {
			torn++;
			continue;
		}
		if (n < next[i])
			fail_msg("pipe %d: line %d after %d", i, n, next[i] - 1);
		lost[i] += n - next[i];
		next[i] = n + 1;
	}
	for (int i = 1; i < PIPES_MOST; i++)
		lost[i] += LINES - next[i];
	free(text);
	return torn;
}

static void restarts_lose_double_and_merge_nothing(void **state)
{
	int lost[PIPES_MOST];

	(void)state;
	end_again_and_again(SIGTERM);
	assert_int_equal(check_lines(lost), 0);
	for (int i = 1; i < PIPES_MOST; i++)
		assert_int_equal(lost[i], 0);
}

static void a_kill_loses_at_most_one_read_and_merges_nothing(void **state)
{
	int lost[PIPES_MOST], all = 0;

	(void)state;
	end_again_and_again(SIGKILL);
	assert_true(
		check_lines(lost) <= ENDS); /* a line in the middle of a write is torn, with its own end */
	for (int i = 1; i < PIPES_MOST; i++)
		all += lost[i];
	assert_true(all <= ENDS * (65536 / 22)); /* the shortest line is that long */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		T(a_service_cannot_speak_for_another),
		T(handshakes_name_pipes_that_nobody_named),
		T(the_master_tells_how_a_process_ended),
		T(an_order_is_done_before_lines_that_were_written_behind_it),
		T(a_line_of_ten_megabytes_is_whole_in_its_pieces),
		T(a_rate_limit_tells_how_much_it_dropped),
		T(sigusr1_opens_the_file_again),
		T(a_moved_file_is_made_again_and_no_line_lost),
		T(only_paths_that_it_may_not_open_are_passed),
		T(a_full_disk_makes_services_wait),
		T(a_full_disk_drops_and_counts_where_that_was_asked_for),
		T(log_errors_tells_the_last_warnings),
		T(restarts_lose_double_and_merge_nothing),
		T(a_kill_loses_at_most_one_read_and_merges_nothing),
#undef T
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("reeve-log", tests, NULL, NULL);
}
