/* pool, the laws: random events against an oracle that keeps plain arrays and counts by looking. */
#include "pool/pool.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

#define SEQUENCES 100000
#define STEPS     24
#define MOST      96

/* the oracle's own view of a process */
struct actor {
	bool here;
	enum pool_state state;
	uint32_t available, accepted;
	uint64_t since;
};

struct world {
	uint64_t random, seed, now;
	struct pool pool;
	struct standing order;
	struct pool_process processes[MOST];
	struct actor actors[MOST];
	uint32_t waiting;
};

#define EXPECT(w, law)                                                                             \
	do {                                                                                       \
		if (!(law))                                                                        \
			fail_msg("sequence %llu breaks: %s", (unsigned long long)(w)->seed, #law); \
	} while (0)

static uint32_t below(struct world *w, uint32_t n)
{
	return test_below(&w->random, n);
}

static uint32_t count(const struct world *w, enum pool_state state)
{
	uint32_t n = 0;

	for (int i = 0; i < MOST; i++)
		n += w->actors[i].here && w->actors[i].state == state;
	return n;
}

static uint32_t live(const struct world *w)
{
	return count(w, POOL_STARTING) + count(w, POOL_IDLE) + count(w, POOL_BUSY) + count(w, POOL_LEAVING);
}

static uint32_t available(const struct world *w)
{
	uint32_t n = 0;

	for (int i = 0; i < MOST; i++)
		n += w->actors[i].here && w->actors[i].available > 0 && w->actors[i].state <= POOL_BUSY;
	return n;
}

static uint32_t oracle_floor(const struct world *w)
{
	uint64_t by_spare = (uint64_t)live(w) - available(w) + w->order.spare;

	if (w->order.spare == 0)
		by_spare = 0;
	return (uint32_t)(by_spare > w->order.at_least ? by_spare : w->order.at_least);
}

static uint32_t oracle_ceiling(const struct world *w)
{
	return w->order.at_most < w->pool.process_limit ? w->order.at_most : w->pool.process_limit;
}

/* --- events */

static struct actor *pick(struct world *w, int *which)
{
	int from = (int)below(w, MOST);

	for (int i = 0; i < MOST; i++) {
		*which = (from + i) % MOST;
		if (w->actors[*which].here)
			return &w->actors[*which];
	}
	return NULL;
}

static void become(struct world *w, struct actor *a, enum pool_state state)
{
	if (a->state != state)
		a->since = w->now;
	a->state = state;
}

static void start(struct world *w)
{
	for (int i = 0; i < MOST; i++)
		if (!w->actors[i].here) {
			w->actors[i] = (struct actor){true, POOL_STARTING, w->pool.client_limit, 0, w->now};
			pool_started(&w->pool, &w->processes[i], w->now);
			return;
		}
	fail_msg("sequence %llu: more processes than twice any process_limit", (unsigned long long)w->seed);
}

static void ask(struct world *w)
{
	struct pool_process *pp = pool_victim(&w->pool);
	struct actor *a;

	EXPECT(w, pp != NULL);
	a = &w->actors[pp - w->processes];
	EXPECT(w, a->state == POOL_IDLE);
	for (int i = 0; i < MOST; i++)
		EXPECT(w, !w->actors[i].here || w->actors[i].state != POOL_IDLE ||
				  w->actors[i].since >= a->since);
	pool_asked(&w->pool, pp, w->now);
	become(w, a, POOL_LEAVING);
}

static void hear(struct world *w)
{
	int i;
	struct actor *a = pick(w, &i);
	uint32_t n = below(w, w->pool.client_limit + 1);
	bool used_up;

	if (a == NULL)
		return;
	if (n < a->available && !(a->state == POOL_DRAINING && n == 0))
		a->accepted += a->available - n;
	EXPECT(w, pool_status(&w->pool, &w->processes[i], n, w->now));
	if (a->state == POOL_DRAINING && n == 0)
		return; /* says nothing new */
	used_up = w->pool.service_count > 0 && w->pool.client_limit > 1 && n == 0 &&
		  a->accepted >= w->pool.service_count;
	a->available = n;
	if (a->state == POOL_DRAINING || used_up)
		become(w, a, POOL_DRAINING);
	else
		become(w, a, n == w->pool.client_limit ? POOL_IDLE : POOL_BUSY);
}

static void drain(struct world *w)
{
	int i;
	struct actor *a = pick(w, &i);

	if (a == NULL)
		return;
	pool_drain(&w->pool, &w->processes[i], w->now);
	become(w, a, POOL_DRAINING);
}

static void die(struct world *w)
{
	int i;
	struct actor *a = pick(w, &i);
	struct pool_end how = {below(w, 2), below(w, 2), below(w, 20000), below(w, 2)};

	if (a == NULL)
		return;
	(void)pool_gone(&w->pool, &w->processes[i], &w->order, &how, w->now);
	memset(&w->processes[i], 0xee, sizeof w->processes[i]);
	a->here = false;
}

static void fail_a_start(struct world *w)
{
	pool_start_failed(&w->pool, &w->order, w->now);
}

static uint32_t bound(struct world *w)
{
	return below(w, 2) ? POOL_NO_LIMIT : below(w, 12);
}

static void vote(struct world *w)
{
	w->order.at_least = below(w, 3) ? 0 : below(w, 12);
	w->order.spare = below(w, 3) ? 0 : below(w, 6);
	w->order.at_most = bound(w);
	w->order.burst = below(w, 4) ? POOL_NO_LIMIT : below(w, 4);
	w->order.shrink_to = bound(w);
	w->order.on_demand = below(w, 2);
	w->order.hold_until = below(w, 6) ? 0 : w->now + below(w, 90000);
	w->order.as_of = w->now;
	standing_clip(&w->order, w->now);
	EXPECT(w, w->order.hold_until <= w->now + 60000);
}

static void queue(struct world *w)
{
	w->waiting = below(w, 3) ? 0 : below(w, 20);
}

static void resize(struct world *w)
{
	w->pool.process_limit = 1 + below(w, 16);
}

static void (*const events[])(struct world *) = {
	hear, hear, hear, hear, drain, die, die, fail_a_start, vote, queue, resize};

/* --- laws */

static void check_counts(struct world *w)
{
	for (int s = 0; s < POOL_STATES; s++) {
		uint32_t n = 0;
		uint64_t since = 0;
		struct pool_process *pp;
		LIST_EACH (pp, &w->pool.in[s], struct pool_process, link) {
			EXPECT(w, pp->state == s);
			EXPECT(w, pp->since >= since);
			since = pp->since;
			n++;
		}
		EXPECT(w, n == w->pool.in[s].count);
		EXPECT(w, n == count(w, (enum pool_state)s));
	}
	EXPECT(w, pool_live(&w->pool) == live(w));
	EXPECT(w, w->pool.available == available(w));
}

static void check_clients(struct world *w)
{
	uint32_t sum = 0;

	for (int i = 0; i < MOST; i++)
		if (w->actors[i].here && w->processes[i].reported)
			sum += w->pool.client_limit - w->actors[i].available;
	EXPECT(w, w->pool.clients == sum);
}

static void check_growth(struct world *w, const struct pool_actions *a)
{
	uint32_t wants = w->order.on_demand && w->waiting > 0 && available(w) <= count(w, POOL_STARTING);

	EXPECT(w, live(w) < oracle_floor(w) || wants);
	EXPECT(w, live(w) + a->start <= oracle_ceiling(w));
	EXPECT(w, live(w) + count(w, POOL_DRAINING) + a->start <= 2 * w->pool.process_limit);
	EXPECT(w, a->start <= w->order.burst);
	EXPECT(w, w->order.hold_until <= w->now);
	EXPECT(w, w->pool.throttled_until <= w->now);
	EXPECT(w, live(w) + a->start <= oracle_floor(w) || (wants && a->start <= w->waiting));
}

static void check_shrink(struct world *w, const struct pool_actions *a)
{
	uint32_t staying = live(w) - count(w, POOL_LEAVING);
	bool by_permission = w->order.shrink_to != POOL_NO_LIMIT && staying > w->order.shrink_to &&
			     staying > w->order.at_least;

	EXPECT(w, a->ask <= count(w, POOL_IDLE));
	EXPECT(w, by_permission || staying > oracle_ceiling(w));
	if (staying <= oracle_ceiling(w) || staying - a->ask < oracle_ceiling(w)) {
		EXPECT(w, staying - a->ask >= w->order.shrink_to);
		EXPECT(w, staying - a->ask >= w->order.at_least);
		EXPECT(w, available(w) - a->ask >= w->order.spare);
	}
}

/* What the step held back without a brake is a law broken, too: it must reach the floor. */
static void check_no_brake_no_lack(struct world *w, const struct pool_actions *a)
{
	if (a->brake == POOL_FREE)
		EXPECT(w, live(w) + a->start >= oracle_floor(w));
	else
		EXPECT(w, live(w) + a->start < oracle_floor(w) || (w->order.on_demand && w->waiting > 0));
}

static void carry_out(struct world *w)
{
	struct pool before = w->pool;
	struct pool_actions a = pool_step(&w->pool, &w->order, w->waiting, w->now), again;

	EXPECT(w, memcmp(&before, &w->pool, sizeof before) == 0);
	EXPECT(w, a.start == 0 || a.ask == 0);
	EXPECT(w, a.wake == 0 || a.wake > w->now);
	check_no_brake_no_lack(w, &a);
	if (a.start > 0)
		check_growth(w, &a);
	if (a.ask > 0)
		check_shrink(w, &a);
	for (uint32_t i = 0; i < a.start; i++)
		start(w);
	for (uint32_t i = 0; i < a.ask; i++)
		ask(w);
	check_counts(w);
	again = pool_step(&w->pool, &w->order, w->waiting, w->now);
	EXPECT(w, again.ask == 0);
	EXPECT(w, again.start == 0 || a.brake == POOL_BURST);
}

static void run_one(uint64_t seed)
{
	static struct world w;

	memset(&w, 0, sizeof w);
	w.seed = w.random = seed;
	w.now = 1000000;
	pool_init(&w.pool);
	w.pool.client_limit = 1 + below(&w, 4);
	w.pool.service_count = below(&w, 3) ? 0 : 1 + below(&w, 9);
	resize(&w);
	vote(&w);
	for (int i = 0; i < STEPS; i++) {
		w.now += below(&w, 3) ? below(&w, 50) : below(&w, 5000);
		events[below(&w, sizeof events / sizeof events[0])](&w);
		check_counts(&w);
		carry_out(&w);
		check_clients(&w);
	}
}

static void random_lives_keep_every_law(void **state)
{
	uint64_t seed = test_seed();

	(void)state;
	for (uint64_t i = 0; i < SEQUENCES; i++)
		run_one(seed + i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_lives_keep_every_law),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
