/* stopping: rank by rank, in the order of after and requires; killed when it is told again. */
#include "master/stopping.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/say.h"
#include "master/engine.h"
#include "master/ladder.h"
#include "master/process.h"

#include <sysexits.h>

static void print_remaining(const struct master *m, struct buf *text)
{
	struct service *s;

	LIST_EACH (s, &m->services, struct service, link)
		if (s->processes.count > 0)
			buf_print(text, "%s%s %u", text->used > 0 ? ", " : "", s->definition->name,
				s->processes.count);
}

/* The engine is told at every change, the log each second. */
static void say_remaining(struct master *m)
{
	struct buf text = {0};

	if (m->alive == m->stop_told)
		return;
	m->stop_told = m->alive;
	print_remaining(m, &text);
	if (m->engine != NULL && m->engine->phase == WIRE_RUNNING)
		(void)engine_send(
			m->engine, WIRE_stopping, &(struct wire_stopping){m->alive, buf_text(&text)});
	buf_free(&text);
}

static void log_remaining(struct master *m)
{
	struct buf text = {0};

	m->stop_logged = m->alive;
	print_remaining(m, &text);
	say(SAY_INFO, "still there: %s", buf_text(&text));
	buf_free(&text);
}

static void kill_all(struct master *m)
{
	struct service *s;
	struct process *p;

	LIST_EACH (s, &m->services, struct service, link)
		LIST_EACH (p, &s->processes, struct process, link)
			if (s->kind->rank == 0)
				process_kill(p);
}

/* The lowest rank that has processes: those end before the next rank is told to. */
static uint32_t lowest_rank(const struct master *m)
{
	uint32_t least = UINT32_MAX;
	struct service *s;

	LIST_EACH (s, &m->services, struct service, link)
		if (s->processes.count > 0 && s->kind->rank < least)
			least = s->kind->rank;
	return least;
}

/* stop_timeout of the daemon bounds that of its services. */
static void end_service(struct service *s)
{
	struct process *p;

	s->ending = true;
	service_end(s);
	if (s->kind->rank == 0 && s->master->stop_deadline != 0)
		LIST_EACH (p, &s->processes, struct process, link)
			process_retire(p, s->master->stop_deadline);
}

/* Ends the services of that rank and below, those first that are after others. `at_once`: whoever needs whom.
 */
static void end_rank(struct master *m, uint32_t rank, bool at_once)
{
	struct service *s;

	LIST_EACH (s, &m->services, struct service, link) {
		if (s->kind->rank > rank || (s->number == 0 && s->kind->rank == 0) || s->ending)
			continue;
		if (at_once || !m->settings.shutdown_clients || !sequence_is_needed(s))
			end_service(s);
	}
}

/* With shutdown_clients = false those that serve clients outlive the daemon: their dead pipe has ended, so
 * they take no more and leave when the last has gone. */
static bool may_leave(const struct master *m)
{
	const struct service *s;
	const struct process *p;

	if (m->alive == 0 || m->settings.shutdown_clients || lowest_rank(m) != 0)
		return m->alive == 0;
	LIST_EACH (s, &m->services, struct service, link)
		LIST_EACH (p, &s->processes, struct process, link)
			if (p->pool.clients == 0 && s->kind->rank == 0) /* log and anvil stay with them */
				return false;
	say(SAY_INFO, "%u processes finish their clients without the daemon (shutdown_clients)", m->alive);
	return true;
}

/* Also of what a reload has left behind, which drains already. */
static void bound_drain(struct master *m)
{
	struct service *s;
	struct process *p;

	if (m->settings.stop_timeout == TEXT_UNLIMITED || !m->settings.shutdown_clients)
		return;
	m->stop_deadline = clock_ms() + (uint64_t)m->settings.stop_timeout;
	LIST_EACH (s, &m->services, struct service, link)
		LIST_EACH (p, &s->processes, struct process, link)
			if (s->number == 0 && s->kind->rank == 0)
				process_retire(p, m->stop_deadline);
}

void master_stop(struct master *m, bool now)
{
	if (m->life == MASTER_BOOTING) {
		say(SAY_INFO, "told to stop before anything ran");
		master_abort(m, EX_OK);
		return;
	}
	if (m->life == MASTER_STOPPING || now) {
		if (m->life == MASTER_STOPPING)
			say(SAY_WARNING, "told to stop again: killing %u processes", m->alive);
		now = true;
	}
	if (m->life == MASTER_RUNNING) {
		say(SAY_INFO, "stopping; %u processes may finish their clients", m->alive);
		m->life = MASTER_STOPPING;
		manager_stopping(m);
		m->stop_told = UINT32_MAX;
		engine_end(&m->next);
		bound_drain(m);
		end_rank(m, 0, now);
	}
	if (now) {
		end_rank(m, 0, true);
		kill_all(m);
	}
	event_active(&m->turn, EV_TIMEOUT, 1);
}

void stopping_turn(struct master *m)
{
	if (m->life != MASTER_STOPPING)
		return;
	say_remaining(m);
	end_rank(m, lowest_rank(m), false);
	if (may_leave(m))
		(void)event_base_loopbreak(m->loop);
}

void stopping_second(struct master *m)
{
	if (m->life == MASTER_STOPPING && m->alive != m->stop_logged)
		log_remaining(m);
}
