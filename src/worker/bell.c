/* bell: signals become a readable descriptor. The only state outside struct reeve_worker, because a signal
 * handler gets no argument. */
#include "worker/worker.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static volatile sig_atomic_t bell_fd = -1;
static volatile sig_atomic_t is_busy;

/* SIGINT asks an idle process to go; what comes while a client is here is forgotten, not kept for later.
 * SIGQUIT: the listeners are wanted back at once. SIGUSR1: the notice of type login has changed. */
static void ring(int signal)
{
	uint64_t what = signal == SIGUSR1 ? BELL_NOTICE : 1;
	int error = errno;

	if ((signal != SIGINT || !is_busy) && bell_fd >= 0)
		(void)!write(bell_fd, &what, sizeof what); /* fails only if it has rung already, often */
	errno = error;
}

int bell_open(struct reeve_worker *w)
{
	struct sigaction action = {.sa_handler = ring, .sa_flags = SA_RESTART};
	int fd;

	if (bell_fd >= 0) {
		errno = EALREADY;
		return -1;
	}
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		return -1;
	bell_fd = fd;
	is_busy = 0;
	(void)sigemptyset(&action.sa_mask);
	(void)signal(SIGPIPE, SIG_IGN);
	if (!w->service.alone) { /* ^C in a terminal means the end */
		(void)sigaction(SIGINT, &action, &w->old_int);
		(void)sigaction(SIGQUIT, &action, &w->old_quit);
	}
	if (w->has_notice)
		(void)sigaction(SIGUSR1, &action, &w->old_usr1);
	return fd;
}

void bell_close(struct reeve_worker *w)
{
	int fd = bell_fd;

	if (!w->service.alone) {
		(void)sigaction(SIGINT, &w->old_int, NULL);
		(void)sigaction(SIGQUIT, &w->old_quit, NULL);
	}
	if (w->has_notice)
		(void)sigaction(SIGUSR1, &w->old_usr1, NULL);
	bell_fd = -1;
	(void)close(fd);
}

void bell_set_busy(bool busy)
{
	is_busy = busy;
}
