/* clients: they come, wait, are served, give up or come again. */
#include "base/mem.h"
#include "sim/chance.h"
#include "sim/world.h"

static struct client *new_client(struct sim *sim)
{
	struct link *first = list_first(&sim->clients_free);
	struct client *c;

	if (first == NULL)
		return mem_new(1, sizeof *c);
	list_remove(&sim->clients_free, first);
	return LIST_OF(first, struct client, link);
}

static void free_client(struct client *c)
{
	c->serial++; /* what was planned for him is not for the next one here */
	list_add(&c->service->sim->clients_free, &c->link);
}

/* A place in `waits` for one more. */
static void remember_wait(struct service *s, double seconds)
{
	if (s->waits_n == s->waits_room) {
		s->waits_room = s->waits_room > 0 ? 2 * s->waits_room : 1024;
		s->waits = mem_grow(s->waits, s->waits_room, sizeof *s->waits);
	}
	s->waits[s->waits_n++] = (float)seconds;
	s->waits_sorted = false;
}

/* Counted from his first attempt: a client who was dropped and came again has waited since. */
static void measure(struct service *s, struct client *c)
{
	int64_t waited = s->sim->now - c->came, second = s->sim->now / 1000000;

	s->sums.taken++;
	if (c->hostile)
		return;
	remember_wait(s, (double)waited * 1e-6);
	c->in_time = waited <= (int64_t)s->limits.target_ms * 1000;
	if (c->in_time)
		s->sums.in_time++;
	else if (s->bad_second != second) {
		s->bad_second = second;
		s->sums.bad_seconds++;
	}
}

static void serve(struct process *p, struct client *c)
{
	struct service *s = p->service;
	struct sim *sim = s->sim;

	measure(s, c);
	c->state = CLIENT_SERVED;
	c->process = p;
	list_add(&p->serving, &c->link);
	p->taken++;
	s->sums.in_service++;
	if (c->dies ||
		(s->model.crash > 0 && chance_of(sim->seed, CHANCE_CRASH, c->number) < s->model.crash)) {
		double share = chance_of(sim->seed, CHANCE_CRASH_TIME, c->number);
		sim_plan(sim, (int64_t)((double)c->stay * share), HAPPENS_DIES, c->serial, c);
	} else {
		sim_plan(sim, c->stay, HAPPENS_FINISHED, c->serial, c);
	}
	process_status(p);
}

/* The idle process with the lowest id, else the one with the fewest clients that has room. */
static struct process *find_place(const struct service *s)
{
	struct process *best = NULL;

	if (s->pool.in[POOL_IDLE].count == 0 &&
		(s->limits.client_limit == 1 || s->pool.in[POOL_BUSY].count == 0))
		return NULL;
	for (size_t i = 0; i < s->processes_n; i++) {
		struct process *p = s->processes[i];
		if (!p->ready || p->pool.state > POOL_BUSY || process_room(p) == 0)
			continue;
		if (p->serving.count == 0)
			return p;
		if (best == NULL || p->serving.count < best->serving.count)
			best = p;
	}
	return best;
}

static void stop_waiting(struct client *c)
{
	list_remove(&c->service->queue, &c->link);
	c->service->sums.waiting--;
	c->service->stirred = true;
}

void clients_take_places(struct service *s)
{
	struct process *p;

	while (s->queue.count > 0 && (p = find_place(s)) != NULL) {
		struct client *c = LIST_OF(list_first(&s->queue), struct client, link);
		stop_waiting(c);
		serve(p, c);
	}
}

/* He found the queue full, or was closed: he comes again, or he is lost to us. */
static void drop(struct client *c)
{
	struct service *s = c->service;
	struct sim *sim = s->sim;
	double delay = s->model.retry_delay;

	s->sums.dropped++;
	news_mark_service(s);
	if (c->tries >= s->model.retries) {
		s->sums.refused++;
		free_client(c);
		return;
	}
	c->tries++;
	c->state = CLIENT_AWAY;
	s->sums.away++;
	delay *= 0.5 + chance_of(sim->seed, CHANCE_RETRY, c->number * 64 + c->tries);
	sim_plan(sim, us_of(delay), HAPPENS_RETURNS, c->serial, c);
}

static void try_to_get_in(struct client *c)
{
	struct service *s = c->service;
	struct process *p = s->queue.count == 0 ? find_place(s) : NULL;

	s->stirred = true;
	if (p != NULL) {
		serve(p, c);
		return;
	}
	if (s->queue.count >= s->model.backlog) {
		drop(c);
		return;
	}
	c->state = CLIENT_WAITING;
	list_add(&s->queue, &c->link);
	s->sums.waiting++;
	if (s->queue.count > s->most_waiting)
		s->most_waiting = s->queue.count;
	if (c->patience != SIM_NEVER)
		sim_plan(s->sim, c->patience, HAPPENS_GIVES_UP, c->serial, c);
}

void clients_arrive(struct sim *sim, const struct sim_arrival *a)
{
	struct service *s = &sim->services[a->service];
	struct client *c = new_client(sim);

	c->service = s;
	c->process = NULL;
	c->number = ++sim->last_client;
	c->came = sim->now;
	c->stay = a->stay;
	c->patience = a->patience;
	c->leak = a->leak < 0 ? s->model.leak : a->leak;
	c->dies = a->dies;
	c->hostile = a->hostile;
	c->in_time = false;
	c->tries = 0;
	s->sums.arrived++;
	if (c->hostile)
		s->sums.hostile++;
	try_to_get_in(c);
}

void clients_drop_waiting(struct service *s)
{
	while (s->queue.count > 0) {
		struct client *c = LIST_OF(list_first(&s->queue), struct client, link);
		stop_waiting(c);
		c->serial++; /* he does not give up any more */
		drop(c);
	}
}

/* No longer in his process, which is told by the caller. */
static void stop_service(struct client *c)
{
	list_remove(&c->process->serving, &c->link);
	c->service->sums.in_service--;
	c->process = NULL;
}

uint32_t clients_lost(struct process *p, bool ours)
{
	uint32_t n = p->serving.count;

	while (p->serving.count > 0) {
		struct client *c = LIST_OF(list_first(&p->serving), struct client, link);
		struct sim_sums *sums = &c->service->sums;
		stop_service(c);
		if (c->in_time)
			sums->in_time--;
		if (ours)
			sums->lost_ours++;
		else
			sums->lost_crash++;
		free_client(c);
	}
	return n;
}

void client_finished(struct client *c)
{
	struct process *p = c->process;

	stop_service(c);
	c->service->sums.served++;
	p->memory += c->leak;
	c->service->sim->memory += c->leak;
	free_client(c);
	process_status(p);
	process_leaves_if_done(p);
}

void client_gives_up(struct client *c)
{
	if (c->state != CLIENT_WAITING)
		return;
	stop_waiting(c);
	c->service->sums.left++;
	free_client(c);
}

void client_returns(struct client *c)
{
	c->service->sums.away--;
	try_to_get_in(c);
}
