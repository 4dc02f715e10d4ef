/* processes: they start, boot, serve, leave, die; and the steps of their pool, as src/master/service.c makes
 * them. */
#include "base/mem.h"
#include "sim/chance.h"
#include "sim/world.h"

#include <assert.h>
#include <string.h>

#define ROUNDS_MOST 100000 /* steps in one instant */
#define LIMIT_SAY   1000   /* ms; as src/master/limit.c: */
#define LIMIT_GRACE 10000  /* patience at process_limit, then those who wait are dropped */
#define SIGNAL_TERM 15
#define SIGNAL_KILL 9
#define SIGNAL_SEGV 11

uint32_t process_room(const struct process *p)
{
	const struct sim_limits *limits = &p->service->limits;
	uint64_t room = p->pool.limit - p->serving.count;

	if (limits->service_count > 0 && limits->service_count - p->taken < room)
		room = limits->service_count - p->taken;
	return (uint32_t)room;
}

void process_status(struct process *p)
{
	struct service *s = p->service;

	(void)pool_status(&s->pool, &p->pool, process_room(p), ms_of(s->sim));
	news_mark_process(p);
	s->stirred = true;
}

struct process *process_find(struct sim *sim, uint64_t id)
{
	for (size_t k = 0; k < sim->services_n; k++) {
		struct service *s = &sim->services[k];
		size_t low = 0, high = s->processes_n;
		while (low < high) {
			size_t middle = (low + high) / 2;
			if (s->processes[middle]->id < id)
				low = middle + 1;
			else
				high = middle;
		}
		if (low < s->processes_n && s->processes[low]->id == id)
			return s->processes[low];
	}
	return NULL;
}

static struct process *new_process(struct service *s)
{
	struct sim *sim = s->sim;
	struct link *first = list_first(&sim->processes_free);
	struct process *p = LIST_OF(first, struct process, free);
	uint32_t serial = 0;

	if (p == NULL) {
		p = mem_new(1, sizeof *p);
	} else {
		list_remove(&sim->processes_free, first);
		serial = p->serial;
		memset(p, 0, sizeof *p);
	}
	p->serial = serial + 1;
	p->service = s;
	p->id = ++sim->last_process;
	p->generation = s->generation;
	p->born = sim->now;
	list_init(&p->serving);
	return p;
}

static void enlist(struct process *p)
{
	struct service *s = p->service;

	if (s->processes_n == s->processes_room) {
		s->processes_room = s->processes_room > 0 ? 2 * s->processes_room : 64;
		s->processes = mem_grow(s->processes, s->processes_room, sizeof *s->processes);
	}
	s->processes[s->processes_n++] = p;
	if (s->processes_n > s->sums.most_processes)
		s->sums.most_processes = (uint32_t)s->processes_n;
	p->memory = s->model.memory;
	s->sim->memory += p->memory;
}

static void delist(struct process *p)
{
	struct service *s = p->service;
	size_t i = 0;

	while (s->processes[i] != p)
		i++;
	s->processes_n--;
	memmove(&s->processes[i], &s->processes[i + 1], (s->processes_n - i) * sizeof s->processes[0]);
	s->sim->memory -= p->memory;
	if (!p->ready)
		s->sim->booting--;
}

void process_start(struct service *s)
{
	struct sim *sim = s->sim;
	struct process *p = new_process(s);
	const struct sim_model *m = &s->model;
	double spread = 1 + m->boot_spread * (2 * chance_of(sim->seed, CHANCE_BOOT, p->id) - 1);
	double crowd = ++sim->booting > m->cpus ? (double)sim->booting / m->cpus : 1;
	int64_t boot = us_of(m->boot * spread * crowd);

	enlist(p);
	s->sums.starts++;
	pool_started(&s->pool, &p->pool, ms_of(sim));
	news_mark_process(p);
	if (m->start_failure > 0 && chance_of(sim->seed, CHANCE_START_FAILURE, p->id) < m->start_failure)
		sim_plan(sim, boot / 2, HAPPENS_BOOT_FAILED, p->serial, p);
	else
		sim_plan(sim, boot, HAPPENS_BOOTED, p->serial, p);
}

void process_booted(struct process *p)
{
	struct service *s = p->service;

	p->ready = true;
	s->sim->booting--;
	if (s->pool.reports)
		(void)pool_status(&s->pool, &p->pool, process_room(p), ms_of(s->sim));
	else
		pool_up(&s->pool, &p->pool, ms_of(s->sim));
	news_mark_process(p);
	s->stirred = true;
	process_leaves_if_done(p);
}

void process_leaves_if_done(struct process *p)
{
	struct service *s = p->service;
	bool used_up = s->limits.service_count > 0 && p->taken >= s->limits.service_count;

	if (p->serving.count == 0 && (p->pool.state == POOL_DRAINING || used_up))
		sim_plan(s->sim, us_of(s->model.leave), HAPPENS_LEAVES, p->serial, p);
}

static void tell_exit(struct process *p, struct process_end how, uint32_t stage, uint32_t lost)
{
	struct sim_report e = {
		.kind = SIM_EXIT, .service = p->service->number, .now = ms_of(p->service->sim)};

	e.process = p->id;
	e.ok = how.ok;
	e.asked = how.asked;
	e.stage = stage;
	e.code = how.ok || how.signal != 0 ? 0 : 1;
	e.signal = how.signal;
	e.age = (uint64_t)(p->service->sim->now - p->born) / 1000;
	e.served = p->taken - lost;
	e.clients = lost;
	news_event(p->service->sim, &e);
}

static void forget(struct process *p)
{
	p->serial++;
	list_add(&p->service->sim->processes_free, &p->free);
}

void process_gone(struct process *p, struct process_end how)
{
	struct service *s = p->service;
	struct pool_end end = {
		.ok = how.ok, .asked = how.asked, .age = (uint64_t)(s->sim->now - p->born) / 1000};
	uint32_t stage = !p->pool.reported ? 0 : p->pool.state == POOL_DRAINING ? 2 : 1;
	uint32_t lost;

	news_forget(p);
	delist(p);
	(void)pool_gone(&s->pool, &p->pool, &s->standing, &end, ms_of(s->sim));
	lost = clients_lost(p, how.asked);
	tell_exit(p, how, how.in_startup ? 0 : stage, lost);
	s->sums.exits++;
	if (!how.ok && !how.asked) {
		s->sums.crashes++;
		s->sums.start_failures += stage == 0;
	}
	s->stirred = true;
	news_mark_service(s);
	forget(p);
}

/* ---- orders */

void sim_retire(struct sim *sim, uint64_t id, uint64_t deadline_ms)
{
	struct process *p = process_find(sim, id);
	int64_t left;

	if (p == NULL)
		return;
	p->service->sums.retired += p->pool.state != POOL_DRAINING;
	pool_drain(&p->service->pool, &p->pool, ms_of(sim));
	news_mark_process(p);
	p->service->stirred = true;
	process_leaves_if_done(p);
	if (deadline_ms == 0)
		return;
	left = (int64_t)deadline_ms * 1000 - sim->now;
	sim_plan(sim, left > 0 ? left : 0, HAPPENS_DEADLINE, p->serial, p);
}

void sim_kill(struct sim *sim, uint64_t id)
{
	struct process *p = process_find(sim, id);

	if (p == NULL)
		return;
	p->service->sums.killed++;
	process_gone(p, (struct process_end){.asked = true, .signal = SIGNAL_KILL});
}

/* Busy ones first, longest busy first; then the oldest. */
static struct process *to_crash(const struct service *s)
{
	struct link *first = list_first(&s->pool.in[POOL_BUSY]);

	if (first != NULL)
		return LIST_OF(first, struct process, pool.link);
	return s->processes_n > 0 ? s->processes[0] : NULL;
}

void sim_crash(struct sim *sim, uint32_t service, uint32_t n)
{
	struct process *p;

	for (; n > 0 && (p = to_crash(&sim->services[service])) != NULL; n--)
		process_gone(p, (struct process_end){.signal = SIGNAL_SEGV});
}

/* ---- steps */

static bool somebody_can(const struct service *s)
{
	return s->pool.available > s->pool.in[POOL_STARTING].count;
}

static void tell_waiting(struct service *s, enum sim_report_kind kind)
{
	struct sim_report e = {
		.kind = kind, .service = s->number, .now = ms_of(s->sim), .waiting = s->queue.count};

	news_event(s->sim, &e);
}

static void face_demand(struct service *s)
{
	bool waits = s->queue.count > 0 && !somebody_can(s) && !s->pool.stopped;

	if (waits && !s->said_waiting)
		tell_waiting(s, SIM_DEMAND);
	if (waits != s->said_waiting)
		news_mark_service(s);
	s->said_waiting = waits;
	if (waits && s->standing.mode == POOL_SHED)
		clients_drop_waiting(s);
}

static void step_at(struct service *s, uint64_t ms)
{
	int64_t delay = (int64_t)ms * 1000 - s->sim->now;

	if (ms == 0 || s->wake == ms)
		return;
	s->wake = ms;
	sim_plan(s->sim, delay > 0 ? delay : 0, HAPPENS_STEP, 0, s);
}

/* As limit_face and limit_clear of the master. */
static void face_limit(struct service *s, bool at_limit)
{
	uint64_t now = ms_of(s->sim);

	if (!at_limit) {
		if (s->pool.available == 0 && s->dropping)
			return;
		s->limit_since = 0;
		s->dropping = false;
		return;
	}
	if (s->limit_since == 0)
		s->limit_since = now;
	s->dropping = s->dropping || now - s->limit_since >= LIMIT_GRACE;
	if (s->limit_said == 0 || now - s->limit_said >= LIMIT_SAY) {
		s->limit_said = now;
		tell_waiting(s, SIM_LIMIT);
	}
	if (s->dropping)
		clients_drop_waiting(s);
	else
		step_at(s, s->limit_since + LIMIT_GRACE);
}

static void ask_to_go(struct service *s, uint32_t n)
{
	for (; n > 0; n--) {
		struct process *p = LIST_OF(pool_victim(&s->pool), struct process, pool);
		if (p == NULL)
			return; /* as in the master; the pool asks no more than there are idle ones */
		assert(p->serving.count == 0);
		pool_asked(&s->pool, &p->pool, ms_of(s->sim));
		news_mark_process(p);
		sim_plan(s->sim, us_of(s->model.leave), HAPPENS_LEAVES, p->serial, p);
	}
}

/* What the pool may never do, whatever was voted. */
static void check(const struct service *s, const struct pool_actions *a)
{
	(void)s;
	assert(a->start == 0 || a->ask == 0);
	assert(a->start == 0 || pool_live(&s->pool) + a->start <= s->limits.process_limit);
	assert(a->start == 0 || s->standing.hold_until <= ms_of(s->sim));
}

void service_step(struct service *s)
{
	uint64_t now = ms_of(s->sim);

	s->stirred = false;
	clients_take_places(s);
	if (now < s->not_before)
		return;
	for (int round = 0; round < ROUNDS_MOST; round++) {
		struct pool_actions a;
		face_demand(s);
		a = pool_step(&s->pool, &s->standing, s->said_waiting ? s->queue.count : 0, now);
		check(s, &a);
		for (uint32_t i = 0; i < a.start; i++)
			process_start(s);
		ask_to_go(s, a.ask);
		face_limit(s, a.brake == POOL_AT_LIMIT && s->said_waiting && s->queue.count > 0);
		step_at(s, a.wake);
		if (a.brake == POOL_BURST)
			s->not_before = now + 1;
		if ((a.start == 0 && a.ask == 0) || a.brake == POOL_BURST)
			return;
	}
	assert(0 && "the pool never comes to rest");
}
