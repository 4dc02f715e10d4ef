/* process: the life of a child, from spawn to waitid. A failed start is logged, counted and
 * throttled; nothing that a child does ends the master. */
#include "master/process.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/say.h"
#include "master/environment.h"
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

#define CHUNK         64   /* processes whose memory is taken together */
#define LEAVE_MS      5000 /* a process asked to go that does not answer is busy after all */
#define BAD_MOST      10   /* messages; then the process is killed */
#define STATUS_FD     5
#define DEAD_FD       6
#define UNKILLABLE_MS 10000
#define OUT_OF_MEMORY 83

/* ---- the table of all processes, by id */

static size_t slot_of(const struct master *m, uint64_t id)
{
	return (size_t)(id * UINT64_C(11400714819323198485) >> 20) & (m->by_id_room - 1);
}

static void table_put(struct master *m, struct process *p)
{
	size_t i = slot_of(m, p->id);

	while (m->by_id[i] != NULL)
		i = (i + 1) & (m->by_id_room - 1);
	m->by_id[i] = p;
}

/* Grows before it is half full; -1 without memory. */
static int table_room(struct master *m)
{
	size_t old = m->by_id_room, room = old > 0 ? old * 2 : 256;
	struct process **table = m->by_id, **bigger;

	if (m->alive * 2 < old)
		return 0;
	bigger = calloc(room, sizeof *bigger);
	if (bigger == NULL)
		return -1;
	m->by_id = bigger;
	m->by_id_room = room;
	for (size_t i = 0; i < old; i++)
		if (table[i] != NULL)
			table_put(m, table[i]);
	free(table);
	return 0;
}

/* Linear probing: what stood behind the hole moves up if the hole is on its way. */
static void table_remove(struct master *m, const struct process *p)
{
	size_t mask = m->by_id_room - 1, hole = slot_of(m, p->id);

	while (m->by_id[hole] != p)
		hole = (hole + 1) & mask;
	m->by_id[hole] = NULL;
	for (size_t i = (hole + 1) & mask; m->by_id[i] != NULL; i = (i + 1) & mask) {
		size_t home = slot_of(m, m->by_id[i]->id);
		if (((i - home) & mask) >= ((i - hole) & mask)) {
			m->by_id[hole] = m->by_id[i];
			m->by_id[i] = NULL;
			hole = i;
		}
	}
}

struct process *process_find(const struct master *m, uint64_t id)
{
	if (m->by_id_room == 0)
		return NULL;
	for (size_t i = slot_of(m, id); m->by_id[i] != NULL; i = (i + 1) & (m->by_id_room - 1))
		if (m->by_id[i]->id == id)
			return m->by_id[i];
	return NULL;
}

static int more_memory(struct master *m)
{
	struct process *chunk = calloc(CHUNK, sizeof *chunk);

	if (chunk == NULL)
		return -1;
	for (int i = 0; i < CHUNK; i++)
		list_add(&m->free_processes, &chunk[i].link);
	return 0;
}

void process_reserve(struct master *m, uint32_t most)
{
	while (m->free_processes.count + m->alive < most && more_memory(m) == 0)
		;
}

static struct process *take_memory(struct master *m)
{
	struct process *p;

	if (table_room(m) < 0 || (m->free_processes.count == 0 && more_memory(m) < 0))
		return NULL;
	p = LIST_OF(list_first(&m->free_processes), struct process, link);
	list_remove(&m->free_processes, &p->link);
	memset(p, 0, sizeof *p);
	p->status_fd = p->dead_fd = p->pidfd = -1;
	return p;
}

/* ---- signals */

void process_signal(const struct process *p, int sig)
{
	/* by pidfd: a number that was given to a stranger meanwhile gets nothing */
	(void)syscall(SYS_pidfd_send_signal, p->pidfd, sig, NULL, 0);
}

static int signal_number(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} signals[] = {{"TERM", SIGTERM}, {"INT", SIGINT}, {"QUIT", SIGQUIT}, {"HUP", SIGHUP},
		{"USR1", SIGUSR1}, {"USR2", SIGUSR2}, {"KILL", SIGKILL}};

	if (strncmp(name, "SIG", 3) == 0)
		name += 3;
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		if (strcmp(signals[i].name, name) == 0)
			return signals[i].number;
	return SIGTERM;
}

/* ---- the ladder: what happens when a step's time is up */

static void climb(struct process *p, enum process_step step, int64_t ms)
{
	struct timeval tv = {ms / 1000, ms % 1000 * 1000};

	p->step = step;
	if (ms == TEXT_UNLIMITED)
		(void)event_del(&p->timer);
	else
		(void)event_add(&p->timer, &tv);
}

static const char *name_of(const struct process *p)
{
	return p->service->definition->name;
}

static void never_reported(struct process *p)
{
	say(SAY_ERROR,
		"service %s: process %d never reported: if it does not speak Reeve's contract write contract "
		"= "
		"\"plain\"; if it is slow, raise start_timeout. It is killed",
		name_of(p), (int)p->pid);
	process_signal(p, SIGKILL);
	climb(p, STEP_KILL, UNKILLABLE_MS);
}

static void did_not_leave(struct process *p)
{
	say(SAY_WARNING, "service %s: process %d ignores SIGINT although it is idle; it counts as busy",
		name_of(p), (int)p->pid);
	p->asked = false;
	p->step = STEP_NONE;
	pool_refused(&p->service->pool, &p->pool, clock_ms());
	report_process(p);
	service_touch(p->service);
}

static void not_finished(struct process *p)
{
	const struct spec_service_settings *s = &p->service->definition->settings;

	process_signal(p, signal_number(s->stop_signal));
	climb(p, STEP_SIGNAL, s->kill_after);
}

static void ignores_signal(struct process *p)
{
	say(SAY_WARNING, "service %s: process %d did not end %lld ms after SIG%s and is killed", name_of(p),
		(int)p->pid, (long long)p->service->definition->settings.kill_after,
		p->service->definition->settings.stop_signal);
	process_signal(p, SIGKILL);
	climb(p, STEP_KILL, UNKILLABLE_MS);
}

static void survives_kill(struct process *p)
{
	say(SAY_WARNING, "service %s: process %d was killed but the kernel does not let it go yet",
		name_of(p), (int)p->pid);
	climb(p, STEP_KILL, UNKILLABLE_MS);
}

static void nothing(struct process *p)
{
	(void)p;
}

static void (*const ladder[])(struct process *p) = {
	[STEP_NONE] = nothing,
	[STEP_START] = never_reported,
	[STEP_LEAVE] = did_not_leave,
	[STEP_FINISH] = not_finished,
	[STEP_SIGNAL] = ignores_signal,
	[STEP_KILL] = survives_kill,
};

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct process *p = arg;

	(void)fd;
	(void)what;
	ladder[p->step](p);
}

void process_ask(struct process *p)
{
	if (!p->pool.reports) {
		int64_t finish = p->service->definition->settings.stop_timeout;
		process_retire(p, finish == TEXT_UNLIMITED ? 0 : clock_ms() + (uint64_t)finish);
		return;
	}
	p->asked = true;
	pool_asked(&p->service->pool, &p->pool, clock_ms());
	process_signal(p, SIGINT);
	climb(p, STEP_LEAVE, LEAVE_MS);
	report_process(p);
}

void process_retire(struct process *p, uint64_t deadline)
{
	uint64_t now = clock_ms();
	int64_t left;

	if (p->service->kind->by_signal)
		deadline = now;
	left = deadline == 0 ? TEXT_UNLIMITED : deadline > now ? (int64_t)(deadline - now) : 0;
	if (p->step >= STEP_SIGNAL)
		return;
	if (p->step == STEP_FINISH && (deadline == 0 || (p->finish_by != 0 && deadline >= p->finish_by)))
		return; /* the earlier deadline stands */
	p->finish_by = deadline;
	p->asked = true;
	fd_close(&p->dead_fd);
	if (p->pool.state != POOL_DRAINING && !p->pool.reports)
		process_signal(p, signal_number(p->service->definition->settings.stop_signal));
	pool_drain(&p->service->pool, &p->pool, now);
	climb(p, STEP_FINISH, left);
	report_process(p);
	service_touch(p->service);
}

void process_kill(struct process *p)
{
	p->asked = true;
	process_signal(p, SIGKILL);
	climb(p, STEP_KILL, UNKILLABLE_MS);
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
		climb(p, STEP_NONE, TEXT_UNLIMITED);
	if (first && kind->up != NULL)
		kind->up(p);
	if (kind->counted != NULL)
		kind->counted(p, before);
	if (p->step == STEP_LEAVE && p->pool.state != POOL_LEAVING) {
		p->asked = false; /* it was asked to go and took a client instead */
		climb(p, STEP_NONE, TEXT_UNLIMITED);
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
	climb(p, STEP_KILL, UNKILLABLE_MS);
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

/* Where the kernel leaves no core although the signal makes one: why, and what to do about it. */
static const char *why_no_core(void)
{
	struct rlimit core;
	char dumpable = '?';
	int fd;

	if (getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0)
		return ", no core: core dumps are off (ulimit -c)";
	fd = open("/proc/sys/fs/suid_dumpable", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, &dumpable, 1) < 0)
		dumpable = '?';
	fd_close(&fd);
	return dumpable == '0' ? ", no core (a process that changed its user leaves none unless "
				 "fs.suid_dumpable is 2)"
			       : ", no core";
}

static const char *about_core(const siginfo_t *si)
{
	static const int dumping[] = {SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS};

	if (si->si_code == CLD_DUMPED)
		return ", core dumped";
	for (size_t i = 0; i < sizeof dumping / sizeof dumping[0]; i++)
		if (dumping[i] == si->si_status)
			return why_no_core();
	return "";
}

static void explain_end(const struct process *p, const siginfo_t *si, char *out, size_t room)
{
	const char *reason = status_reason(si->si_status);
	int64_t vsz = p->service->definition->settings.vsz_limit;
	int pid = (int)p->pid;

	if (si->si_code != CLD_EXITED)
		(void)snprintf(out, room, "process %d was ended by signal %d (%s)%s", pid, si->si_status,
			strsignal(si->si_status), about_core(si));
	else if (si->si_status == OUT_OF_MEMORY && vsz > 0 && vsz != TEXT_UNLIMITED)
		(void)snprintf(out, room,
			"process %d ended with status %d (out of memory; raise vsz_limit, it is %" PRId64
			"M)",
			pid, si->si_status, vsz >> 20);
	else if (reason[0] != '\0')
		(void)snprintf(out, room, "process %d ended with status %d (%s)", pid, si->si_status, reason);
	else
		(void)snprintf(out, room, "process %d ended with status %d", pid, si->si_status);
}

static void say_throttled(const struct service *s, uint64_t now)
{
	say(SAY_ERROR,
		"service %s: its processes fail at the start; the next try is in %" PRIu64 ".%03" PRIu64 " s",
		s->definition->name, (s->pool.throttled_until - now) / 1000,
		(s->pool.throttled_until - now) % 1000);
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
	table_remove(m, p);
	list_remove(&s->processes, &p->link);
	list_add(&m->free_processes, &p->link);
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
	explain_end(p, &si, text, sizeof text);
	tell_end(p, &si, &end, text);
	report_forget(p);
	report_end(p, &si, &end, now, text);
	if (pool_gone(&s->pool, &p->pool, &s->standing, &end, now))
		say_throttled(s, now);
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
		say_throttled(s, now);
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
	(void)evtimer_assign(&p->timer, loop, on_timer, p);
	if (p->status_fd >= 0) {
		(void)event_assign(&p->readable, loop, p->status_fd, EV_READ | EV_PERSIST, on_status, p);
		(void)event_add(&p->readable, NULL);
	}
	if (p->pool.reports)
		climb(p, STEP_START, p->service->definition->settings.start_timeout);
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
	table_put(s->master, p);
	s->master->alive++;
}

int process_start(struct service *s)
{
	struct master *m = s->master;
	struct spawn_failure f = {"fork", "", ENOMEM};
	struct process *p = take_memory(m);
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
		list_add(&m->free_processes, &p->link);
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
		list_add(&m->free_processes, &p->link);
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
