/* ladder: what is done to a process that should go, and when. Signals go by pidfd only. */
#include "master/ladder.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/say.h"
#include "master/report.h"

#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LEAVE_MS      5000 /* a process asked to go that does not answer is busy after all */
#define UNKILLABLE_MS 10000

void process_signal(const struct process *p, int sig)
{
	/* by pidfd: a number that was given to a stranger meanwhile gets nothing */
	(void)syscall(SYS_pidfd_send_signal, p->pidfd, sig, NULL, 0);
	if (p->heir.pidfd >= 0)
		(void)syscall(SYS_pidfd_send_signal, p->heir.pidfd, sig, NULL, 0);
}

int ladder_signal(const char *name)
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

void ladder_climb(struct process *p, enum process_step step, int64_t ms)
{
	struct timeval tv = {ms / 1000, ms % 1000 * 1000};

	p->step = step;
	p->due = ms == TEXT_UNLIMITED ? 0 : clock_ms() + (uint64_t)ms;
	if (ms == TEXT_UNLIMITED)
		(void)event_del(&p->timer);
	else
		(void)event_add(&p->timer, &tv);
}

void ladder_resume(struct process *p)
{
	uint64_t now = clock_ms(), left = p->due > now ? p->due - now : 0;

	if (p->due != 0)
		(void)event_add(&p->timer,
			&(struct timeval){(time_t)(left / 1000), (suseconds_t)(left % 1000 * 1000)});
}

static const char *name_of(const struct process *p)
{
	return p->service->definition->name;
}

void ladder_extend(struct process *p, int64_t ms)
{
	if (p->due != 0 && p->step != STEP_KILL && clock_ms() + (uint64_t)ms > p->due)
		ladder_climb(p, p->step, ms);
}

static void is_not_ready(struct process *p)
{
	const char *ready = p->service->definition->settings.ready;

	if (p->contract->reports)
		say(SAY_ERROR,
			"service %s: process %d never reported: if it does not speak Reeve's contract write "
			"contract = \"plain\", \"systemd\" or \"inetd\"; if it is slow, raise start_timeout. "
			"It is killed",
			name_of(p), (int)p->pid);
	else
		say(SAY_ERROR,
			"service %s: process %d was not ready within start_timeout (ready = \"%s\"): if it "
			"is slow, "
			"raise start_timeout. It is killed",
			name_of(p), (int)p->pid, ready);
	process_signal(p, SIGKILL);
	ladder_climb(p, STEP_KILL, UNKILLABLE_MS);
}

static void did_not_reload(struct process *p)
{
	say(SAY_WARNING, "service %s: process %d said RELOADING=1 and has not said READY=1 since", name_of(p),
		(int)p->pid);
	p->step = STEP_NONE;
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

	p->last_signal = ladder_signal(s->stop_signal);
	process_signal(p, p->last_signal);
	ladder_climb(p, STEP_SIGNAL, s->kill_after);
}

static void ignores_signal(struct process *p)
{
	say(SAY_WARNING, "service %s: process %d did not end %lld ms after SIG%s and is killed", name_of(p),
		(int)p->pid, (long long)p->service->definition->settings.kill_after,
		sigabbrev_np(p->last_signal));
	process_signal(p, SIGKILL);
	ladder_climb(p, STEP_KILL, UNKILLABLE_MS);
}

static void survives_kill(struct process *p)
{
	say(SAY_WARNING, "service %s: process %d was killed but the kernel does not let it go yet",
		name_of(p), (int)p->pid);
	ladder_climb(p, STEP_KILL, UNKILLABLE_MS);
}

static void nothing(struct process *p)
{
	(void)p;
}

static void (*const ladder[])(struct process *p) = {
	[STEP_NONE] = nothing,
	[STEP_START] = is_not_ready,
	[STEP_RELOAD] = did_not_reload,
	[STEP_LEAVE] = did_not_leave,
	[STEP_FINISH] = not_finished,
	[STEP_SIGNAL] = ignores_signal,
	[STEP_KILL] = survives_kill,
};

void ladder_on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct process *p = arg;

	(void)fd;
	(void)what;
	ladder[p->step](p);
}

void process_ask(struct process *p)
{
	if (!p->contract->reports) {
		int64_t finish = p->service->definition->settings.stop_timeout;
		process_retire(p, finish == TEXT_UNLIMITED ? 0 : clock_ms() + (uint64_t)finish);
		return;
	}
	p->asked = true;
	pool_asked(&p->service->pool, &p->pool, clock_ms());
	process_signal(p, SIGINT);
	ladder_climb(p, STEP_LEAVE, LEAVE_MS);
	report_process(p);
}

/* A login process that has had its last client takes no other, whether it is told or not; told to go, one
 * that waits for auth would send that client away. At the daemon's stop it is told all the same. */
static bool is_let_be(const struct process *p)
{
	const struct service *s = p->service;

	return s->kind->full != NULL && s->master->life == MASTER_RUNNING && s->pool.service_count > 0 &&
	       p->pool.accepted >= s->pool.service_count;
}

static bool goes_alone(struct process *p)
{
	const struct kind *kind = p->service->kind;

	return kind->leave != NULL && kind->leave(p);
}

void process_retire(struct process *p, uint64_t deadline)
{
	uint64_t now = clock_ms();
	int64_t left;

	if (p->step >= STEP_SIGNAL)
		return;
	if (p->service->kind->by_signal)
		deadline = goes_alone(p) ? now + LEAVE_MS : now;
	left = deadline == 0 ? TEXT_UNLIMITED : deadline > now ? (int64_t)(deadline - now) : 0;
	if (!is_let_be(p))
		fd_close(&p->dead_fd);
	p->asked = true;
	if (p->step == STEP_FINISH && (deadline == 0 || (p->finish_by != 0 && deadline >= p->finish_by)))
		return; /* the earlier deadline stands */
	p->finish_by = deadline;
	if (p->pool.state != POOL_DRAINING && !p->contract->knows_clients)
		process_signal(p, ladder_signal(p->service->definition->settings.stop_signal));
	pool_drain(&p->service->pool, &p->pool, now);
	ladder_climb(p, STEP_FINISH, left);
	report_process(p);
	service_touch(p->service);
}

void process_fail(struct process *p, int sig, const char *why)
{
	const struct spec_service_settings *s = &p->service->definition->settings;

	if (p->step >= STEP_SIGNAL)
		return; /* it is on its way */
	say(SAY_ERROR, "service %s: process %d %s; it is replaced", name_of(p), (int)p->pid, why);
	p->last_signal = sig != 0 ? sig : ladder_signal(s->stop_signal);
	process_signal(p, p->last_signal);
	ladder_climb(p, STEP_SIGNAL, s->kill_after);
}

void process_kill(struct process *p)
{
	p->asked = true;
	process_signal(p, SIGKILL);
	ladder_climb(p, STEP_KILL, UNKILLABLE_MS);
}
