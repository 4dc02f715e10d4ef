/* foreign: a bounded number of children that close. Nothing fails but foreign_close. */
#include "master/foreign.h"

#include <assert.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLOSERS     16
#define STACK_BYTES 16384

/* Their pidfds; 0: none. orphans.c may bury one first. */
static int closers[CLOSERS];

struct work {
	const int *fds;
	size_t n;
};

/* The domain of a socket, AF_UNSPEC: it is none. */
static int domain_of(int fd)
{
	int domain = AF_UNSPEC;
	socklen_t len = sizeof domain;

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 ? domain : AF_UNSPEC;
}

static bool is_pipe(int fd)
{
	return fcntl(fd, F_GETPIPE_SZ) >= 0;
}

bool foreign_is_stream(int fd)
{
	return domain_of(fd) != AF_UNSPEC || is_pipe(fd);
}

/* What it is it stays for life. No other socket: SO_LINGER can be set at any time, by whoever has it too. */
static bool closes_at_once(int fd)
{
	return domain_of(fd) == AF_UNIX || is_pipe(fd);
}

/* A free place, or NULL. */
static int *free_closer(void)
{
	siginfo_t si = {0};

	for (size_t i = 0; i < CLOSERS; i++) {
		if (closers[i] == 0)
			return &closers[i];
		if (waitid(P_PIDFD, (id_t)closers[i], &si, WEXITED | WNOHANG) == 0 && si.si_pid == 0)
			continue;
		(void)close(closers[i]);
		closers[i] = 0;
		return &closers[i];
	}
	return NULL;
}

/* Raw calls only, as between clone and exec (spawn.c). */
__attribute__((no_sanitize("address", "undefined"))) static int run(void *arg)
{
	const struct work *w = arg;

	for (size_t i = 0; i < w->n; i++)
		if (w->fds[i] >= 0)
			(void)syscall(SYS_close, w->fds[i]);
	(void)syscall(SYS_exit_group, 0);
	return 0;
}

static bool close_in_child(const int *fds, size_t n)
{
	static char stack[STACK_BYTES] __attribute__((aligned(16)));
	struct work w = {fds, n};
	int *closer = free_closer(), pidfd = 0;
	sigset_t all, before;
	pid_t pid;

	if (closer == NULL)
		return false;
	/* our handlers are no business of its */
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	pid = clone(run, stack + STACK_BYTES, CLONE_FILES | CLONE_PIDFD | SIGCHLD, &w, &pidfd);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	if (pid < 0)
		return false;
	*closer = pidfd;
	return true;
}

bool foreign_close(const int *fds, size_t n)
{
	int slow[FOREIGN_MOST];
	size_t slow_n = 0;

	assert(n <= FOREIGN_MOST);
	for (size_t i = 0; i < n; i++)
		if (fds[i] >= 0 && closes_at_once(fds[i]))
			(void)close(fds[i]);
		else if (fds[i] >= 0)
			slow[slow_n++] = fds[i];
	return slow_n == 0 || close_in_child(slow, slow_n);
}
