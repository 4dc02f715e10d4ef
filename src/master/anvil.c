/* anvil: pipes that are never without a reader. Failures are said; nothing ends here. */
#include "master/anvil.h"

#include "base/fd.h"
#include "base/say.h"
#include "master/outfit.h"
#include "master/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define VERSION_LINE "VERSION\tanvil\t1\t0\n"

void anvil_init(struct master *m)
{
	struct anvil *a = &m->anvil;

	memset(a, 0, sizeof *a);
	a->shared[0] = a->shared[1] = a->own[0] = a->own[1] = a->log_fds[0] = a->log_fds[1] = -1;
	a->notices.fd = -1;
}

static void on_line(evutil_socket_t fd, short what, void *arg)
{
	char dropped[65536];

	(void)what;
	(void)arg;
	if (read(fd, dropped, sizeof dropped) < 0)
		return; /* nothing there any more */
}

static void watch(struct anvil *a, bool drain)
{
	for (int i = 0; i < 2; i++)
		if (drain)
			(void)event_add(&a->drain[i], NULL);
		else
			(void)event_del(&a->drain[i]);
}

static int open_pipes(struct anvil *a)
{
	if (fd_pipe(a->shared, 0) < 0 || fd_set_nonblock(a->shared[0]) < 0 || fd_pipe(a->own, 1) < 0)
		return -1;
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, a->log_fds);
}

static void begin(struct anvil *a, struct event_base *loop)
{
	(void)event_assign(&a->drain[0], loop, a->shared[0], EV_READ | EV_PERSIST, on_line, a);
	(void)event_assign(&a->drain[1], loop, a->own[0], EV_READ | EV_PERSIST, on_line, a);
	watch(a, !a->runs);
}

void anvil_resume(struct master *m)
{
	struct anvil *a = &m->anvil;

	if (!a->is_open)
		return;
	notices_resume(&a->notices, m->loop, a->own[1]);
	begin(a, m->loop);
}

/* New lines of the process go to the log pipe that it has got since it was started. */
static void pass_log(const struct master *m, const struct service *s)
{
	if (m->anvil.runs && s->log.fds[1] >= 0 && s->log.fds[1] != s->spawn.fds[STDERR_FILENO] &&
		fd_send(m->anvil.log_fds[1], "", 1, s->log.fds[1]) < 0)
		say(SAY_WARNING, "service %s: cannot be given its log pipe: %s", s->definition->name,
			strerror(errno));
}

void anvil_plan(struct master *m)
{
	struct anvil *a = &m->anvil;
	struct service *mine = service_of_type(m, "anvil");

	if (mine == NULL)
		return;
	pass_log(m, mine);
	if (a->is_open)
		return;
	if (open_pipes(a) < 0) {
		say(SAY_ERROR, "no pipes for service %s: %s", mine->definition->name, strerror(errno));
		anvil_end(m);
		return;
	}
	a->is_open = true;
	notices_open(&a->notices, m->loop, a->own[1]);
	begin(a, m->loop);
}

void anvil_dress(struct service *s, struct outfit *o)
{
	const struct anvil *a = &s->master->anvil;

	if (!a->is_open)
		return;
	outfit_fd(o, a->own[0]);
	outfit_fd(o, a->shared[0]);
	if (a->ran)
		outfit_add(o, "ANVIL_RESTARTED=1");
}

int anvil_log_socket(struct service *s)
{
	return s->master->anvil.log_fds[0];
}

/* The shared pipe blocks its writers, so we write to a description of our own. */
static void greet(const struct anvil *a)
{
	char path[40];
	int fd;

	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", a->shared[1]);
	fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || write(fd, VERSION_LINE, strlen(VERSION_LINE)) < 0)
		say(SAY_ERROR, "anvil's pipe cannot be written to: %s", strerror(errno));
	fd_close(&fd);
}

void anvil_started(struct process *p)
{
	struct anvil *a = &p->service->master->anvil;

	if (!a->is_open)
		return;
	watch(a, false);
	a->runs = a->ran = true;
	greet(a);
	(void)notices_put(&a->notices, VERSION_LINE, strlen(VERSION_LINE) - 1);
}

bool anvil_ended(struct process *p, bool exited, int status)
{
	struct anvil *a = &p->service->master->anvil;

	(void)exited;
	(void)status;
	a->runs = false;
	if (a->is_open)
		watch(a, true);
	return false;
}

void anvil_killed(struct master *m, pid_t pid)
{
	char line[40];
	int n = snprintf(line, sizeof line, "KILL\t%d", (int)pid);

	if (m->anvil.runs)
		(void)notices_put(&m->anvil.notices, line, (size_t)n);
}

void anvil_end(struct master *m)
{
	struct anvil *a = &m->anvil;

	if (a->is_open)
		watch(a, false);
	notices_close(&a->notices);
	for (int i = 0; i < 2; i++) {
		fd_close(&a->shared[i]);
		fd_close(&a->own[i]);
		fd_close(&a->log_fds[i]);
	}
	a->is_open = false;
}
