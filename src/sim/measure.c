/* measure: what there is to see of a world. */
#include "sim/world.h"

#include <math.h>
#include <stdlib.h>

struct sim_sums sim_sums(const struct sim *sim, uint32_t service)
{
	return sim->services[service].sums;
}

static uint32_t floor_of(const struct service *s)
{
	uint32_t taken = pool_live(&s->pool) - s->pool.available;
	uint32_t spare = s->standing.spare > 0 ? taken + s->standing.spare : 0;

	return s->standing.at_least > spare ? s->standing.at_least : spare;
}

struct sim_second sim_second(struct sim *sim, uint32_t service)
{
	struct service *s = &sim->services[service];
	const struct list *in = s->pool.in;
	struct sim_second now = {
		.live = pool_live(&s->pool),
		.busy = in[POOL_BUSY].count,
		.idle = in[POOL_IDLE].count,
		.starting = in[POOL_STARTING].count,
		.draining = in[POOL_DRAINING].count,
		.available = s->pool.available,
		.floor = floor_of(s),
		.waiting = s->queue.count,
		.most_waiting = s->most_waiting > s->queue.count ? s->most_waiting : s->queue.count,
		.dropped = s->sums.dropped - s->looked.dropped,
		.starts = s->sums.starts - s->looked.starts,
		.arrived = s->sums.arrived - s->looked.arrived,
	};

	s->most_waiting = s->queue.count;
	s->looked.dropped = s->sums.dropped;
	s->looked.starts = s->sums.starts;
	s->looked.arrived = s->sums.arrived;
	return now;
}

static int by_size(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

double sim_wait(struct sim *sim, uint32_t service, double q)
{
	struct service *s = &sim->services[service];
	size_t rank;

	if (s->waits_n == 0)
		return 0;
	if (!s->waits_sorted)
		qsort(s->waits, s->waits_n, sizeof *s->waits, by_size);
	s->waits_sorted = true;
	rank = (size_t)ceil(q * (double)s->waits_n);
	return (double)s->waits[rank > 0 ? (rank <= s->waits_n ? rank - 1 : s->waits_n - 1) : 0];
}

double sim_memory(const struct sim *sim)
{
	return sim->memory;
}

double sim_memory_over(const struct sim *sim)
{
	return sim->memory_over;
}

double sim_memory_most(const struct sim *sim)
{
	return sim->memory_most;
}

double sim_memory_seconds(const struct sim *sim)
{
	return sim->memory_seconds;
}

bool sim_process_memory(const struct sim *sim, uint32_t service, size_t i, uint64_t *id, double *bytes)
{
	const struct service *s = &sim->services[service];

	if (i >= s->processes_n)
		return false;
	*id = s->processes[i]->id;
	*bytes = s->processes[i]->memory;
	return true;
}
