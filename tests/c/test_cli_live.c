/* links: cli/cli cli/live cli/live_answers cli/client cli/frame cli/lock cli/resort cli/instances */
/* Verbs that the engine carries out. The command runs in a child; this test plays the engine behind
 * the control socket and the master that holds the lock. */
#include "base/fd.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/frame.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE 60000 /* ms; only a test that fails waits so long */

struct world {
	char dir[64];
	int listener, session;
	struct frame_reader in;
	pid_t command;
	int out, err; /* what the command prints */
	pid_t master;
	int master_told; /* a pipe: the signal that the master got */
};

static void path_in(const struct world *w, const char *name, char *path, size_t room)
{
	(void)snprintf(path, room, "%s/%s", w->dir, name);
}

static void wait_for(int fd)
{
	struct pollfd p = {fd, POLLIN, 0};

	if (poll(&p, 1, PATIENCE) <= 0)
		fail_msg("nothing came in time");
}

static void engine_listens(struct world *w)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	path_in(w, "control", addr.sun_path, sizeof addr.sun_path);
	w->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(w->listener, (const struct sockaddr *)&addr, sizeof addr), 0);
	assert_int_equal(listen(w->listener, 8), 0);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	(void)snprintf(w->dir, sizeof w->dir, "/tmp/reeve-test-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	w->listener = w->session = w->out = w->err = w->master_told = -1;
	frame_reader_init(&w->in);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	char path[128];

	if (w->master > 0) {
		(void)kill(w->master, SIGKILL);
		(void)waitpid(w->master, NULL, 0);
	}
	fd_close(&w->listener);
	fd_close(&w->session);
	fd_close(&w->out);
	fd_close(&w->err);
	fd_close(&w->master_told);
	frame_reader_free(&w->in);
	path_in(w, "control", path, sizeof path);
	(void)unlink(path);
	path_in(w, "reeve.lock", path, sizeof path);
	(void)unlink(path);
	assert_int_equal(rmdir(w->dir), 0);
	free(w);
	return 0;
}

/* ---- the command */

/* Whoever comes after the verb in the same process (past.c, against.c) must end at ^C again. */
static int signals_are_left_as_they_were(int code)
{
	sigset_t set;

	(void)sigprocmask(SIG_BLOCK, NULL, &set);
	return sigismember(&set, SIGINT) == 0 ? code : 99;
}

static void command_starts(struct world *w, const char *word, char *argument)
{
	char *argv[] = {argument, NULL};
	struct cli cli = {.base_dir = w->dir, .word = word, .argv = argv, .argc = argument != NULL};
	int out[2], err[2];

	assert_int_equal(fd_pipe(out, 0), 0);
	assert_int_equal(fd_pipe(err, 0), 0);
	w->command = fork();
	if (w->command == 0) {
		fd_close(&w->listener); /* or the socket would outlive its engine in here */
		(void)dup2(out[1], STDOUT_FILENO);
		(void)dup2(err[1], STDERR_FILENO);
		_exit(signals_are_left_as_they_were(live_run(&cli)));
	}
	fd_close(&out[1]);
	fd_close(&err[1]);
	w->out = out[0];
	w->err = err[0];
}

static void read_all(int fd, char *text, size_t room)
{
	size_t at = 0;
	ssize_t n = 1;

	while (n > 0 && at + 1 < room) {
		wait_for(fd);
		n = read(fd, text + at, room - 1 - at);
		at += n > 0 ? (size_t)n : 0;
	}
	text[at] = '\0';
}

/* Its exit code; what it printed. */
static int command_ends(struct world *w, char out[512], char err[512])
{
	int status;

	read_all(w->out, out, 512);
	read_all(w->err, err, 512);
	assert_int_equal(waitpid(w->command, &status, 0), w->command);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* ---- the engine */

static void engine_hears(struct world *w, const char *verb, const char *payload, size_t length)
{
	struct frame f;
	struct err e;
	int got;

	while ((got = frame_next(&w->in, &f, &e)) == 0) {
		wait_for(w->session);
		ssize_t n = read(w->session, frame_room(&w->in, 4096), 4096);
		assert_true(n > 0);
		frame_added(&w->in, (size_t)n);
	}
	assert_int_equal(got, 1);
	assert_string_equal(f.verb, verb);
	if (payload == NULL)
		return;
	assert_int_equal(f.length, length);
	assert_memory_equal(f.payload, payload, length);
}

static void engine_accepts(struct world *w)
{
	wait_for(w->listener);
	fd_close(&w->session);
	frame_reader_free(&w->in);
	w->session = accept4(w->listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(w->session >= 0);
}

static void engine_says(struct world *w, const char *bytes)
{
	assert_int_equal(fd_write_all(w->session, bytes, strlen(bytes)), 0);
}

/* ---- the master */

static _Noreturn void be_master(const struct world *w, int told)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	struct signalfd_siginfo info;
	char path[128], pid[32];
	sigset_t set;
	int signals, lock;

	(void)prctl(PR_SET_NAME, "reeved");
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	path_in(w, "reeve.lock", path, sizeof path);
	lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fcntl(lock, F_OFD_SETLK, &whole) < 0)
		_exit(1);
	(void)snprintf(pid, sizeof pid, "%d\n", (int)getpid());
	(void)!write(lock, pid, strlen(pid));
	(void)!write(told, "L", 1);
	if (read(signals, &info, sizeof info) == (ssize_t)sizeof info)
		(void)!write(told, info.ssi_signo == SIGTERM ? "T" : "H", 1);
	_exit(0);
}

static char master_says(struct world *w)
{
	char c = '\0';

	wait_for(w->master_told);
	(void)!read(w->master_told, &c, 1);
	return c;
}

static void master_runs(struct world *w)
{
	int told[2];

	assert_int_equal(fd_pipe(told, 0), 0);
	w->master = fork();
	if (w->master == 0)
		be_master(w, told[1]);
	fd_close(&told[1]);
	w->master_told = told[0];
	assert_int_equal(master_says(w), 'L');
}

/* ---- what must be */

static void words_go_out_and_the_answer_comes_back(void **state)
{
	static const char verb[] = "eval\0--json";
	struct world *w = *state;
	char out[512], err[512];

	engine_listens(w);
	command_starts(w, "eval", (char[]){"--json"});
	engine_accepts(w);
	engine_hears(w, "hello", "proto=1\nwidth=0\nprogress=0\ncolor=0\njson=1\nasks=0\n", 49);
	engine_hears(w, "verb", verb, sizeof verb - 1);
	engine_says(w, "hello 0 9\nversion=1news 1 3\nabcout 1 3\na\nb");
	engine_says(w, "out 1 1\ncerr 1 2\ne\ndone 1 2\n75");
	assert_int_equal(command_ends(w, out, err), 75);
	assert_string_equal(out, "a\nbc");
	assert_string_equal(err, "e\n");
}

static void what_is_no_frame_ends_with_76(void **state)
{
	struct world *w = *state;
	char out[512], err[512];

	engine_listens(w);
	command_starts(w, "status", NULL);
	engine_accepts(w);
	engine_says(w, "HTTP/1.1 400\r\n");
	assert_int_equal(command_ends(w, out, err), 76);
	assert_non_null(strstr(err, "no frame of the control socket"));
}

static void an_engine_that_dies_in_the_middle_is_70(void **state)
{
	struct world *w = *state;
	char out[512], err[512];

	engine_listens(w);
	command_starts(w, "status", NULL);
	engine_accepts(w);
	engine_hears(w, "hello", NULL, 0);
	engine_hears(w, "verb", NULL, 0);
	engine_says(w, "out 1 4\nhalf");
	fd_close(&w->session);
	assert_int_equal(command_ends(w, out, err), 70);
	assert_string_equal(out, "half");
	assert_non_null(strstr(err, "went away before it had answered"));
}

static void an_engine_that_is_replaced_is_asked_again(void **state)
{
	struct world *w = *state;
	char out[512], err[512];

	engine_listens(w);
	command_starts(w, "status", NULL);
	engine_accepts(w);
	engine_accepts((fd_close(&w->session), w));
	engine_hears(w, "hello", NULL, 0);
	engine_hears(w, "verb", "status", 6);
	engine_says(w, "out 1 2\nokdone 1 1\n0");
	assert_int_equal(command_ends(w, out, err), 0);
	assert_string_equal(out, "ok");
}

static void without_a_daemon_it_is_69_and_names_the_place(void **state)
{
	struct world *w = *state;
	char out[512], err[512];

	command_starts(w, "stop", NULL);
	assert_int_equal(command_ends(w, out, err), 69);
	assert_non_null(strstr(err, w->dir));
	assert_non_null(strstr(err, "running instances:\n"));
}

static void a_socket_without_a_listener_is_69(void **state)
{
	struct world *w = *state;
	char out[512], err[512];

	engine_listens(w);
	fd_close(&w->listener);
	command_starts(w, "reload", NULL);
	assert_int_equal(command_ends(w, out, err), 69);
	assert_non_null(strstr(err, "Connection refused"));
}

static void interrupt_is_passed_on_and_leaves_130(void **state)
{
	struct world *w = *state;
	char out[512], err[512];

	engine_listens(w);
	command_starts(w, "eval", (char[]){"x"});
	engine_accepts(w);
	engine_hears(w, "hello", NULL, 0);
	engine_hears(w, "verb", NULL, 0);
	assert_int_equal(kill(w->command, SIGINT), 0);
	engine_hears(w, "cancel", "1", 1);
	engine_says(w, "done 1 3\n130");
	assert_int_equal(command_ends(w, out, err), 130);
}

static void interrupt_leaves_even_if_nobody_confirms(void **state)
{
	struct world *w = *state;
	char out[512], err[512];

	engine_listens(w);
	command_starts(w, "eval", (char[]){"x"});
	engine_accepts(w);
	engine_hears(w, "hello", NULL, 0);
	engine_hears(w, "verb", NULL, 0);
	engine_says(w, "hello 0 0\n");
	assert_int_equal(kill(w->command, SIGINT), 0);
	engine_hears(w, "cancel", "1", 1);
	assert_int_equal(command_ends(w, out, err), 130);
}

static void stop_returns_when_the_master_is_gone(void **state)
{
	struct world *w = *state;
	char out[512], err[512];

	engine_listens(w);
	master_runs(w);
	command_starts(w, "stop", NULL);
	engine_accepts(w);
	engine_hears(w, "hello", NULL, 0);
	engine_hears(w, "verb", "stop", 4);
	engine_says(w, "hello 0 0\nerr 1 4\nweb\n");
	fd_close(&w->session);
	fd_close(&w->listener);
	assert_int_equal(waitpid(w->command, NULL, WNOHANG), 0); /* the master lives */
	assert_int_equal(kill(w->master, SIGTERM), 0);
	assert_int_equal(command_ends(w, out, err), 0);
	assert_string_equal(err, "web\n");
	assert_int_equal(master_says(w), 'T');
}

static void stop_is_done_when_the_daemon_ends_without_a_word(void **state)
{
	struct world *w = *state;
	char out[512], err[512];

	engine_listens(w);
	command_starts(w, "stop", NULL);
	engine_accepts(w);
	engine_hears(w, "hello", NULL, 0);
	engine_hears(w, "verb", "stop", 4);
	engine_says(w, "hello 0 0\n");
	fd_close(&w->listener);
	fd_close(&w->session);
	assert_int_equal(command_ends(w, out, err), 0);
	assert_string_equal(err, "");
}

/* an engine that is stopped: the kernel takes the call, nobody speaks */
static void signals_the_master(struct world *w, const char *verb, char letter, const char *name)
{
	char out[512], err[512];

	engine_listens(w);
	master_runs(w);
	command_starts(w, verb, NULL);
	assert_int_equal(master_says(w), letter);
	assert_int_equal(command_ends(w, out, err), 0);
	assert_non_null(strstr(err, "the policy engine does not answer: sent "));
	assert_non_null(strstr(err, name));
}

static void stop_signals_the_master_when_the_engine_is_silent(void **state)
{
	signals_the_master(*state, "stop", 'T', "SIGTERM");
}

static void reload_signals_the_master_when_the_engine_is_silent(void **state)
{
	signals_the_master(*state, "reload", 'H', "SIGHUP");
}

static void a_lock_file_that_nobody_holds_is_not_believed(void **state)
{
	struct world *w = *state;
	char path[128], out[512], err[512], pid[32];
	int fd;

	path_in(w, "reeve.lock", path, sizeof path);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	(void)snprintf(pid, sizeof pid, "%d\n", (int)getpid());
	assert_int_equal(fd_write_all(fd, pid, strlen(pid)), 0);
	fd_close(&fd);
	command_starts(w, "stop", NULL);
	assert_int_equal(command_ends(w, out, err), 69);
}

static void a_held_lock_with_the_pid_of_another_program_is_not_believed(void **state)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	struct world *w = *state;
	char path[128], out[512], err[512], pid[32];
	int fd;

	path_in(w, "reeve.lock", path, sizeof path);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &whole), 0);
	(void)snprintf(pid, sizeof pid, "%d\n", (int)getpid()); /* this is no reeved */
	assert_int_equal(fd_write_all(fd, pid, strlen(pid)), 0);
	command_starts(w, "stop", NULL);
	assert_int_equal(command_ends(w, out, err), 69);
	fd_close(&fd);
}

#define LIVE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE(words_go_out_and_the_answer_comes_back),
		LIVE(what_is_no_frame_ends_with_76),
		LIVE(an_engine_that_dies_in_the_middle_is_70),
		LIVE(an_engine_that_is_replaced_is_asked_again),
		LIVE(without_a_daemon_it_is_69_and_names_the_place),
		LIVE(a_socket_without_a_listener_is_69),
		LIVE(interrupt_is_passed_on_and_leaves_130),
		LIVE(interrupt_leaves_even_if_nobody_confirms),
		LIVE(stop_returns_when_the_master_is_gone),
		LIVE(stop_is_done_when_the_daemon_ends_without_a_word),
		LIVE(stop_signals_the_master_when_the_engine_is_silent),
		LIVE(reload_signals_the_master_when_the_engine_is_silent),
		LIVE(a_lock_file_that_nobody_holds_is_not_believed),
		LIVE(a_held_lock_with_the_pid_of_another_program_is_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
