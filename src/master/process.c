/* process: the life of a child, from spawn to waitid. A failed start is logged, counted and
 * throttled; nothing that a child does ends the master. */
#include "master/process.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/say.h"
#include "master/ending.h"
#include "master/environment.h"
#include "master/ladder.h"
#include "master/process_table.h"
#include "master/report.h"
#include "master/status.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define BAD_MOST      10 /* messages; then the process is killed */
#define STATUS_FD     5
#define DEAD_FD       6
#define UNKILLABLE_MS 10000

static const char *name_of(const struct process *p)
{
	return p->service->definition->name;
}

/* ---- what it says */

static void one_status(void *arg, uint32_t available)
{
	struct process *p = arg;
	bool first = !p->pool.reported;
	const struct kind *kind = p->service->kind;
	uint32_t before = p->pool.available;

	if (!pool_status(&p->service->pool, &p->pool, available, clock_ms()) && p->bad_messages++ == 0)
		say(SAY_WARNING,
			"service %s: process %d says it can take %u clients; its client_limit is %u, so that "
			"counts",
			name_of(p), (int)p->pid, available, p->pool.limit);
	if (first && p->step == STEP_START)
		ladder_climb(p, STEP_NONE, TEXT_UNLIMITED);
	if (first && kind->up != NULL)
		kind->up(p);
	if (kind->counted != NULL)
		kind->counted(p, before);
	if (p->step == STEP_LEAVE && p->pool.state != POOL_LEAVING) {
		p->asked = false; /* it was asked to go and took a client instead */
		ladder_climb(p, STEP_NONE, TEXT_UNLIMITED);
	}
}

static void bad_status(struct process *p, uint32_t bad)
{
	if (p->bad_messages == 0)
		say(SAY_WARNING,
			"service %s: process %d writes what is no status message to its status pipe; it is "
			"ignored",
			name_of(p), (int)p->pid);
	p->bad_messages += bad;
	if (p->bad_messages <= BAD_MOST || p->step == STEP_KILL)
		return;
	say(SAY_ERROR, "service %s: process %d wrote more than %d bad status messages and is killed",
		name_of(p), (int)p->pid, BAD_MOST);
	process_signal(p, SIGKILL);
	ladder_climb(p, STEP_KILL, UNKILLABLE_MS);
}

static void went_mute(struct process *p)
{
	(void)event_del(&p->readable);
	p->mute = true;
	pool_silent(&p->service->pool, &p->pool, clock_ms());
}

static void on_status(evutil_socket_t fd, short what, void *arg)
{
	struct process *p = arg;
	char bytes[STATUS_BYTES * STATUS_BATCH];
	ssize_t n = read(fd, bytes, sizeof bytes);
	struct status said;

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		went_mute(p);
	else {
		status_read(bytes, (size_t)n, p->pid, (uint32_t)p->id, one_status, p, &said);
		if (said.bad > 0)
			bad_status(p, said.bad);
	}
	report_process(p);
	service_touch(p->service);
}

/* ---- its end */

static void say_throttled(const struct service *s, uint64_t now, const char *why)
{
	say(SAY_ERROR,
		"service %s: its processes fail at the start; the next try is in %" PRIu64 ".%03" PRIu64
		" s; %u clients wait; the last failure: %s",
		s->definition->name, (s->pool.throttled_until - now) / 1000,
		(s->pool.throttled_until - now) % 1000, s->waiting, why);
}

static void report_end(const struct process *p, const siginfo_t *si, const struct pool_end *end, uint64_t now,
	const char *text)
{
	struct wire_exit m = {.process = p->id,
		.svc = p->service->number,
		.now = now,
		.ok = end->ok,
		.asked = end->asked,
		.stage = !p->pool.reported               ? EXIT_STARTUP
			 : p->pool.state >= POOL_LEAVING ? EXIT_DRAINING
							 : EXIT_SERVING,
		.code = si->si_code == CLD_EXITED ? (uint32_t)si->si_status : 0,
		.signal = si->si_code == CLD_EXITED ? 0 : (uint32_t)si->si_status,
		.age = end->age,
		.served = p->pool.accepted -
			  (p->pool.accepted < p->pool.clients ? p->pool.accepted : p->pool.clients),
		.clients_lost = end->ok ? 0 : p->pool.clients,
		.text = text};

	if (end->ok)
		m.served = p->pool.accepted;
	if (p->service->number != 0)
		report_event(p->service->master, WIRE_exit, &m);
}

static void bury(struct process *p)
{
	struct service *s = p->service;
	struct master *m = s->master;

	(void)event_del(&p->ended);
	(void)event_del(&p->timer);
	if (!p->mute && p->status_fd >= 0)
		(void)event_del(&p->readable);
	fd_close(&p->status_fd);
	fd_close(&p->dead_fd);
	fd_close(&p->pidfd);
	list_remove(&s->processes, &p->link);
	process_table_leave(m, p);
	m->alive--;
}

/* To the log behind the process's own lines where a log process reads them, else as a line of ours. */
static void tell_end(struct process *p, const siginfo_t *si, struct pool_end *end, const char *text)
{
	struct service *s = p->service;
	bool exited = si->si_code == CLD_EXITED, bad;

	if (s->kind->ended != NULL && s->kind->ended(p, exited, si->si_status))
		end->asked = true;
	bad = !end->ok && !end->asked;
	if (!logpipe_ended(s, p->pid, exited ? si->si_status : 0, bad ? text : NULL) && bad)
		say(SAY_ERROR, "service %s: %s", s->definition->name, text);
	if (!end->ok)
		anvil_killed(s->master, p->pid);
}

static void on_ended(evutil_socket_t fd, short what, void *arg)
{
	struct process *p = arg;
	struct service *s = p->service;
	uint64_t now = clock_ms();
	siginfo_t si = {0};
	struct pool_end end;
	char text[256];

	(void)what;
	if (waitid(P_PIDFD, (id_t)fd, &si, WEXITED | WNOHANG) < 0 || si.si_pid == 0)
		return;
	if (!p->mute && p->status_fd >= 0)
		on_status(p->status_fd, EV_READ, p); /* its last words */
	end = (struct pool_end){si.si_code == CLD_EXITED && si.si_status == 0, p->asked, now - p->born};
	ending_explain((int)p->pid, s->definition->settings.vsz_limit, &si, text, sizeof text);
	tell_end(p, &si, &end, text);
	report_forget(p);
	report_end(p, &si, &end, now, text);
	if (pool_gone(&s->pool, &p->pool, &s->standing, &end, now))
		say_throttled(s, now, text);
	bury(p);
	service_touch(s);
}

/* ---- its start */

/* No process or no file to be had: that is the machine's fault, and over soon or felt by everybody. */
static int starved(struct service *s, const char *what, int error)
{
	uint64_t now = clock_ms();

	pool_starved(&s->pool, now);
	say(SAY_ERROR, "service %s: no process can be started: %s: %s; it is tried again within a second",
		s->definition->name, what, strerror(error));
	report_event(s->master, WIRE_fork_failed,
		&(struct wire_fork_failed){.svc = s->number, .now = now, .error = (uint32_t)error});
	service_touch(s);
	return -1;
}

static int failed(struct service *s, const struct spawn_failure *f)
{
	uint64_t now = clock_ms();
	char text[512];
	bool was_throttled = s->pool.throttled_until > now;

	if (strcmp(f->step, "fork") == 0 || f->error == EMFILE || f->error == ENFILE)
		return starved(s, f->step, f->error);
	spawn_explain(f, text, sizeof text);
	pool_start_failed(&s->pool, &s->standing, now);
	say(SAY_ERROR, "service %s: %s", s->definition->name, text);
	if (!was_throttled)
		say_throttled(s, now, text);
	report_event(s->master, WIRE_start_failed,
		&(struct wire_start_failed){.svc = s->number,
			.now = now,
			.step = f->step,
			.error = (uint32_t)f->error,
			.text = text});
	service_touch(s);
	return -1;
}

static void watch(struct process *p)
{
	struct event_base *loop = p->service->master->loop;

	(void)event_assign(&p->ended, loop, p->pidfd, EV_READ | EV_PERSIST, on_ended, p);
	(void)event_add(&p->ended, NULL);
	(void)evtimer_assign(&p->timer, loop, ladder_on_timer, p);
	if (p->status_fd >= 0) {
		(void)event_assign(&p->readable, loop, p->status_fd, EV_READ | EV_PERSIST, on_status, p);
		(void)event_add(&p->readable, NULL);
	}
	if (p->pool.reports)
		ladder_climb(p, STEP_START, p->service->definition->settings.start_timeout);
}

/* The pipes of one process: [0] stay ours, [1] are the child's. */
struct pipes {
	int status[2], dead[2];
};

static void close_pipe(int pair[2])
{
	fd_close(&pair[0]);
	fd_close(&pair[1]);
}

static int open_pipes(struct pipes *pipes)
{
	*pipes = (struct pipes){{-1, -1}, {-1, -1}};
	if (fd_pipe(pipes->status, 1) == 0 && fd_pipe(pipes->dead, 1) == 0)
		return 0;
	close_pipe(pipes->status);
	return -1;
}

static void enter(struct process *p, struct service *s, uint64_t now)
{
	p->service = s;
	p->born = now;
	p->generation = s->generation;
	pool_started(&s->pool, &p->pool, now);
	list_add(&s->processes, &p->link);
	process_table_enter(s->master, p);
	s->master->alive++;
}

int process_start(struct service *s)
{
	struct master *m = s->master;
	struct spawn_failure f = {"fork", "", ENOMEM};
	struct process *p = process_table_take(m);
	bool reports = service_reports(s);
	struct pipes pipes = {{-1, -1}, {-1, -1}};

	if (p == NULL)
		return failed(s, &f);
	if (s->kind->dress != NULL)
		environment_prepare(s); /* what it gets is others', and as of now */
	if (s->kind->starting != NULL)
		s->kind->starting(s);
	logpipe_starting(s);
	p->id = ++m->next_id;
	if (reports && open_pipes(&pipes) < 0) {
		process_table_give(m, p);
		return starved(s, "its pipes", errno);
	}
	if (reports) {
		s->spawn.fds[STATUS_FD] = pipes.status[1];
		s->spawn.fds[DEAD_FD] = pipes.dead[1];
		(void)sprintf(s->generation_text, "GENERATION=%" PRIu32, (uint32_t)p->id);
	}
	p->pid = spawn_run(&s->spawn, &p->pidfd, &f);
	fd_close(&pipes.status[1]);
	fd_close(&pipes.dead[1]);
	if (p->pid < 0) {
		close_pipe(pipes.status);
		close_pipe(pipes.dead);
		process_table_give(m, p);
		return failed(s, &f);
	}
	p->status_fd = pipes.status[0];
	p->dead_fd = pipes.dead[0];
	enter(p, s, clock_ms());
	watch(p);
	logpipe_started(s, p->pid);
	if (s->kind->started != NULL)
		s->kind->started(p);
	if (!reports)
		pool_up(&s->pool, &p->pool, p->born);
	report_process(p);
	return 0;
}
