/* upgrade: probe, retire, exec, or back. A program that will not do leaves everything as it was and a
 * sentence. */
#include "master/upgrade.h"

#include "base/fd.h"
#include "base/say.h"
#include "master/carry.h"
#include "master/engine.h"
#include "master/orphans.h"
#include "master/process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define PROBE_SECONDS 10
#define STATE_FD      3
#define CAN_GO_ON \
	"can go on as reeved " /* what a probe says that will do: others may end with status 0, too */

void upgrade_init(struct master *m)
{
	m->upgrade.said = m->upgrade.pidfd = -1;
}

bool upgrade_is_under_way(const struct master *m)
{
	return m->upgrade.phase != UPGRADE_NONE;
}

/* ---- answers */

/* How the last one ended. */
static void tell(struct engine *en, uint32_t ticket)
{
	const struct upgrade *u = &en->master->upgrade;
	bool ok = u->why[0] == '\0';

	(void)engine_send(en, WIRE_upgrade_done,
		&(struct wire_upgrade_done){.ticket = ticket,
			.ok = ok,
			.from = ok ? u->from : REEVE_VERSION,
			.to = REEVE_VERSION,
			.processes = en->master->alive,
			.text = u->why});
}

bool upgrade_answer(struct engine *en, uint32_t ticket, const char *id)
{
	const struct upgrade *u = &en->master->upgrade;

	if (id[0] == '\0' || strcmp(id, u->id) != 0 || u->phase != UPGRADE_NONE)
		return false;
	tell(en, ticket);
	return true;
}

/* It ends here; whoever waits at the engine that works is told. */
static void refuse(struct master *m, const char *why)
{
	struct upgrade *u = &m->upgrade;

	u->phase = UPGRADE_NONE;
	(void)snprintf(u->why, sizeof u->why, "%s", why);
	say(SAY_ERROR, "upgrade refused, %s goes on: %s", REEVE_VERSION, u->why);
	if (u->ticket != 0 && m->engine != NULL && m->engine->phase == WIRE_RUNNING)
		tell(m->engine, u->ticket);
	u->ticket = 0;
}

/* ---- may it be now? */

static int check_time(const struct master *m, struct err *e)
{
	if (m->life == MASTER_STOPPING)
		return err_set(e, "the daemon is ending");
	if (m->life != MASTER_RUNNING || m->ready >= 0)
		return err_set(e, "the daemon is still starting; try again");
	if (m->next != NULL)
		return err_set(e, "a reload is under way; wait for it");
	return 0;
}

/* ---- whose program is it? */

static bool others_write(const struct stat *st)
{
	return (st->st_mode & S_IWOTH) != 0 || ((st->st_mode & S_IWGRP) != 0 && st->st_gid != getegid());
}

/* Root's, ours, or of who had the program that runs (a build directory of one's own). */
static bool is_trusted(uid_t uid)
{
	struct stat ours;

	return uid == 0 || uid == geteuid() || (stat("/proc/self/exe", &ours) == 0 && uid == ours.st_uid);
}

/* Nobody else may be able to write it, or to put something else in its place. */
static int check_file(const char *path, struct stat *st, struct err *e)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(path, '/');
	struct stat above;

	(void)snprintf(dir, sizeof dir, "%.*s/", slash != NULL ? (int)(slash - path) : 0, path);
	if (stat(path, st) < 0 || stat(dir, &above) < 0)
		return err_set(e, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st->st_mode))
		return err_set(e, "%s is not a file", path);
	if (!is_trusted(st->st_uid) || others_write(st))
		return err_set(e,
			"%s can be written by others (owner %u, mode %04o); give it to root: chown root %s; "
			"chmod 0755 %s",
			path, st->st_uid, st->st_mode & 07777, path, path);
	if (!is_trusted(above.st_uid) || others_write(&above))
		return err_set(e,
			"%s can be replaced by others: the directory has owner %u and mode %04o; chmod 0755 "
			"%s",
			path, above.st_uid, above.st_mode & 07777, dir);
	return 0;
}

/* Does the path still lead to what was probed? */
static bool is_same_file(const struct master *m)
{
	const struct stat *was = &m->upgrade.file;
	struct stat is;

	return stat(m->program, &is) == 0 && is.st_dev == was->st_dev && is.st_ino == was->st_ino &&
	       is.st_size == was->st_size && is.st_mtim.tv_sec == was->st_mtim.tv_sec &&
	       is.st_mtim.tv_nsec == was->st_mtim.tv_nsec && is.st_ctim.tv_sec == was->st_ctim.tv_sec &&
	       is.st_ctim.tv_nsec == was->st_ctim.tv_nsec;
}

/* ---- the probe */

/* What it said, for people: one line. */
static void read_said(const struct upgrade *u, char *text, size_t room)
{
	ssize_t n = read(u->said, text, room - 1);
	size_t len = n > 0 ? (size_t)n : 0;

	while (len > 0 && text[len - 1] == '\n')
		len--;
	text[len] = '\0';
	for (char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 127)
			*c = ' ';
}

static void explain(const char *path, const siginfo_t *si, const char *said, char *why, size_t room)
{
	if (si->si_code != CLD_EXITED)
		(void)snprintf(why, room, "%s was ended by signal %d (%s) when it was tried", path,
			si->si_status, strsignal(si->si_status));
	else
		(void)snprintf(why, room, "%s, when it was tried: %s (status %d)", path,
			said[0] != '\0' ? said : "it said nothing", si->si_status);
}

static void leave(struct master *m);

/* It is no child of interest any more. */
static void forget_probe(struct upgrade *u)
{
	(void)event_del(&u->ended);
	(void)event_del(&u->timer);
	fd_close(&u->said);
	fd_close(&u->pidfd);
	u->pid = 0;
}

static void on_ended(evutil_socket_t fd, short what, void *arg)
{
	struct master *m = arg;
	struct upgrade *u = &m->upgrade;
	siginfo_t si = {0};
	char said[400], why[512];

	(void)what;
	if (waitid(P_PIDFD, (id_t)fd, &si, WEXITED | WNOHANG) == 0 && si.si_pid == 0)
		return;
	read_said(u, said, sizeof said);
	forget_probe(u);
	if (si.si_code == CLD_EXITED && si.si_status == 0 &&
		strncmp(said, CAN_GO_ON, strlen(CAN_GO_ON)) == 0) {
		leave(m);
		return;
	}
	explain(m->program, &si, said, why, sizeof why);
	refuse(m, why);
}

/* It is killed and left to orphans.h: one that is stuck in the kernel must not take our time. */
static void on_time(evutil_socket_t fd, short what, void *arg)
{
	struct master *m = arg;
	char why[512];

	(void)fd;
	(void)what;
	(void)syscall(SYS_pidfd_send_signal, m->upgrade.pidfd, SIGKILL, NULL, 0);
	forget_probe(&m->upgrade);
	orphans_soon(m);
	(void)snprintf(
		why, sizeof why, "%s did not end within %d s when it was tried", m->program, PROBE_SECONDS);
	refuse(m, why);
}

/* With our rights, as it is to run with; but with no descriptor of ours. */
static int start_probe(struct master *m, int state, struct err *e)
{
	struct upgrade *u = &m->upgrade;
	char *argv[] = {(char[]){"reeved"}, (char[]){"--check-state"}, (char[]){"3"}, NULL};
	struct spawn_failure f;
	int said[2];
	int fds[STATE_FD + 1] = {SPAWN_NULL, SPAWN_NULL, SPAWN_NULL, state};
	struct spawn sp = {.argv = argv,
		.envp = environ,
		.program = m->program,
		.fds = fds,
		.fds_n = STATE_FD + 1,
		.uid = (uid_t)-1,
		.gid = (gid_t)-1,
		.umask = 0077};

	if (fd_pipe(said, 0) < 0)
		return err_set(e, "no pipe: %s", strerror(errno));
	(void)fd_set_nonblock(said[0]);
	fds[STDERR_FILENO] = said[1];
	u->pid = spawn_run(&sp, &u->pidfd, &f);
	fd_close(&said[1]);
	if (u->pid < 0) {
		char why[512];
		spawn_explain(&f, why, sizeof why);
		fd_close(&said[0]);
		u->pid = 0;
		return err_set(e, "%s cannot be run: %.400s", m->program, why);
	}
	u->said = said[0];
	return 0;
}

static int probe(struct master *m, struct err *e)
{
	static const struct timeval most = {PROBE_SECONDS, 0};
	struct upgrade *u = &m->upgrade;
	int state = -1, done = -1;

	if (check_file(m->program, &m->upgrade.file, e) == 0) {
		state = carry_write(m, e);
		done = state < 0 ? -1 : start_probe(m, state, e);
	}
	fd_close(&state);
	if (done < 0)
		return -1;
	(void)event_assign(&u->ended, m->loop, u->pidfd, EV_READ | EV_PERSIST, on_ended, m);
	(void)event_add(&u->ended, NULL);
	(void)evtimer_assign(&u->timer, m->loop, on_time, m);
	(void)event_add(&u->timer, &most);
	return 0;
}

int upgrade_begin(struct master *m, uint32_t ticket, const char *id, struct err *e)
{
	struct upgrade *u = &m->upgrade;

	if (upgrade_is_under_way(m))
		return err_set(e, "an upgrade is under way already; wait for it");
	if (check_time(m, e) < 0 || probe(m, e) < 0)
		return -1;
	say(SAY_INFO, "upgrading: trying %s", m->program);
	u->phase = UPGRADE_PROBING;
	u->ticket = ticket;
	u->why[0] = '\0';
	(void)snprintf(u->id, sizeof u->id, "%s", id);
	return 0;
}

/* ---- it will do: the engine leaves, and the loop */

/* A signal that is caught from here on waits for the new program; those caught before are handled in the turn
 * that is still to come. */
static void make_due(struct master *m)
{
	sigset_t all;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	m->upgrade.phase = UPGRADE_DUE;
	(void)event_base_loopexit(m->loop, NULL);
}

void upgrade_engine_left(struct master *m)
{
	if (m->upgrade.phase == UPGRADE_LEAVING && m->engine == NULL && m->retiring == NULL)
		make_due(m);
}

static void leave(struct master *m)
{
	struct err e;

	if (check_time(m, &e) < 0) {
		refuse(m, e.text);
		return;
	}
	m->upgrade.phase = UPGRADE_LEAVING;
	(void)event_del(&m->engine_timer);
	engine_retire(m);
	upgrade_engine_left(m); /* there was none */
}

/* ---- the exec */

static void become(struct master *m, int state, struct err *e)
{
	char number[12], base_dir[] = "--base-dir";
	char *argv[8] = {
		(char[]){"reeved"}, (char[]){"--config"}, m->config_path, (char[]){"--state"}, number};

	(void)snprintf(number, sizeof number, "%d", state);
	if (m->base_dir_override != NULL) {
		argv[5] = base_dir;
		argv[6] = m->base_dir_override;
	}
	if (carry_keep(m, true) < 0 || fcntl(state, F_SETFD, 0) < 0)
		(void)err_set(e, "a descriptor cannot be kept: %s", strerror(errno));
	else if (execve(m->program, argv, environ) < 0)
		(void)err_set(e, "%s cannot be run: %s", m->program, strerror(errno));
	if (carry_keep(m, false) < 0) /* we are still here */
		say(SAY_ERROR, "a descriptor stays open in services: %s", strerror(errno));
}

static void try_it(struct master *m, struct err *e)
{
	struct upgrade *u = &m->upgrade;
	int state;

	if (check_time(m, e) < 0)
		return;
	if (!is_same_file(m)) {
		(void)err_set(e, "%s has changed since it was tried", m->program);
		return;
	}
	u->is_hangup = event_pending(&m->hangup_timer, EV_TIMEOUT, NULL);
	manager_reloading(m);
	state = carry_write(m, e);
	if (state >= 0)
		become(m, state, e);
	fd_close(&state);
	manager_reloaded(m);
}

bool upgrade_take_over(struct master *m)
{
	static const struct timeval now = {0, 0};
	struct err e = {"it did not come to it"};
	bool stays = !event_base_got_break(m->loop);
	sigset_t none;

	if (m->upgrade.phase != UPGRADE_DUE)
		return false;
	if (stays)
		try_it(m, &e);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	refuse(m, e.text);
	(void)event_add(&m->engine_timer, &now);
	return stays;
}

/* ---- the other side of the probe */

/* What the engine of this build says of itself; "" when it says nothing. */
static void ask_engine(const char *program, char *text, size_t room)
{
	int said[2];
	pid_t pid;
	ssize_t n;

	text[0] = '\0';
	if (fd_pipe(said, 0) < 0)
		return;
	pid = fork();
	if (pid == 0) {
		if (dup2(said[1], STDOUT_FILENO) >= 0)
			(void)execl(program, "reeve-engine", "build", (char *)NULL);
		_exit(EX_UNAVAILABLE);
	}
	fd_close(&said[1]);
	n = pid > 0 ? read(said[0], text, room - 1) : 0;
	text[n > 0 ? n : 0] = '\0';
	if (pid > 0)
		(void)waitpid(pid, NULL, 0);
	fd_close(&said[0]);
}

static int check_engine(const char *program, struct err *e)
{
	char mine[32], its[32];
	struct stat st;

	if (check_file(program, &st, e) < 0)
		return -1;
	(void)snprintf(mine, sizeof mine, "%016" PRIx64 "\n", wire_hash());
	ask_engine(program, its, sizeof its);
	if (strcmp(mine, its) != 0)
		return err_set(
			e, "%s is of another build; install all of Reeve's programs, then upgrade", program);
	return 0;
}

int upgrade_check(struct master *m, int fd)
{
	struct err e;

	master_prepare(m);
	if (carry_read(m, fd, &e) < 0)
		(void)err_prefix(&e, "it cannot read what the running reeved hands over");
	else if (check_engine(m->engine_program, &e) == 0) {
		fputs(CAN_GO_ON REEVE_VERSION "\n", stderr);
		return EX_OK;
	}
	fprintf(stderr, "%s\n", e.text);
	return EX_DATAERR;
}
