/* trial: try the program on disk, and be tried. What is wrong with it is a sentence. */
#include "master/trial.h"

#include "base/fd.h"
#include "master/carry.h"
#include "master/master.h"
#include "master/orphans.h"
#include "master/spawn.h"
#include "wire/wire.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define SECONDS   10
#define STATE_FD  3
#define CAN_GO_ON "can go on as reeved " /* what one says that will do: others may end with status 0, too */

void trial_init(struct trial *t)
{
	t->said = t->pidfd = -1;
}

/* ---- whose program is it? */

static bool others_write(const struct stat *st)
{
	return (st->st_mode & S_IWOTH) != 0 || ((st->st_mode & S_IWGRP) != 0 && st->st_gid != getegid());
}

/* Whoever owns the directory could have put it there before we were started, too: a build directory of
 * one's own. Nobody else may be able to write it or to put something in its place. */
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
	if ((st->st_uid != 0 && st->st_uid != geteuid() && st->st_uid != above.st_uid) || others_write(st))
		return err_set(e,
			"%s can be written by others (owner %u, mode %04o); give it to root: chown root %s; "
			"chmod 0755 %s",
			path, st->st_uid, st->st_mode & 07777, path, path);
	if (others_write(&above))
		return err_set(e, "%s can be replaced by others (mode %04o of its directory); chmod 0755 %s",
			path, above.st_mode & 07777, dir);
	return 0;
}

bool trial_holds(const struct master *m)
{
	const struct stat *was = &m->upgrade.trial.file;
	struct stat is;

	return stat(m->program, &is) == 0 && is.st_dev == was->st_dev && is.st_ino == was->st_ino &&
	       is.st_size == was->st_size && is.st_mtim.tv_sec == was->st_mtim.tv_sec &&
	       is.st_mtim.tv_nsec == was->st_mtim.tv_nsec && is.st_ctim.tv_sec == was->st_ctim.tv_sec &&
	       is.st_ctim.tv_nsec == was->st_ctim.tv_nsec;
}

/* ---- the trial */

/* What it said, for people: one line. */
static void read_said(const struct trial *t, char *text, size_t room)
{
	ssize_t n = read(t->said, text, room - 1);
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

/* It is no child of interest any more. */
static void forget(struct trial *t)
{
	(void)event_del(&t->ended);
	(void)event_del(&t->timer);
	fd_close(&t->said);
	fd_close(&t->pidfd);
	t->pid = 0;
}

static void on_ended(evutil_socket_t fd, short what, void *arg)
{
	struct master *m = arg;
	struct trial *t = &m->upgrade.trial;
	siginfo_t si = {0};
	char said[400], why[512];

	(void)what;
	if (waitid(P_PIDFD, (id_t)fd, &si, WEXITED | WNOHANG) == 0 && si.si_pid == 0)
		return;
	read_said(t, said, sizeof said);
	forget(t);
	if (si.si_code == CLD_EXITED && si.si_status == 0 &&
		strncmp(said, CAN_GO_ON, strlen(CAN_GO_ON)) == 0) {
		upgrade_tried(m, NULL);
		return;
	}
	explain(m->program, &si, said, why, sizeof why);
	upgrade_tried(m, why);
}

/* It is killed and left to orphans.h: one that is stuck in the kernel must not take our time. */
static void on_time(evutil_socket_t fd, short what, void *arg)
{
	struct master *m = arg;
	char why[512];

	(void)fd;
	(void)what;
	(void)syscall(SYS_pidfd_send_signal, m->upgrade.trial.pidfd, SIGKILL, NULL, 0);
	forget(&m->upgrade.trial);
	orphans_soon(m);
	(void)snprintf(why, sizeof why, "%s did not end within %d s when it was tried", m->program, SECONDS);
	upgrade_tried(m, why);
}

/* With our rights, as it is to run with; but with no descriptor of ours. */
static int start(struct master *m, int state, struct err *e)
{
	struct trial *t = &m->upgrade.trial;
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
	t->pid = spawn_run(&sp, &t->pidfd, &f);
	fd_close(&said[1]);
	if (t->pid < 0) {
		char why[512];
		spawn_explain(&f, why, sizeof why);
		fd_close(&said[0]);
		t->pid = 0;
		return err_set(e, "%s cannot be run: %.400s", m->program, why);
	}
	t->said = said[0];
	return 0;
}

int trial_begin(struct master *m, struct err *e)
{
	static const struct timeval most = {SECONDS, 0};
	struct trial *t = &m->upgrade.trial;
	int state = -1, done = -1;

	if (check_file(m->program, &t->file, e) == 0) {
		state = carry_write(m, e);
		done = state < 0 ? -1 : start(m, state, e);
	}
	fd_close(&state);
	if (done < 0)
		return -1;
	(void)event_assign(&t->ended, m->loop, t->pidfd, EV_READ | EV_PERSIST, on_ended, m);
	(void)event_add(&t->ended, NULL);
	(void)evtimer_assign(&t->timer, m->loop, on_time, m);
	(void)event_add(&t->timer, &most);
	return 0;
}

/* ---- the other side */

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

int trial_check(struct master *m, int fd)
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
