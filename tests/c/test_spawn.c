/* links: master/spawn; wrap: clone */
/* spawn: which step fails, is told; what the child gets, is what was asked for. Real processes. */
#include "base/fd.h"
#include "master/spawn.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static bool kernel_is_full;

int __real_clone(int (*run)(void *), void *stack, int flags, void *arg, int *pidfd);
int __wrap_clone(int (*run)(void *), void *stack, int flags, void *arg, int *pidfd);

int __wrap_clone(int (*run)(void *), void *stack, int flags, void *arg, int *pidfd)
{
	if (!kernel_is_full)
		return __real_clone(run, stack, flags, arg, pidfd);
	errno = EAGAIN;
	return -1;
}

struct run {
	struct spawn sp;
	char *argv[4];
	char *envp[3];
	int fds[8];
	int out[2];
};

/* `sh -c script` with its output on a pipe. */
static void prepare(struct run *r, const char *script)
{
	static char sh[] = "sh", c[] = "-c", a[] = "A=1";

	memset(r, 0, sizeof *r);
	assert_int_equal(fd_pipe(r->out, 0), 0);
	r->argv[0] = sh;
	r->argv[1] = c;
	r->argv[2] = (char *)(uintptr_t)script;
	r->envp[0] = a;
	r->fds[0] = SPAWN_NULL;
	r->fds[1] = r->out[1];
	r->fds[2] = STDERR_FILENO;
	r->fds[3] = SPAWN_CLOSED;
	r->fds[4] = SPAWN_NULL;
	r->sp = (struct spawn){.argv = r->argv,
		.envp = r->envp,
		.program = "/bin/sh",
		.directory = "/",
		.fds = r->fds,
		.fds_n = 5,
		.uid = (uid_t)-1,
		.gid = (gid_t)-1,
		.umask = 0077};
}

/* Runs it to its end; what it printed, without the last LF. */
static void run_to_end(struct run *r, char *out, size_t room)
{
	struct spawn_failure f;
	size_t n = 0;
	siginfo_t si;
	int pidfd;
	pid_t pid = spawn_run(&r->sp, &pidfd, &f);

	assert_null(f.step);
	assert_true(pid > 0 && pidfd >= 0);
	fd_close(&r->out[1]);
	for (ssize_t got; n + 1 < room && (got = read(r->out[0], out + n, room - 1 - n)) > 0;)
		n += (size_t)got;
	out[n > 0 && out[n - 1] == '\n' ? n - 1 : n] = '\0';
	assert_int_equal(waitid(P_PIDFD, (id_t)pidfd, &si, WEXITED), 0);
	fd_close(&pidfd);
	fd_close(&r->out[0]);
}

static void must_fail(const struct spawn *sp, const char *text)
{
	struct spawn_failure f;
	char why[512];
	int pidfd;

	assert_int_equal(spawn_run(sp, &pidfd, &f), -1);
	assert_int_equal(pidfd, -1);
	spawn_explain(&f, why, sizeof why);
	assert_string_equal(why, text);
}

static void the_child_gets_what_was_asked_for(void **state)
{
	struct run r;
	char out[256];

	(void)state;
	prepare(&r, "echo $A; umask; pwd; ulimit -v; env | grep -vE '^(A|PWD|SHLVL|_|OLDPWD)=' | wc -l");
	r.sp.address_space = 512 << 20;
	run_to_end(&r, out, sizeof out);
	assert_string_equal(out, "1\n0077\n/\n524288\n0");
}

static void only_the_named_descriptors_are_open(void **state)
{
	struct run r;
	char out[256];
	int stray = open("/dev/zero", O_RDONLY); /* without O_CLOEXEC, on purpose */

	(void)state;
	prepare(&r, "for f in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do [ -e /proc/$$/fd/$f ] && echo $f; done; "
		    "true");
	run_to_end(&r, out, sizeof out);
	assert_string_equal(out, "0\n1\n2\n4");
	fd_close(&stray);
}

static void sources_that_stand_in_the_way_are_moved(void **state)
{
	struct run r;
	char out[64];
	int low[2], moved;

	(void)state;
	prepare(&r, "cat <&5; cat <&6");
	assert_int_equal(fd_pipe(low, 0), 0);
	assert_int_equal(write(low[1], "x", 1), 1);
	moved = fcntl(low[0], F_DUPFD_CLOEXEC, 6); /* it wants to be 5, and another one 6 */
	r.fds[5] = moved;
	r.fds[6] = SPAWN_NULL;
	r.sp.fds_n = 7;
	fd_close(&low[0]);
	fd_close(&low[1]);
	run_to_end(&r, out, sizeof out);
	assert_string_equal(out, "x");
	fd_close(&moved);
}

static void signals_are_as_at_birth(void **state)
{
	struct run r;
	char out[512];
	sigset_t set;

	(void)state;
	(void)signal(SIGUSR1, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	prepare(&r, "grep -E '^Sig(Blk|Ign):' /proc/$$/status | tr -s '\\t' ' '");
	run_to_end(&r, out, sizeof out);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	(void)signal(SIGUSR1, SIG_DFL);
	assert_string_equal(out, "SigBlk: 0000000000000000\nSigIgn: 0000000000001000"); /* SIGPIPE */
}

static void a_missing_program_is_named(void **state)
{
	struct run r;

	(void)state;
	prepare(&r, "");
	r.sp.program = "/nonexistent/program";
	must_fail(&r.sp, "exec /nonexistent/program: No such file or directory");
	fd_close(&r.out[0]);
	fd_close(&r.out[1]);
}

static void a_missing_directory_is_named(void **state)
{
	struct run r;

	(void)state;
	prepare(&r, "");
	r.sp.directory = "/nonexistent";
	must_fail(&r.sp, "directory /nonexistent: No such file or directory");
	fd_close(&r.out[0]);
	fd_close(&r.out[1]);
}

static void a_chroot_that_fails_is_named(void **state)
{
	struct run r;

	(void)state;
	prepare(&r, "");
	r.sp.chroot = "/nonexistent";
	must_fail(&r.sp, geteuid() == 0 ? "chroot /nonexistent: No such file or directory"
					: "chroot /nonexistent: Operation not permitted");
	fd_close(&r.out[0]);
	fd_close(&r.out[1]);
}

static void ids_are_dropped_for_good(void **state)
{
	struct run r;
	char out[512];

	(void)state;
	if (geteuid() != 0)
		skip();
	prepare(&r, "grep -E '^(Uid|Gid|Groups):' /proc/$$/status | tr '\\t' ' ' | sed 's/ *$//'");
	r.sp.uid = 65534;
	r.sp.gid = 65533;
	r.sp.groups[0] = 65533;
	r.sp.groups[1] = 65500;
	r.sp.groups_n = 2;
	run_to_end(&r, out, sizeof out);
	assert_string_equal(
		out, "Uid: 65534 65534 65534 65534\nGid: 65533 65533 65533 65533\nGroups: 65500 65533");
}

static void more_descriptors_than_the_child_has_room_for_are_refused(void **state)
{
	struct run r;

	(void)state;
	prepare(&r, "");
	r.sp.fds_n = SPAWN_FDS + 1;
	must_fail(&r.sp, "fds: Too many open files");
	fd_close(&r.out[0]);
	fd_close(&r.out[1]);
}

static void one_that_may_wait_is_started_apart(void **state)
{
	struct spawn_failure f;
	struct run r;
	siginfo_t si;
	char out[256];
	int pidfd;

	(void)state;
	prepare(&r, "echo $A $$ $PPID");
	r.sp.apart = spawn_share();
	assert_non_null(r.sp.apart);
	run_to_end(&r, out, sizeof out);
	assert_non_null(strstr(out, "1 "));
	assert_false(spawn_failed_apart(&r.sp, &f));
	prepare(&r, "");
	r.sp.apart = spawn_share();
	r.sp.program = "/nowhere/at/all";
	assert_true(spawn_run(&r.sp, &pidfd, &f) > 0); /* it is not known yet */
	assert_int_equal(waitid(P_PIDFD, (id_t)pidfd, &si, WEXITED), 0);
	assert_int_equal(si.si_status, SPAWN_EXIT);
	assert_true(spawn_failed_apart(&r.sp, &f));
	spawn_explain(&f, out, sizeof out);
	assert_string_equal(out, "exec /nowhere/at/all: No such file or directory");
	r.sp.apart->step = UINT32_MAX; /* nothing that stands there is believed */
	assert_false(spawn_failed_apart(&r.sp, &f));
	spawn_unshare(&r.sp.apart);
	assert_null(r.sp.apart);
	fd_close(&pidfd);
	fd_close(&r.out[0]);
	fd_close(&r.out[1]);
}

static void a_full_kernel_is_an_event(void **state)
{
	struct run r;

	(void)state;
	prepare(&r, "");
	kernel_is_full = true;
	must_fail(&r.sp, "fork: Resource temporarily unavailable");
	kernel_is_full = false;
	fd_close(&r.out[0]);
	fd_close(&r.out[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_child_gets_what_was_asked_for),
		cmocka_unit_test(only_the_named_descriptors_are_open),
		cmocka_unit_test(sources_that_stand_in_the_way_are_moved),
		cmocka_unit_test(signals_are_as_at_birth),
		cmocka_unit_test(a_missing_program_is_named),
		cmocka_unit_test(a_missing_directory_is_named),
		cmocka_unit_test(a_chroot_that_fails_is_named),
		cmocka_unit_test(ids_are_dropped_for_good),
		cmocka_unit_test(more_descriptors_than_the_child_has_room_for_are_refused),
		cmocka_unit_test(one_that_may_wait_is_started_apart),
		cmocka_unit_test(a_full_kernel_is_an_event),
	};

	if (spawn_prepare() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
