/* links: engine/state; engine: the built reeve-engine under a small master. Its Lua directory has the
 * real engine.lua and sandbox, and the config, policies and console of tests/c/engine. Run from the top of
 * the tree. */
#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "engine/session.h"
#include "engine/state.h"
#include "test.h"
#include "wire/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 60000
#define ENGINE_UID  61184

struct master {
	int sock;
	pid_t pid;
	unsigned char frame[WIRE_FRAME_MAX];
	size_t len, at;
	int fd; /* that came with the frame */
	union wire_any msg;
};

static char top[64]; /* of this test */
static char config[96];

static void link_files(const char *pattern, const char *from)
{
	char command[512];

	(void)snprintf(command, sizeof command,
		"cd '%s' && for f in %s; do ln -sfn \"$PWD/$f\" '%s/lua/reeve/'; done", from, pattern, top);
	assert_int_equal(system(command), 0);
}

static void write_config(const char *text)
{
	int fd = open(config, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	close(fd);
}

static int make_top(void **state)
{
	char path[128];

	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)snprintf(top, sizeof top, "/tmp/reeve-test-XXXXXX");
	if (mkdtemp(top) == NULL)
		return -1;
	(void)snprintf(config, sizeof config, "%s/reeve.lua", top);
	(void)snprintf(path, sizeof path, "%s/lua", top);
	if (mkdir(path, 0755) < 0)
		return -1;
	(void)snprintf(path, sizeof path, "%s/lua/reeve", top);
	if (mkdir(path, 0755) < 0)
		return -1;
	link_files("answers.lua doors.lua engine.lua happenings.lua plan.lua roles.lua sampler.lua sandbox "
		   "sandbox.lua taps.lua",
		"lua/reeve");
	link_files("*.lua", "tests/c/engine/reeve");
	write_config("return {}");
	return 0;
}

static int remove_top(void **state)
{
	char command[128];

	(void)state;
	(void)snprintf(command, sizeof command, "rm -rf '%s'", top);
	return system(command);
}

static bool without_landlock; /* engines find a kernel that lacks it */

static void take_landlock_away(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || filter == NULL ||
		seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(landlock_create_ruleset), 0) < 0 ||
		seccomp_load(filter) < 0)
		_exit(126);
	seccomp_release(filter);
}

static void start(struct master *m)
{
	int pair[2];
	char lua[96], binary[256];
	const char *build = getenv("BUILD");

	memset(m, 0, sizeof *m);
	m->fd = -1;
	(void)snprintf(lua, sizeof lua, "%s/lua", top);
	(void)snprintf(binary, sizeof binary, "%s/reeve-engine", build != NULL ? build : "build");
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	m->pid = fork();
	assert_true(m->pid >= 0);
	if (m->pid == 0) {
		(void)setenv("REEVE_LUA_DIR", lua, 1);
		(void)dup2(pair[1], 3);
		if (without_landlock)
			take_landlock_away();
		if (getenv("TEST_LOUD") == NULL)
			(void)dup2(open("/dev/null", O_WRONLY), 2);
		(void)execl(binary, "reeve-engine", "serve", "--config", config, "--base-dir", "/run/here",
			(char *)NULL);
		_exit(127);
	}
	close(pair[1]);
	m->sock = pair[0];
}

static int leaves_with(struct master *m)
{
	int status = 0;

	fd_close(&m->fd);
	assert_int_equal(waitpid(m->pid, &status, 0), m->pid);
	fd_close(&m->sock);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static int ends(struct master *m)
{
	fd_close(&m->sock);
	return leaves_with(m);
}

static void await(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};

	assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
}

/* The next order, in m->msg. */
static enum wire_kind next_order(struct master *m)
{
	struct err e;
	const struct wire_info *info;

	if (m->at == m->len) {
		ssize_t n;
		assert_int_equal(m->fd, -1);
		await(m->sock, POLLIN);
		n = fd_receive(m->sock, m->frame, sizeof m->frame, &m->fd);
		assert_true(n > 0);
		m->len = (size_t)n;
		m->at = 0;
	}
	info = wire_get(m->frame, m->len, &m->at, &m->fd, &m->msg, &e);
	assert_non_null(info);
	assert_int_not_equal(info->phases, 0);
	return info->kind;
}

static void expect(struct master *m, enum wire_kind kind)
{
	assert_int_equal(next_order(m), kind);
}

static void report(struct master *m, const char *name, const void *msg)
{
	unsigned char bytes[4096];
	size_t n = 0;
	const struct wire_info *info = wire_by_name(name);

	assert_int_equal(wire_put(bytes, sizeof bytes, &n, info, msg), 0);
	assert_int_equal(fd_send(m->sock, bytes, n, wire_fd_of(info, msg)), (ssize_t)n);
}

#define REPORT_IT(m, name, ...) report(m, #name, &(struct wire_##name){__VA_ARGS__})

static void welcome(struct master *m, int bundle)
{
	expect(m, WIRE_hello);
	assert_int_equal(m->msg.hello.hash, wire_hash());
	assert_int_equal(m->msg.hello.pid, m->pid);
	REPORT_IT(m, welcome, .hash = wire_hash(), .generation = 1, .has_bundle = bundle >= 0);
	if (bundle >= 0)
		REPORT_IT(m, bundle, .fd = bundle);
}

/* All of the plan in `out` (it is zeroed first); the bundle is the caller's. */
static int take_plan(struct master *m, unsigned char *out, size_t room)
{
	size_t n = 0, from = 0;
	int bundle;

	memset(out, 0, room);
	while (next_order(m) != WIRE_plan_end) {
		if (from >= m->at)
			from = 0; /* a new frame */
		assert_true(n + m->at - from < room);
		memcpy(out + n, m->frame + from, m->at - from);
		n += m->at - from;
		from = m->at;
	}
	assert_int_equal(m->msg.plan_end.services, 1);
	assert_int_equal(m->msg.plan_end.engine_uid, geteuid() == 0 ? ENGINE_UID : -1);
	bundle = m->msg.plan_end.bundle;
	assert_true(bundle >= 0);
	assert_int_equal(
		fcntl(bundle, F_GET_SEALS), F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
	return bundle;
}

static void lock(struct master *m)
{
	int64_t id = geteuid() == 0 ? ENGINE_UID : -1;

	REPORT_IT(m, plan_taken, .uid = id, .gid = id);
	expect(m, WIRE_locked);
	assert_int_equal(m->msg.locked.pid, m->pid);
}

static void begin(struct master *m, int memory, int control, int resumed)
{
	REPORT_IT(m, state, .fd = memory);
	if (control >= 0)
		REPORT_IT(m, control, .fd = control);
	REPORT_IT(m, begin, .generation = 1, .now = 1, .master_pid = (uint32_t)getpid(),
		.resumed = (wire_flag)resumed, .blame = (wire_flag)resumed);
}

static int new_memory(void)
{
	int fd = memfd_create("test-memory", MFD_CLOEXEC);

	assert_int_equal(ftruncate(fd, 1 << 20), 0);
	return fd;
}

static void ping(struct master *m, uint32_t seq)
{
	REPORT_IT(m, ping, .seq = seq, .now = 1);
	expect(m, WIRE_pong);
	assert_int_equal(m->msg.pong.seq, seq);
}

/* All the way to RUNNING. */
static void start_running(struct master *m, int memory, int control, int resumed)
{
	static unsigned char plan[WIRE_FRAME_MAX];
	int bundle;

	start(m);
	welcome(m, -1);
	bundle = take_plan(m, plan, sizeof plan);
	close(bundle);
	lock(m);
	begin(m, memory, control, resumed);
}

/* ---- the tests */

static void the_plan_is_sent_item_by_item(void **state)
{
	static const enum wire_kind kinds[] = {WIRE_global, WIRE_global, WIRE_global, WIRE_service,
		WIRE_setting, WIRE_setting, WIRE_argument, WIRE_argument, WIRE_environment, WIRE_environment,
		WIRE_environment, WIRE_path_listener};
	struct master m;

	(void)state;
	start(&m);
	welcome(&m, -1);
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		expect(&m, kinds[i]);
		if (i == 0) {
			assert_string_equal(m.msg.global.name, "base_dir");
			assert_string_equal(m.msg.global.value, "/run/here");
		}
	}
	assert_string_equal(m.msg.path_listener.path, "/tmp/web");
	assert_int_equal(m.msg.path_listener.mode, 0600);
	assert_int_equal(m.msg.path_listener.uid, -1);
	expect(&m, WIRE_inet_listener);
	assert_int_equal(m.msg.inet_listener.port, 80);
	assert_int_equal(m.msg.inet_listener.ssl, 1);
	assert_int_equal(m.msg.inet_listener.reuse_port, 0);
	expect(&m, WIRE_plan_end);
	close(m.msg.plan_end.bundle);
	assert_int_equal(ends(&m), 0);
}

static void has_line(const char *text, const char *line)
{
	if (strstr(text, line) == NULL)
		fail_msg("there is no '%s' in: %s", line, text);
}

static void a_locked_engine_has_nothing_left(void **state)
{
	struct master m;
	char path[64], text[4096];
	int fd;
	ssize_t n;

	(void)state;
	start_running(&m, new_memory(), -1, 0);
	ping(&m, 7);
	(void)snprintf(path, sizeof path, "/proc/%d/status", m.pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = read(fd, text, sizeof text - 1);
	assert_true(n > 0);
	text[n] = '\0';
	close(fd);
	has_line(text, "NoNewPrivs:\t1\n");
	has_line(text, "CapEff:\t0000000000000000\n");
#ifndef __SANITIZE_ADDRESS__
	has_line(text, "Seccomp:\t2\n");
#endif
	if (geteuid() == 0) {
		has_line(text, "Uid:\t61184\t61184\t61184\t61184\n");
		has_line(text, "Gid:\t61184\t61184\t61184\t61184\n");
		has_line(text, "Groups:\t \n");
	}
	REPORT_IT(&m, resync, .lost = 0, .now = 1); /* the fake host asserts what is left of the disk */
	assert_int_equal(kill(m.pid, SIGTERM), 0);
	assert_int_equal(kill(m.pid, SIGINT), 0);
	ping(&m, 8);
	assert_int_equal(ends(&m), 0);
}

static void without_landlock_proc_is_its_root_or_nothing(void **state)
{
	struct master m;

	(void)state;
#ifdef __SANITIZE_ADDRESS__
	if (geteuid() != 0)
		return; /* such an engine has no seccomp filter, and so no fence at all */
#endif
	without_landlock = true;
	start_running(&m, new_memory(), -1, 0);
	without_landlock = false;
	REPORT_IT(&m, resync, .lost = geteuid() != 0, .now = 1);
	ping(&m, 1);
	assert_int_equal(ends(&m), 0);
}

static void a_restarted_engine_loads_the_bundle_and_not_the_disk(void **state)
{
	static unsigned char first[WIRE_FRAME_MAX], second[WIRE_FRAME_MAX];
	struct master m;
	int bundle, again;

	(void)state;
	assert_int_equal(setenv("HIDDEN", "before", 1), 0);
	start(&m);
	welcome(&m, -1);
	bundle = take_plan(&m, first, sizeof first);
	assert_int_equal(ends(&m), 0);
	write_config("this is no Lua");
	assert_int_equal(setenv("HIDDEN", "after", 1), 0);
	start(&m);
	welcome(&m, bundle);
	again = take_plan(&m, second, sizeof second);
	assert_memory_equal(first, second, sizeof first);
	assert_int_not_equal(first[0], 0);
	lock(&m);
	begin(&m, new_memory(), -1, 1);
	ping(&m, 1);
	assert_int_equal(ends(&m), 0);
	close(bundle);
	close(again);
	write_config("return {}");
}

static void a_broken_config_is_told_and_left(void **state)
{
	struct master m;

	(void)state;
	write_config("service = = 1");
	start(&m);
	welcome(&m, -1);
	expect(&m, WIRE_plan_failed);
	assert_int_equal(m.msg.plan_failed.errors, 1);
	assert_non_null(strstr(m.msg.plan_failed.text, "reeve.lua:1: unexpected symbol near '='"));
	assert_int_equal(leaves_with(&m), 78);
	write_config("return {}");
}

static void a_config_that_others_can_write_is_refused(void **state)
{
	struct master m;

	(void)state;
	assert_int_equal(chmod(config, 0666), 0);
	start(&m);
	welcome(&m, -1);
	expect(&m, WIRE_plan_failed);
	assert_non_null(
		strstr(m.msg.plan_failed.text, "can be written by everybody: take that away (chmod go-w)"));
	assert_int_equal(leaves_with(&m), 78);
	assert_int_equal(chmod(config, 0644), 0);
}

/* Saving takes a small share of the engine's time, so it may come some turns of its loop later. */
static void await_saved(struct master *m, int memory, const char *text)
{
	uint64_t until = clock_ms() + PATIENCE_MS;
	bool saved = false;

	for (uint32_t seq = 1; !saved; seq++) {
		struct state s;
		struct err e;
		char *bytes = NULL;
		size_t len = 0;
		assert_true(clock_ms() < until);
		ping(m, seq);
		assert_int_equal(state_attach(&s, memory, &e), 0);
		saved = state_load(&s, &bytes, &len, &e) == 1 && len == strlen(text) &&
			memcmp(bytes, text, len) == 0;
		mem_free(&bytes);
	}
}

static void what_policies_remember_survives_the_engine(void **state)
{
	struct master m;
	int memory = new_memory();

	(void)state;
	start_running(&m, memory, -1, 0);
	for (uint32_t i = 1; i <= 3; i++) {
		REPORT_IT(&m, turn, .now = 1000 * i);
		expect(&m, WIRE_standing);
		assert_int_equal(m.msg.standing.at_least, i);
		assert_int_equal(m.msg.standing.at_most, UINT32_MAX);
	}
	await_saved(&m, memory, "3");
	assert_int_equal(kill(m.pid, SIGKILL), 0);
	assert_int_equal(leaves_with(&m), 1000 + SIGKILL);
	start_running(&m, memory, -1, 1);
	REPORT_IT(&m, turn, .now = 9000);
	expect(&m, WIRE_standing);
	assert_int_equal(m.msg.standing.at_least, 4);
	assert_int_equal(ends(&m), 0);
	close(memory);
}

static void a_policy_that_killed_the_engine_is_quarantined(void **state)
{
	struct master m;
	int memory = new_memory();

	(void)state;
	start_running(&m, memory, -1, 0);
	REPORT_IT(&m, demand, .svc = 1, .now = 1, .waiting = 1);
	assert_int_equal(leaves_with(&m), 75);
	start_running(&m, memory, -1, 1);
	expect(&m, WIRE_quarantine);
	assert_string_equal(m.msg.quarantine.text, "web/bad: it was running when the engine died");
	assert_int_equal(ends(&m), 0);
	start_running(&m, memory, -1, 1);
	ping(&m, 3); /* and only once */
	assert_int_equal(ends(&m), 0);
	close(memory);
}

static void the_timer_comes(void **state)
{
	struct master m;

	(void)state;
	start_running(&m, new_memory(), -1, 0);
	REPORT_IT(&m, turn, .now = 1);
	expect(&m, WIRE_standing);
	REPORT_IT(&m, limit, .svc = 1, .now = 1, .waiting = 1); /* the fake host wakes 5 ms later... */
	expect(&m, WIRE_stop);                                  /* ...and says so with this */
	assert_int_equal(ends(&m), 0);
}

static void nonsense_of_the_master_ends_the_engine(void **state)
{
	struct master m;

	(void)state;
	start(&m);
	expect(&m, WIRE_hello);
	assert_int_equal(send(m.sock, "nonsense that is no frame", 25, 0), 25);
	assert_int_equal(leaves_with(&m), 76);
	start(&m);
	expect(&m, WIRE_hello);
	REPORT_IT(&m, welcome, .hash = 1, .generation = 1);
	assert_int_equal(leaves_with(&m), 70);
}

static void a_bug_in_our_lua_ends_the_engine(void **state)
{
	struct master m;

	(void)state;
	start_running(&m, new_memory(), -1, 0);
	REPORT_IT(&m, fork_failed, .svc = 1, .now = 1, .error = 11);
	assert_int_equal(leaves_with(&m), 70);
}

static void a_retired_engine_leaves(void **state)
{
	struct master m;

	(void)state;
	start_running(&m, new_memory(), -1, 0);
	REPORT_IT(&m, retired, .generation = 2);
	assert_int_equal(leaves_with(&m), 0);
}

/* ---- the control socket */

static int new_listener(struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memset(addr, 0, sizeof *addr);
	addr->sun_family = AF_UNIX;
	(void)snprintf(addr->sun_path, sizeof addr->sun_path, "%s/control", top);
	(void)unlink(addr->sun_path);
	assert_int_equal(bind(fd, (struct sockaddr *)addr, sizeof *addr), 0);
	assert_int_equal(listen(fd, 128), 0);
	return fd;
}

static int connect_to(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (const struct sockaddr *)addr, sizeof *addr), 0);
	return fd;
}

static void expect_bytes(int fd, const char *text)
{
	char got[1024];
	size_t n = 0, wanted = strlen(text);

	while (n < wanted) {
		ssize_t more;
		await(fd, POLLIN);
		more = read(fd, got + n, wanted - n);
		assert_true(more > 0);
		n += (size_t)more;
	}
	assert_memory_equal(got, text, wanted);
}

static void expect_end(int fd)
{
	char byte;

	await(fd, POLLIN);
	assert_int_equal(read(fd, &byte, 1), 0);
	close(fd);
}

static void say_to(int fd, const char *text)
{
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

static void sessions_are_served_and_bounded(void **state)
{
	struct sockaddr_un addr;
	struct master m;
	int fds[SESSIONS_MOST], one, more;

	(void)state;
	start_running(&m, new_memory(), new_listener(&addr), 0);
	one = connect_to(&addr);
	say_to(one, "verb 1 4\nabcdverb 2 0\n");
	expect_bytes(one, "out 1 4\nabcdout 2 0\n");
	say_to(one, "nonsense\n");
	expect_bytes(one, "err 0 51\na frame begins with 'VERB id length' and a newline\ndone 0 2\n76");
	expect_end(one);
	one = connect_to(&addr);
	say_to(one, "bye 9 2\nhi");
	expect_bytes(one, "out 9 2\nhi");
	expect_end(one);
	one = connect_to(&addr);
	say_to(one, "bug 1 0\n");
	expect_end(one);
	for (int i = 0; i < SESSIONS_MOST; i++) {
		fds[i] = connect_to(&addr);
		say_to(fds[i], "verb 1 1\nx");
		expect_bytes(fds[i], "out 1 1\nx");
	}
	more = connect_to(&addr);
	expect_bytes(more, "err 0 66\ntoo many sessions are open");
	close(more);
	for (int i = 0; i < SESSIONS_MOST; i++)
		close(fds[i]);
	ping(&m, 5);
	assert_int_equal(ends(&m), 0);
}

static void a_cancel_ends_what_runs(void **state)
{
	struct sockaddr_un addr;
	struct master m;
	int fd;

	(void)state;
	start_running(&m, new_memory(), new_listener(&addr), 0);
	for (int i = 0; i < 20; i++) {
		fd = connect_to(&addr);
		say_to(fd, "spin 7 0\n");
		expect_bytes(fd, "out 7 2\ngo");
		say_to(fd, i % 2 ? "verb 8 1\nxcancel 9 1\n7" : "cancel 0 1\n7");
		expect_bytes(fd, "out 7 ");
		close(fd);
	}
	fd = connect_to(&addr);
	say_to(fd, "spin 7 0\ncancel 0 1\n7"); /* in one piece */
	expect_bytes(fd, "out 7 2\ngoout 7 ");
	close(fd);
	fd = connect_to(&addr);
	say_to(fd, "spin 1 0\n");
	expect_bytes(fd, "out 1 2\ngo");
	close(fd); /* nobody waits for it any more */
	ping(&m, 5);
	assert_int_equal(ends(&m), 0);
}

/* A string pattern hears no hook: the first cancel does nothing, the second ends the engine. */
static void a_second_cancel_ends_the_engine(void **state)
{
	struct sockaddr_un addr;
	struct master m;
	ssize_t n;
	char byte;
	int fd;

	(void)state;
	start_running(&m, new_memory(), new_listener(&addr), 0);
	do { /* a cancel that comes before the pattern has begun is heard: then once more */
		fd = connect_to(&addr);
		say_to(fd, "deaf 7 0\n");
		expect_bytes(fd, "out 7 2\ngo");
		say_to(fd, "cancel 0 1\n7cancel 0 1\n7");
		await(fd, POLLIN);
		n = read(fd, &byte, 1);
		close(fd);
	} while (n == 1);
	assert_int_equal(leaves_with(&m), 75);
}

/* It asks for 8 MiB and reads nothing: it is closed, and nobody else notices. */
static void a_client_that_does_not_read_is_closed(void **state)
{
	struct sockaddr_un addr;
	struct master m;
	int deaf, other;

	(void)state;
	start_running(&m, new_memory(), new_listener(&addr), 0);
	deaf = connect_to(&addr);
	say_to(deaf, "flood 1 0\nflood 1 0\nflood 1 0\nflood 1 0\n" /* at once: half of it is too much */
		     "flood 1 0\nflood 1 0\nflood 1 0\nflood 1 0\n");
	other = connect_to(&addr);
	say_to(other, "verb 1 1\nx");
	expect_bytes(other, "out 1 1\nx");
	await(deaf, POLLHUP);
	for (;;) {
		char bytes[65536];
		ssize_t n = read(deaf, bytes, sizeof bytes);
		if (n <= 0)
			break;
	}
	close(deaf);
	close(other);
	ping(&m, 6);
	assert_int_equal(ends(&m), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_plan_is_sent_item_by_item),
		cmocka_unit_test(a_locked_engine_has_nothing_left),
		cmocka_unit_test(without_landlock_proc_is_its_root_or_nothing),
		cmocka_unit_test(a_restarted_engine_loads_the_bundle_and_not_the_disk),
		cmocka_unit_test(a_broken_config_is_told_and_left),
		cmocka_unit_test(a_config_that_others_can_write_is_refused),
		cmocka_unit_test(what_policies_remember_survives_the_engine),
		cmocka_unit_test(a_policy_that_killed_the_engine_is_quarantined),
		cmocka_unit_test(the_timer_comes),
		cmocka_unit_test(nonsense_of_the_master_ends_the_engine),
		cmocka_unit_test(a_bug_in_our_lua_ends_the_engine),
		cmocka_unit_test(a_retired_engine_leaves),
		cmocka_unit_test(sessions_are_served_and_bounded),
		cmocka_unit_test(a_cancel_ends_what_runs),
		cmocka_unit_test(a_second_cancel_ends_the_engine),
		cmocka_unit_test(a_client_that_does_not_read_is_closed),
	};

	return cmocka_run_group_tests_name("engine", tests, make_top, remove_top);
}
