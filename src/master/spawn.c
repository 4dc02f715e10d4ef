/* spawn: from a prepared description to a running program. Failures are data, never an exit of the
 * master. Between clone and exec only raw system calls are made: the child shares our memory, and
 * glibc's own setresuid and friends would talk to threads that are not there. */
#include "master/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK_BYTES (256 * 1024)

/* The child runs on our memory and never returns from its frames, which confuses shadow memory. */
#define IN_CHILD __attribute__((no_sanitize("address", "undefined")))

static struct {
	int null_fd;
	char *stack_top;
} shared = {-1, NULL};

struct child {
	const struct spawn *sp;
	struct spawn_note *note;
};

int spawn_prepare(void)
{
	void *stack;

	if (shared.stack_top != NULL)
		return 0;
	shared.null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	stack = mmap(
		NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (shared.null_fd < 0 || stack == MAP_FAILED)
		return -1;
	shared.stack_top = (char *)stack + STACK_BYTES;
	return 0;
}

/* ---- the steps, in their order. Each returns 0, or -1 and errno. */

/* The raw call, because glibc does not let go of its own two (32 and 33), which may be ignored too. The
 * kernel's struct begins with the handler; all else is 0. */
IN_CHILD static int step_signals(const struct spawn *sp)
{
	uintptr_t act[4] = {0};
	sigset_t none;

	(void)sp;
	for (int sig = 1; sig < NSIG; sig++) {
		act[0] = (uintptr_t)(sig == SIGPIPE ? SIG_IGN : SIG_DFL);
		if (sig != SIGKILL && sig != SIGSTOP && syscall(SYS_rt_sigaction, sig, act, NULL, 8) < 0)
			return -1;
	}
	(void)sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Sources that stand where a target will be are moved away first; then each goes to its place. */
IN_CHILD static int step_fds(const struct spawn *sp)
{
	int source[SPAWN_FDS], n = (int)sp->fds_n;

	for (int i = 0; i < n; i++) {
		source[i] = sp->fds[i] == SPAWN_NULL ? shared.null_fd : sp->fds[i];
		if (source[i] >= 0 && source[i] < n)
			source[i] = fcntl(source[i], F_DUPFD_CLOEXEC, n);
		if (source[i] < 0 && sp->fds[i] != SPAWN_CLOSED)
			return -1;
	}
	for (int i = 0; i < n; i++)
		if (source[i] == SPAWN_CLOSED)
			(void)close(i);
		else if (dup2(source[i], i) < 0)
			return -1;
	return (int)syscall(SYS_close_range, n, ~0U, CLOSE_RANGE_CLOEXEC);
}

IN_CHILD static int limit(int which, uint64_t value)
{
	struct rlimit l = {value, value};

	return (int)syscall(SYS_prlimit64, 0, which, &l, NULL);
}

IN_CHILD static int step_rlimits(const struct spawn *sp)
{
	struct rlimit files;

	if (sp->open_files > 0 && syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &files) == 0) {
		files.rlim_cur = sp->open_files;
		if (syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &files, NULL) < 0)
			return -1;
	}
	for (size_t i = 0; i < sp->limits_n; i++)
		if (limit(sp->limits[i].which, sp->limits[i].most) < 0)
			return -1;
	if (sp->address_space == 0)
		return 0;
	return limit(RLIMIT_DATA, sp->address_space) < 0 ? -1 : limit(RLIMIT_AS, sp->address_space);
}

/* What only the child knows, into the environment that was prepared for it: the memory is shared, and the
 * parent stands still. */
IN_CHILD static int step_pid(const struct spawn *sp)
{
	long pid = syscall(SYS_getpid);

	for (int i = 0; i < 2; i++) {
		char digits[SPAWN_PID_ROOM], *out = sp->pid_text[i];
		size_t n = sizeof digits;
		if (out == NULL)
			continue;
		for (long left = pid; left > 0; left /= 10)
			digits[--n] = (char)('0' + left % 10);
		while (n < sizeof digits)
			*out++ = digits[n++];
		*out = '\0';
	}
	return 0;
}

/* Our memory is the parent's, but the kernel keeps the score of a vfork child apart. */
IN_CHILD static int step_oom(const struct spawn *sp)
{
	char text[16];
	size_t n = sizeof text;
	unsigned int left = (unsigned int)(sp->oom_score_adj < 0 ? -sp->oom_score_adj : sp->oom_score_adj);
	long fd, written;

	if (sp->oom_score_adj == 0)
		return 0;
	for (; left > 0; left /= 10)
		text[--n] = (char)('0' + left % 10);
	if (sp->oom_score_adj < 0)
		text[--n] = '-';
	fd = syscall(SYS_openat, AT_FDCWD, "/proc/self/oom_score_adj", O_WRONLY);
	if (fd < 0)
		return -1;
	written = syscall(SYS_write, fd, text + n, sizeof text - n);
	(void)syscall(SYS_close, fd);
	return written < 0 ? -1 : 0;
}

/* What the kernel says is 20 - nice, never negative. */
IN_CHILD static int step_nice(const struct spawn *sp)
{
	long now;

	if (sp->nice == 0)
		return 0;
	now = syscall(SYS_getpriority, PRIO_PROCESS, 0);
	return now < 0 ? -1 : (int)syscall(SYS_setpriority, PRIO_PROCESS, 0, 20 - now + sp->nice);
}

IN_CHILD static int step_session(const struct spawn *sp)
{
	return sp->own_session ? (int)syscall(SYS_setsid) : 0;
}

IN_CHILD static int step_no_new_privs(const struct spawn *sp)
{
	return sp->no_new_privs ? (int)syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) : 0;
}

IN_CHILD static int step_groups(const struct spawn *sp)
{
	return sp->uid == (uid_t)-1 ? 0 : (int)syscall(SYS_setgroups, sp->groups_n, sp->groups);
}

IN_CHILD static int step_gid(const struct spawn *sp)
{
	return sp->uid == (uid_t)-1 ? 0 : (int)syscall(SYS_setresgid, sp->gid, sp->gid, sp->gid);
}

IN_CHILD static int step_chroot(const struct spawn *sp)
{
	if (sp->chroot == NULL)
		return 0;
	return chroot(sp->chroot) < 0 ? -1 : chdir("/");
}

IN_CHILD static int step_directory(const struct spawn *sp)
{
	return sp->directory == NULL ? 0 : chdir(sp->directory);
}

IN_CHILD static int step_uid(const struct spawn *sp)
{
	return sp->uid == (uid_t)-1 ? 0 : (int)syscall(SYS_setresuid, sp->uid, sp->uid, sp->uid);
}

IN_CHILD static bool has_group(const gid_t *groups, size_t n, gid_t gid)
{
	for (size_t i = 0; i < n; i++)
		if (groups[i] == gid)
			return true;
	return false;
}

/* The kernel promises no order, so the two are compared as sets. */
IN_CHILD static bool groups_are(const struct spawn *sp)
{
	gid_t groups[SPAWN_GROUPS];
	long n = syscall(SYS_getgroups, SPAWN_GROUPS, groups);

	if (n < 0)
		return false;
	for (long i = 0; i < n; i++)
		if (!has_group(sp->groups, sp->groups_n, groups[i]))
			return false;
	for (size_t i = 0; i < sp->groups_n; i++)
		if (!has_group(groups, (size_t)n, sp->groups[i]))
			return false;
	return true;
}

/* Trusts nothing: what the kernel says now is compared with what was asked for. */
IN_CHILD static int step_read_back(const struct spawn *sp)
{
	uid_t u[3];
	gid_t g[3];

	if (sp->uid == (uid_t)-1)
		return 0;
	if (syscall(SYS_getresuid, &u[0], &u[1], &u[2]) < 0 ||
		syscall(SYS_getresgid, &g[0], &g[1], &g[2]) < 0)
		return -1;
	errno = EPERM;
	for (int i = 0; i < 3; i++)
		if (u[i] != sp->uid || g[i] != sp->gid)
			return -1;
	if (!groups_are(sp))
		return -1;
	if (sp->uid != 0 && syscall(SYS_setresuid, 0, 0, 0) == 0)
		return -1;
	return 0;
}

IN_CHILD static int step_umask(const struct spawn *sp)
{
	(void)umask(sp->umask);
	return 0;
}

IN_CHILD static int step_exec(const struct spawn *sp)
{
	return execve(sp->program, sp->argv, sp->envp);
}

IN_CHILD static const char *the_chroot(const struct spawn *sp)
{
	return sp->chroot;
}

IN_CHILD static const char *the_directory(const struct spawn *sp)
{
	return sp->directory;
}

IN_CHILD static const char *the_limits(const struct spawn *sp)
{
	return sp->limits_text;
}

IN_CHILD static const char *the_program(const struct spawn *sp)
{
	return sp->program;
}

static const struct step {
	const char *name;
	int (*run)(const struct spawn *sp);
	const char *(*what)(const struct spawn *sp); /* NULL: nothing to name */
} steps[] = {
	{"signals", step_signals, NULL},
	{"session", step_session, NULL},
	{"fds", step_fds, NULL},
	{"pid", step_pid, NULL},
	{"umask", step_umask, NULL},
	{"oom_score_adj", step_oom, NULL},
	{"nice", step_nice, NULL},
	{"rlimits", step_rlimits, the_limits},
	{"groups", step_groups, NULL},
	{"group", step_gid, NULL},
	{"chroot", step_chroot, the_chroot},
	{"directory", step_directory, the_directory},
	{"user", step_uid, NULL},
	{"identity", step_read_back, NULL},
	{"no_new_privs", step_no_new_privs, NULL},
	{"exec", step_exec, the_program},
};

IN_CHILD static int run_child(void *arg)
{
	const struct child *c = arg;

	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
		if (steps[i].run(c->sp) < 0) {
			c->note->error = errno;
			c->note->step = (uint32_t)i + 1;
			break;
		}
	_exit(SPAWN_EXIT);
}

static void bury(int *pidfd, pid_t pid)
{
	siginfo_t si;

	(void)waitid(P_PID, (id_t)pid, &si, WEXITED);
	(void)close(*pidfd);
	*pidfd = -1;
}

/* Whatever stands there: a child of a plain fork may still write it. */
static bool read_note(const struct spawn *sp, const struct spawn_note *note, struct spawn_failure *f)
{
	struct spawn_note n = *note;

	if (n.step == 0 || n.step > sizeof steps / sizeof steps[0])
		return false;
	f->step = steps[n.step - 1].name;
	f->what = steps[n.step - 1].what != NULL ? steps[n.step - 1].what(sp) : "";
	f->error = n.error;
	return true;
}

struct spawn_note *spawn_share(void)
{
	void *room = mmap(
		NULL, sizeof(struct spawn_note), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return room != MAP_FAILED ? room : NULL;
}

void spawn_unshare(struct spawn_note **note)
{
	if (*note != NULL)
		(void)munmap(*note, sizeof **note);
	*note = NULL;
}

bool spawn_failed_apart(const struct spawn *sp, struct spawn_failure *failure)
{
	return sp->apart != NULL && read_note(sp, sp->apart, failure);
}

pid_t spawn_run(const struct spawn *sp, int *pidfd, struct spawn_failure *failure)
{
	struct spawn_note mine = {0, 0};
	struct child c = {sp, sp->apart != NULL ? sp->apart : &mine};
	int how = sp->apart != NULL ? 0 : CLONE_VM | CLONE_VFORK, error;
	sigset_t all, before;
	pid_t pid;

	memset(failure, 0, sizeof *failure);
	*pidfd = -1;
	if (sp->fds_n > SPAWN_FDS) {
		*failure = (struct spawn_failure){"fds", "", EMFILE};
		return -1;
	}
	*c.note = mine;
	/* a handler in the child would run in our memory */
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	pid = clone(run_child, shared.stack_top, how | CLONE_PIDFD | SIGCHLD, &c, pidfd);
	error = errno;
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	if (pid < 0) {
		*failure = (struct spawn_failure){"fork", "", error};
		return -1;
	}
	if (sp->apart != NULL || !read_note(sp, &mine, failure))
		return pid;
	bury(pidfd, pid);
	return -1;
}

void spawn_explain(const struct spawn_failure *f, char *out, size_t room)
{
	const char *what = f->what != NULL ? f->what : "";

	(void)snprintf(
		out, room, "%s%s%s: %s", f->step, what[0] != '\0' ? " " : "", what, strerror(f->error));
}
