/* process: the life of a child, from spawn to waitid. A failed start is logged, counted and
 * throttled; nothing that a child does ends the master. */
#include "master/process.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/say.h"
#include "master/ending.h"
#include "master/environment.h"
#include "master/ladder.h"
#include "master/log_writer.h"
#include "master/mode.h"
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
#define UNKILLABLE_MS 10000
#define TOO_SOON_MS   1000 /* an end before that, with work left, is a failed start */

static const char *name_of(const struct process *p)
{
	return p->service->definition->name;
}

/* ---- it can work */

static void came_up(struct process *p)
{
	const struct kind *kind = p->service->kind;

	if (p->step == STEP_START)
		ladder_climb(p, STEP_NONE, TEXT_UNLIMITED);
	alive_begin(p);
	if (kind->up != NULL)
		kind->up(p);
	mode_tell(p);
}

void process_is_up(struct process *p)
{
	ready_end(p);
	if (p->pool.reported || p->pool.state != POOL_STARTING)
		return;
	pool_up(&p->service->pool, &p->pool, clock_ms());
	came_up(p);
	report_process(p);
	service_touch(p->service);
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
	if (first)
		came_up(p);
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

static void close_fds(struct process *p)
{
	fd_close(&p->status_fd);
	fd_close(&p->dead_fd);
	fd_close(&p->pidfd);
	fd_close(&p->ready.fd);
	fd_close(&p->notice.sock);
	fd_close(&p->heir.pidfd);
}

static void bury(struct process *p)
{
	struct service *s = p->service;
	struct master *m = s->master;

	(void)event_del(&p->ended);
	(void)event_del(&p->timer);
	if (!p->mute && p->status_fd >= 0)
		(void)event_del(&p->readable);
	ready_end(p);
	alive_end(p);
	close_fds(p);
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
	if (!log_writer_ended(s, p->pid, exited ? si->si_status : 0, bad ? text : NULL) && bad)
		say(SAY_ERROR, "service %s: %s", s->definition->name, text);
	if (!end->ok)
		anvil_killed(s->master, p->pid);
}

/* A contract without status: it ended at once although there is work, or before it could do any. */
static bool ended_too_soon(struct process *p, const struct pool_end *end)
{
	struct service *s = p->service;

	if (p->contract->knows_clients || end->asked || (s->kind->once && end->ok))
		return false;
	if (!p->pool.reported || end->age >= TOO_SOON_MS || s->ready.kind != READY_AT_START)
		return !p->pool.reported; /* one that has shown that it works has started */
	service_count_waiting(s);
	return s->watched_n == 0 || s->waiting > 0;
}

static struct pool_end end_of(struct process *p, const siginfo_t *si, uint64_t now)
{
	struct pool_end end = {
		si->si_code == CLD_EXITED && si->si_status == 0, p->asked, now - p->born, false};

	if (p->contract->accepts && si->si_code == CLD_EXITED)
		end.ok = true; /* whatever it thinks of its client */
	end.too_soon = ended_too_soon(p, &end);
	return end;
}

static void on_ended(evutil_socket_t fd, short what, void *arg);

static void watch_end(struct process *p)
{
	(void)event_assign(&p->ended, p->service->master->loop, p->pidfd, EV_READ | EV_PERSIST, on_ended, p);
	(void)event_add(&p->ended, NULL);
}

/* It put itself into the background: another process is it now. */
static bool go_on(struct process *p)
{
	if (p->heir.pidfd < 0)
		return false;
	(void)event_del(&p->ended);
	if (heir_succeeds(p)) {
		watch_end(p);
		if (p->service->ready.kind == READY_PIDFILE)
			process_is_up(p);
		report_process(p);
		return true;
	}
	return false;
}

/* Its children that nobody looks after any more would keep its sockets from the next one. Before it is
 * buried, so that the number of the group cannot be a stranger's. */
static void take_its_own(const struct process *p)
{
	if (p->contract->takes_its_own && p->heir.pidfd < 0 && p->pid > 1)
		(void)kill(-p->pid, SIGKILL);
}

/* After it: those that were killed are still there, because they have become our children. */
static void tell_of_its_own(const struct process *p)
{
	if (p->contract->takes_its_own && p->heir.pidfd < 0 && kill(-p->pid, 0) == 0)
		say(SAY_WARNING, "service %s: process %d has left processes behind; they are killed",
			p->service->definition->name, (int)p->pid);
}

/* One that failed before its program ran, and that nobody stood still for: the step that refused. */
static void explain_end(const struct process *p, const siginfo_t *si, char *text, size_t room)
{
	const struct service *s = p->service;
	struct spawn_failure f;

	if (si->si_code == CLD_EXITED && si->si_status == SPAWN_EXIT && spawn_failed_apart(&s->spawn, &f))
		spawn_explain(&f, text, room);
	else
		ending_explain((int)p->pid, s->definition->settings.vsz_limit, si, text, room);
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
	if (waitid(P_PIDFD, (id_t)fd, &si, WEXITED | WNOHANG | WNOWAIT) < 0 || si.si_pid == 0)
		return;
	if (!p->mute && p->status_fd >= 0)
		on_status(p->status_fd, EV_READ, p); /* its last words */
	ready_last_look(p);
	take_its_own(p);
	(void)waitid(P_PIDFD, (id_t)fd, &si, WEXITED | WNOHANG);
	tell_of_its_own(p);
	if (go_on(p))
		return;
	notice_end(p);
	end = end_of(p, &si, now);
	explain_end(p, &si, text, sizeof text);
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

	watch_end(p);
	(void)evtimer_assign(&p->timer, loop, ladder_on_timer, p);
	if (p->status_fd >= 0 && !p->mute) {
		(void)event_assign(&p->readable, loop, p->status_fd, EV_READ | EV_PERSIST, on_status, p);
		(void)event_add(&p->readable, NULL);
	}
	notice_begin(p);
}

/* From here on it is awaited that it can work; one that was accepted for has its client already. */
static void await_readiness(struct process *p)
{
	struct service *s = p->service;

	if (s->contract->accepts) {
		(void)pool_status(&s->pool, &p->pool, 0, p->born);
		came_up(p);
		return;
	}
	ladder_climb(p, STEP_START, s->definition->settings.start_timeout);
	ready_begin(p);
}

void process_resume(struct process *p)
{
	watch(p);
	ladder_resume(p);
	if (p->pool.reported)
		alive_begin(p);
	else
		ready_begin(p);
}

/* What this process alone gets. */
static enum kit_result assemble(struct process *p, struct kit *k)
{
	struct service *s = p->service;
	enum kit_result made = KIT_COMPLETE;

	s->spawn.fds_n = s->fds_fixed;
	if (s->contract->kit != NULL)
		made = s->contract->kit(p, k);
	if (made == KIT_COMPLETE)
		made = notice_kit(p);
	return made == KIT_COMPLETE ? ready_kit(p, k) : made;
}

static void close_kit(struct kit *k)
{
	for (size_t i = 0; i < k->n; i++)
		fd_close(&k->theirs[i]);
}

static int not_started(struct process *p)
{
	close_fds(p);
	process_table_give(p->service->master, p);
	return -1;
}

static void enter(struct process *p, struct service *s, uint64_t now)
{
	p->born = now;
	p->generation = s->generation;
	p->mode = s->standing.mode;
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
	struct kit kit = {{0}, 0};
	enum kit_result made;

	if (p == NULL)
		return failed(s, &f);
	p->service = s;
	p->contract = s->contract;
	p->id = m->next_id + 1;
	if (s->kind->dress != NULL)
		environment_prepare(s); /* what it gets is others', and as of now */
	made = assemble(p, &kit);
	if (made != KIT_COMPLETE) {
		int error = errno;
		close_kit(&kit);
		(void)not_started(p);
		return made == KIT_IDLE ? -1 : starved(s, "its descriptors", error);
	}
	m->next_id++;
	if (s->kind->starting != NULL)
		s->kind->starting(s);
	log_writer_starting(s);
	mode_dress(s);
	p->pid = spawn_run(&s->spawn, &p->pidfd, &f);
	close_kit(&kit);
	if (p->pid < 0) {
		(void)not_started(p);
		return failed(s, &f);
	}
	enter(p, s, clock_ms());
	watch(p);
	log_writer_started(s, p->pid);
	if (s->kind->started != NULL)
		s->kind->started(p);
	await_readiness(p);
	report_process(p);
	return 0;
}
