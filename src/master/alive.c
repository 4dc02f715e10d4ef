/* alive: timers of one process. Nothing fails. */
#include "master/alive.h"

#include "base/text.h"
#include "master/ladder.h"
#include "master/process.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>

#define MISSED_MOST 3

static void after(struct event *timer, int64_t ms)
{
	struct timeval tv = {ms / 1000, ms % 1000 * 1000};

	(void)event_add(timer, &tv);
}

/* ---- the place */

static bool is_asked(const struct service *s)
{
	return s->alive.len > 0 && s->definition->settings.alive_every != TEXT_UNLIMITED;
}

static void on_answer(void *arg, bool answers)
{
	struct process *p = arg;
	const struct spec_service_settings *set = &p->service->definition->settings;
	char why[256];

	p->alive.missed = answers ? 0 : p->alive.missed + 1;
	if (p->alive.missed < MISSED_MOST) {
		after(&p->alive.timer, set->alive_every);
		return;
	}
	(void)snprintf(
		why, sizeof why, "did not answer at %s %d times in a row (alive)", set->alive, MISSED_MOST);
	process_fail(p, 0, why);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct process *p = arg;
	struct service *s = p->service;

	(void)fd;
	(void)what;
	if (is_asked(s)) /* a reload may have changed it */
		probe_begin(&p->alive.probe, s->master->loop, &s->alive, s->definition->settings.alive_every,
			on_answer, p);
}

/* ---- the watchdog */

static void on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	struct process *p = arg;
	char why[128];

	(void)fd;
	(void)what;
	(void)snprintf(why, sizeof why, "sent no WATCHDOG=1 for %lld ms (watchdog)",
		(long long)p->alive.watchdog_ms);
	alive_barked(p, why);
}

void alive_barked(struct process *p, const char *why)
{
	process_fail(p, SIGABRT, why);
}

void alive_fed(struct process *p)
{
	if (p->alive.watchdog_ms > 0 && p->pool.reported)
		after(&p->alive.watchdog, p->alive.watchdog_ms);
}

void alive_set_watchdog(struct process *p, int64_t ms)
{
	p->alive.watchdog_ms = ms;
	if (ms == 0 && event_initialized(&p->alive.watchdog))
		(void)event_del(&p->alive.watchdog);
	alive_fed(p);
}

void alive_begin(struct process *p)
{
	struct service *s = p->service;
	int64_t ms = s->definition->settings.watchdog;

	(void)evtimer_assign(&p->alive.timer, s->master->loop, on_timer, p);
	(void)evtimer_assign(&p->alive.watchdog, s->master->loop, on_watchdog, p);
	if (is_asked(s))
		after(&p->alive.timer, s->definition->settings.alive_every);
	if (p->alive.watchdog_ms == 0 && ms != TEXT_UNLIMITED && p->notice.sock >= 0)
		p->alive.watchdog_ms = ms;
	alive_fed(p);
}

void alive_end(struct process *p)
{
	probe_end(&p->alive.probe);
	if (!event_initialized(&p->alive.timer))
		return;
	(void)event_del(&p->alive.timer);
	(void)event_del(&p->alive.watchdog);
}
