/* sim: the run of time. */
#include "sim/sim.h"

#include "base/mem.h"
#include "sim/world.h"

#include <assert.h>
#include <stdlib.h>

void sim_plan(struct sim *sim, int64_t delay, enum happening kind, uint32_t serial, void *who)
{
	struct planned item = {.kind = kind, .serial = serial, .who = who};

	if (delay >= SIM_NEVER - sim->now)
		return;
	item.at = sim->now + delay;
	heap_push(&sim->heap, item);
}

static void booted(void *who)
{
	process_booted(who);
}

static void boot_failed(void *who)
{
	process_gone(who, (struct process_end){.in_startup = true});
}

static void leaves(void *who)
{
	const struct process *p = who;
	bool used_up = p->service->limits.service_count > 0 && p->taken >= p->service->limits.service_count;

	process_gone(who, (struct process_end){.ok = true, .asked = !used_up});
}

static void deadline(void *who)
{
	process_gone(who, (struct process_end){.asked = true, .signal = 15});
}

static void finished(void *who)
{
	client_finished(who);
}

static void dies(void *who)
{
	process_gone(((struct client *)who)->process, (struct process_end){.signal = 11});
}

static void gives_up(void *who)
{
	client_gives_up(who);
}

static void returns(void *who)
{
	client_returns(who);
}

static void step(void *who)
{
	((struct service *)who)->stirred = true;
}

/* What a planned thing is about, for its serial. */
enum subject { OF_PROCESS, OF_CLIENT, OF_SERVICE };

static const struct {
	enum subject subject;
	void (*happen)(void *who);
} happenings[HAPPENINGS] = {
	[HAPPENS_BOOTED] = {OF_PROCESS, booted},
	[HAPPENS_BOOT_FAILED] = {OF_PROCESS, boot_failed},
	[HAPPENS_LEAVES] = {OF_PROCESS, leaves},
	[HAPPENS_DEADLINE] = {OF_PROCESS, deadline},
	[HAPPENS_FINISHED] = {OF_CLIENT, finished},
	[HAPPENS_DIES] = {OF_CLIENT, dies},
	[HAPPENS_GIVES_UP] = {OF_CLIENT, gives_up},
	[HAPPENS_RETURNS] = {OF_CLIENT, returns},
	[HAPPENS_STEP] = {OF_SERVICE, step},
};

static bool is_stale(const struct planned *item)
{
	switch (happenings[item->kind].subject) {
	case OF_PROCESS:
		return ((const struct process *)item->who)->serial != item->serial;
	case OF_CLIENT:
		return ((const struct client *)item->who)->serial != item->serial;
	default:
		return false;
	}
}

static void advance(struct sim *sim, int64_t to)
{
	double seconds = (double)(to - sim->now) * 1e-6;

	if (seconds <= 0)
		return;
	for (size_t i = 0; i < sim->services_n; i++)
		sim->services[i].sums.process_seconds += seconds * (double)sim->services[i].processes_n;
	sim->memory_seconds += seconds * sim->memory;
	if (sim->memory > sim->memory_total)
		sim->memory_over += seconds;
	sim->now = to;
}

static void let_happen(struct sim *sim)
{
	struct planned item = heap_pop(&sim->heap);

	if (is_stale(&item))
		return;
	advance(sim, item.at);
	happenings[item.kind].happen(item.who);
}

static void let_come(struct sim *sim)
{
	struct sim_arrival a = sim->to_come[sim->to_come_first];

	sim->to_come_first = (sim->to_come_first + 1) % sim->to_come_room;
	sim->to_come_n--;
	advance(sim, a.at);
	clients_arrive(sim, &a);
}

/* Everybody who has news steps; the memory of all is at its most after that, or before. */
static void settle(struct sim *sim)
{
	for (size_t i = 0; i < sim->services_n; i++)
		if (sim->services[i].stirred)
			service_step(&sim->services[i]);
	if (sim->memory > sim->memory_most)
		sim->memory_most = sim->memory;
}

enum sim_why sim_run(struct sim *sim, int64_t until)
{
	assert(until >= sim->now);
	for (;;) {
		int64_t planned, coming, due, next;
		settle(sim);
		planned = sim->heap.n > 0 ? sim->heap.items[0].at : SIM_NEVER;
		coming = sim->to_come_n > 0 ? sim->to_come[sim->to_come_first].at : SIM_NEVER;
		next = planned <= coming ? planned : coming;
		due = news_due(sim);
		if (due <= until && due < next) {
			advance(sim, due);
			return SIM_NEWS;
		}
		if (next > until) {
			advance(sim, until);
			return SIM_UNTIL;
		}
		if (planned <= coming)
			let_happen(sim);
		else
			let_come(sim);
	}
}

/* ---- feeding */

static void make_room_to_come(struct sim *sim)
{
	size_t room = sim->to_come_room > 0 ? 2 * sim->to_come_room : 256;
	struct sim_arrival *ring = mem_new(room, sizeof *ring);

	for (size_t i = 0; i < sim->to_come_n; i++)
		ring[i] = sim->to_come[(sim->to_come_first + i) % sim->to_come_room];
	mem_free(&sim->to_come);
	sim->to_come = ring;
	sim->to_come_first = 0;
	sim->to_come_room = room;
}

void sim_client(struct sim *sim, const struct sim_arrival *a)
{
	assert(a->service < sim->services_n && a->at >= sim->now);
	if (sim->to_come_n == sim->to_come_room)
		make_room_to_come(sim);
	sim->to_come[(sim->to_come_first + sim->to_come_n) % sim->to_come_room] = *a;
	sim->to_come_n++;
}

size_t sim_to_come(const struct sim *sim)
{
	return sim->to_come_n;
}

int64_t sim_now(const struct sim *sim)
{
	return sim->now;
}

/* ---- orders */

void sim_standing(struct sim *sim, uint32_t service, const struct standing *order)
{
	struct service *s = &sim->services[service];

	s->standing = *order;
	standing_clip(&s->standing, ms_of(sim));
	s->stirred = true;
}

void sim_stop(struct sim *sim, uint32_t service, bool stopped)
{
	sim->services[service].pool.stopped = stopped;
	sim->services[service].stirred = true;
	news_mark_service(&sim->services[service]);
}

void sim_reset(struct sim *sim, uint32_t service)
{
	pool_reset(&sim->services[service].pool);
	sim->services[service].stirred = true;
	news_mark_service(&sim->services[service]);
}

void sim_renew(struct sim *sim, uint32_t service)
{
	sim->services[service].generation++;
	news_mark_service(&sim->services[service]);
}

/* ---- making and ending */

void sim_limits(struct sim *sim, uint32_t service, const struct sim_limits *limits)
{
	struct service *s = &sim->services[service];

	s->limits = *limits;
	s->pool.process_limit = limits->process_limit;
	s->pool.client_limit = limits->client_limit;
	s->pool.service_count = limits->service_count;
}

void sim_model_set(struct sim *sim, uint32_t service, const struct sim_model *model)
{
	sim->services[service].model = *model;
}

void sim_memory_total(struct sim *sim, double bytes)
{
	sim->memory_total = bytes;
}

struct sim *sim_new(uint64_t seed, size_t services)
{
	struct sim *sim = mem_new(1, sizeof *sim);

	sim->seed = seed;
	sim->due = SIM_NEVER;
	sim->services = mem_new(services, sizeof *sim->services);
	sim->services_n = services;
	list_init(&sim->marked);
	list_init(&sim->clients_free);
	list_init(&sim->processes_free);
	for (size_t i = 0; i < services; i++) {
		struct service *s = &sim->services[i];
		s->sim = sim;
		s->number = (uint32_t)i;
		s->generation = 1;
		s->bad_second = -1;
		pool_init(&s->pool);
		standing_init(&s->standing);
		list_init(&s->queue);
	}
	return sim;
}

static void free_clients(struct list *list)
{
	struct client *c;

	LIST_EACH (c, list, struct client, link) {
		list_remove(list, &c->link);
		mem_free(&c);
	}
}

static void free_service(struct service *s)
{
	free_clients(&s->queue);
	for (size_t i = 0; i < s->processes_n; i++) {
		free_clients(&s->processes[i]->serving);
		mem_free(&s->processes[i]);
	}
	mem_free(&s->processes);
	mem_free(&s->waits);
}

/* Those who are away are on no list: only what is planned for them knows them. */
static void free_away(struct sim *sim)
{
	for (size_t i = 0; i < sim->heap.n; i++) {
		struct planned *item = &sim->heap.items[i];
		if (item->kind == HAPPENS_RETURNS && !is_stale(item))
			mem_free(&item->who);
	}
}

void sim_free(struct sim **where)
{
	struct sim *sim = *where;
	struct process *p;

	if (sim == NULL)
		return;
	*where = NULL;
	free_away(sim);
	for (size_t i = 0; i < sim->services_n; i++)
		free_service(&sim->services[i]);
	free_clients(&sim->clients_free);
	LIST_EACH (p, &sim->processes_free, struct process, free) {
		list_remove(&sim->processes_free, &p->free);
		mem_free(&p);
	}
	heap_free(&sim->heap);
	mem_free(&sim->services);
	mem_free(&sim->to_come);
	mem_free(&sim->events);
	mem_free(&sim);
}
