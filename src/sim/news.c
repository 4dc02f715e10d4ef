/* news: gauges by mark, events by queue, sent at the pace of src/master/report.c. */
#include "base/mem.h"
#include "sim/world.h"

#define PACE  20000 /* us between frames under load; src/master/report.c */
#define BURST 10    /* frames that go at once after a quiet while */

void news_mark_process(struct process *p)
{
	if (!p->is_marked) {
		p->is_marked = true;
		list_add(&p->service->sim->marked, &p->marked);
	}
	news_mark_service(p->service);
}

void news_mark_service(struct service *s)
{
	s->is_marked = true;
	s->sim->any_marked = true;
}

void news_event(struct sim *sim, const struct sim_report *event)
{
	if (sim->events_n == sim->events_room) {
		sim->events_room = sim->events_room > 0 ? 2 * sim->events_room : 64;
		sim->events = mem_grow(sim->events, sim->events_room, sizeof *sim->events);
	}
	sim->events[sim->events_n++] = *event;
}

static void gauge_of_process(const struct process *p, struct sim_report *r)
{
	*r = (struct sim_report){
		.kind = SIM_PROCESS, .service = p->service->number, .now = ms_of(p->service->sim)};
	r->process = p->id;
	r->generation = p->generation;
	r->born = (uint64_t)p->born / 1000;
	r->since = p->pool.since;
	r->state = p->pool.state;
	r->available = p->pool.available;
	r->clients = p->pool.clients;
	r->served = p->pool.accepted;
	r->ready = p->ready;
}

static void gauge_of_service(const struct service *s, struct sim_report *r)
{
	const struct pool *p = &s->pool;

	*r = (struct sim_report){.kind = SIM_POOL, .service = s->number, .now = ms_of(s->sim)};
	r->generation = s->generation;
	r->waiting = s->said_waiting ? s->queue.count : 0;
	r->arrivals = p->arrivals;
	r->served = p->served;
	r->starts = p->starts;
	r->start_failures = p->start_failures;
	r->exits = p->exits;
	r->crashes = p->crashes;
	r->dropped = s->sums.dropped;
	r->throttled_until = p->throttled_until;
	r->stopped = p->stopped;
}

static void unmark(struct process *p)
{
	list_remove(&p->service->sim->marked, &p->marked);
	p->is_marked = false;
}

void news_forget(struct process *p)
{
	struct sim_report last;

	if (!p->is_marked)
		return;
	gauge_of_process(p, &last);
	news_event(p->service->sim, &last);
	unmark(p);
}

int64_t news_due(struct sim *sim)
{
	if (sim->events_n == 0 && !sim->any_marked)
		return SIM_NEVER;
	if (sim->due != SIM_NEVER)
		return sim->due;
	if (sim->paced_at + BURST * PACE < sim->now)
		sim->paced_at = sim->now - BURST * PACE;
	sim->due = sim->paced_at + PACE <= sim->now ? sim->now : sim->now + PACE;
	return sim->due;
}

static bool next_marked_service(struct sim *sim, struct sim_report *report)
{
	for (size_t i = 0; i < sim->services_n; i++)
		if (sim->services[i].is_marked) {
			sim->services[i].is_marked = false;
			gauge_of_service(&sim->services[i], report);
			return true;
		}
	return false;
}

bool sim_report(struct sim *sim, struct sim_report *report)
{
	struct process *p = LIST_OF(list_first(&sim->marked), struct process, marked);

	if (sim->events_first < sim->events_n) {
		*report = sim->events[sim->events_first++];
		return true;
	}
	if (next_marked_service(sim, report))
		return true;
	if (p != NULL) {
		gauge_of_process(p, report);
		unmark(p);
		return true;
	}
	sim->events_first = sim->events_n = 0;
	sim->any_marked = false;
	sim->due = SIM_NEVER;
	sim->paced_at += PACE;
	return false;
}

void sim_report_all(struct sim *sim)
{
	for (size_t i = 0; i < sim->services_n; i++) {
		news_mark_service(&sim->services[i]);
		for (size_t k = 0; k < sim->services[i].processes_n; k++)
			news_mark_process(sim->services[i].processes[k]);
	}
	sim->due = sim->now;
}
