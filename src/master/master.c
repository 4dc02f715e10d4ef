/* master: the loop, the signals, the turn. */
#include "master/master.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/say.h"
#include "master/base_dir.h"
#include "master/control.h"
#include "master/engine.h"
#include "master/log_handshake.h"
#include "master/log_process.h"
#include "master/orphans.h"
#include "master/process.h"
#include "master/reload.h"
#include "master/report.h"
#include "master/resume.h"
#include "master/stopping.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define HANGUP_MS     1000 /* between two reloads by SIGHUP */
#define LAST_WORDS_MS 300  /* that the engine has to answer `reeve stop` */

void master_abort(struct master *m, int exit_code)
{
	if (m->is_over)
		return; /* the first reason counts: an engine that has failed also closes its socket */
	m->is_over = true;
	m->exit_code = exit_code;
	(void)event_base_loopbreak(m->loop);
}

static void on_stop_signal(evutil_socket_t sig, short what, void *arg)
{
	(void)what;
	say(SAY_INFO, "got %s", strsignal(sig));
	master_stop(arg, false);
}

/* ---- other signals and the second */

/* A storm of SIGHUP is one reload a second, and the last one is never lost: it may be about a file that was
 * written after the reload under way has read it. */
static void on_hangup(evutil_socket_t sig, short what, void *arg)
{
	struct master *m = arg;
	uint64_t now = clock_ms(), from = m->reload_began + HANGUP_MS;
	uint64_t wait = m->reload_began == 0 || from <= now ? 0 : from - now;
	struct timeval tv = {(time_t)(wait / 1000), (suseconds_t)(wait % 1000 * 1000)};

	(void)sig;
	(void)what;
	if (!event_pending(&m->hangup_timer, EV_TIMEOUT, NULL))
		(void)event_add(&m->hangup_timer, &tv);
}

static void on_hangup_timer(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval soon = {0, 100000};
	struct master *m = arg;
	struct err e;

	(void)fd;
	(void)what;
	if (m->life == MASTER_BOOTING || m->next != NULL || upgrade_is_under_way(m))
		(void)event_add(&m->hangup_timer, &soon);
	else if (m->life == MASTER_RUNNING && reload_begin(m, 0, false, &e) < 0)
		say(SAY_ERROR, "SIGHUP: %s", e.text);
}

static void on_reopen(evutil_socket_t sig, short what, void *arg)
{
	(void)sig;
	(void)what;
	if (!log_process_reopen(arg))
		say(SAY_INFO, "SIGUSR1: there is no log process that could open its files again");
}

static void on_upgrade(evutil_socket_t sig, short what, void *arg)
{
	struct err e;

	(void)sig;
	(void)what;
	if (upgrade_begin(arg, 0, "", &e) < 0)
		say(SAY_ERROR, "SIGUSR2: %s", e.text);
}

static void on_second(evutil_socket_t fd, short what, void *arg)
{
	struct master *m = arg;

	(void)fd;
	(void)what;
	orphans_look(m);
	if (m->life == MASTER_RUNNING)
		engine_watch(m);
	stopping_second(m);
	log_handshake_second(m);
}

static void on_engine_timer(evutil_socket_t fd, short what, void *arg)
{
	struct master *m = arg;
	struct err e;

	(void)fd;
	(void)what;
	if (m->life != MASTER_RUNNING || m->engine != NULL)
		return;
	if (engine_start(m, false, &m->engine, &e) == 0)
		return;
	say(SAY_ERROR, "%s", e.text);
	engine_replace(m);
}

/* ---- the turn: after the events of one wake-up, every service they touched is stepped once */

static void forget_removed(struct master *m)
{
	struct service *s;

	LIST_EACH (s, &m->services, struct service, link)
		if (s->number == 0 && s->processes.count == 0)
			service_free(&s);
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct master *m = arg;
	struct link *first;

	(void)fd;
	(void)what;
	for (uint32_t n = m->touched.count; n > 0 && (first = list_first(&m->touched)) != NULL; n--) {
		struct service *s = LIST_OF(first, struct service, touched);
		list_remove(&m->touched, first);
		service_step(s);
	}
	sequence_turn(m);
	forget_removed(m);
	report_turn(m);
	manager_turn(m);
	stopping_turn(m);
}

/* ---- start and end */

void master_prepare(struct master *m)
{
	m->loop = event_base_new();
	if (m->loop == NULL)
		die(EX_OSERR, "no event loop: %s", strerror(errno));
	list_init(&m->services);
	list_init(&m->touched);
	list_init(&m->free_processes);
	spec_defaults(SPEC_global, &m->settings);
	m->bundle = m->control.fd = m->lock = -1;
	m->report = report_new(m);
	logpipe_init(m);
	anvil_init(m);
	doveadm_init(&m->doveadm);
	upgrade_init(m);
}

static void prepare_timers(struct master *m)
{
	static const struct timeval second = {1, 0};

	(void)event_assign(&m->turn, m->loop, -1, 0, on_turn, m);
	(void)event_assign(&m->second, m->loop, -1, EV_PERSIST, on_second, m);
	(void)event_add(&m->second, &second);
	(void)evtimer_assign(&m->engine_timer, m->loop, on_engine_timer, m);
	(void)evtimer_assign(&m->hangup_timer, m->loop, on_hangup_timer, m);
}

static void prepare_signals(struct master *m)
{
	const struct {
		struct event *event;
		int signal;
		event_callback_fn call;
	} signals[] = {{&m->sigterm, SIGTERM, on_stop_signal}, {&m->sigint, SIGINT, on_stop_signal},
		{&m->sighup, SIGHUP, on_hangup}, {&m->sigusr1, SIGUSR1, on_reopen},
		{&m->sigusr2, SIGUSR2, on_upgrade}};

	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
		(void)evsignal_assign(signals[i].event, m->loop, signals[i].signal, signals[i].call, m);
		(void)evsignal_add(signals[i].event, NULL);
	}
}

static void end_engine(struct master *m)
{
	struct pollfd gone = {.events = POLLIN};

	if (m->engine != NULL && m->engine->phase == WIRE_RUNNING) {
		gone.fd = m->engine->pidfd;
		(void)engine_send(m->engine, WIRE_stopping, &(struct wire_stopping){0, ""});
		(void)engine_send(m->engine, WIRE_retired, &(struct wire_retired){m->generation});
		(void)poll(&gone, 1, LAST_WORDS_MS);
	}
	report_engine_gone(m);
	engine_end(&m->engine);
	engine_end(&m->next);
	engine_end(&m->retiring);
}

static void clear(struct master *m)
{
	struct service *s;

	log_process_end(m);
	anvil_end(m);
	LIST_EACH (s, &m->services, struct service, link)
		if (s->processes.count == 0) /* those that outlive us stay as they are */
			service_free(&s);
	if (m->base_dir != NULL) {
		control_close(m);
		doveadm_close(&m->doveadm, m->base_dir);
		base_dir_unlock(m->base_dir, &m->lock);
	}
	mem_free(&m->base_dir);
	report_free(&m->report);
	spec_free(SPEC_global, &m->settings);
	fd_close(&m->bundle);
	fd_close(&m->diag);
	mem_free(&m->by_number);
	mem_free(&m->by_id);
	remote_free(&m->remote);
	manager_end(&m->manager);
}

/* In the place of a master before this one, or from the begin. */
static void begin(struct master *m)
{
	static const struct timeval now = {0, 0};
	sigset_t none;
	struct err e;

	if (m->handed >= 0 && resume_begin(m, m->handed, &e) < 0)
		die(EX_SOFTWARE, "what the reeved before this one handed over is of no use: %s", e.text);
	orphans_init(m);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL); /* those that came meanwhile are heard now */
	if (m->handed >= 0)
		resume_end(m);
	if (m->upgrade.is_hangup)
		(void)event_add(&m->hangup_timer, &now);
	if (engine_start(m, false, &m->engine, &e) == 0)
		return;
	if (m->handed < 0)
		die(EX_OSERR, "%s", e.text);
	say(SAY_ERROR, "%s", e.text);
	engine_replace(m);
}

int master_run(struct master *m)
{
	master_prepare(m);
	remote_load(&m->remote);
	m->diag = listener_diag_open();
	prepare_timers(m);
	prepare_signals(m);
	begin(m);
	do {
		(void)event_base_dispatch(m->loop);
	} while (upgrade_take_over(m));
	end_engine(m);
	if (m->life == MASTER_STOPPING)
		say(SAY_INFO, "stopped");
	clear(m);
	event_base_free(m->loop);
	return m->exit_code;
}
