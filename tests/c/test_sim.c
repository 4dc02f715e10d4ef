/* links: sim/ */
/* The world in virtual time: what is planned happens in order, clients are somewhere at all times, reports
 * come at the master's pace, and everything is given back. More of it is tested through Lua
 * (tests/lua/simulate_spec.lua). */
#include "sim/chance.h"
#include "sim/heap.h"
#include "sim/sim.h"
#include "test.h"

#define SECOND INT64_C(1000000)

static struct sim *world(uint32_t process_limit, uint32_t backlog, uint32_t retries)
{
	struct sim *sim = sim_new(1, 1);
	struct sim_limits limits = {.process_limit = process_limit, .client_limit = 1, .target_ms = 200};
	struct sim_model model = {
		.boot = 0.5, .leave = 0.01, .retry_delay = 5, .memory = 100, .leak = 10, .cpus = 8};
	struct standing order;

	model.backlog = backlog;
	model.retries = retries;
	standing_init(&order);
	order.on_demand = true;
	sim_limits(sim, 0, &limits);
	sim_model_set(sim, 0, &model);
	sim_memory_total(sim, 150);
	sim_standing(sim, 0, &order);
	return sim;
}

static void come(struct sim *sim, int64_t at, int64_t stay)
{
	struct sim_arrival a = {.at = at, .stay = stay, .patience = SIM_NEVER, .leak = -1};

	sim_client(sim, &a);
}

/* Lets time pass and takes all reports; returns how many batches there were. */
static unsigned pass(struct sim *sim, int64_t until)
{
	struct sim_report report;
	unsigned batches = 0;

	while (sim_run(sim, until) == SIM_NEWS) {
		batches++;
		while (sim_report(sim, &report))
			assert_int_equal(report.service, 0);
	}
	return batches;
}

static void assert_balance(const struct sim *sim)
{
	struct sim_sums s = sim_sums(sim, 0);

	assert_int_equal(s.arrived, s.served + s.left + s.refused + s.lost_crash + s.lost_ours + s.waiting +
					    s.in_service + s.away);
}

static void what_is_planned_comes_by_time_then_by_order(void **state)
{
	static const int64_t times[] = {5, 1, 3, 1, 9, 0, 5, 5};
	struct heap h = {0};
	int64_t last = -1;
	uint64_t last_seq = 0;

	(void)state;
	for (size_t i = 0; i < 1000; i++)
		heap_push(&h, (struct planned){.at = times[i % 8] * (int64_t)(i % 13)});
	while (h.n > 0) {
		struct planned p = heap_pop(&h);
		assert_true(p.at > last || (p.at == last && p.seq > last_seq));
		last = p.at;
		last_seq = p.seq;
	}
	heap_free(&h);
}

static void chance_is_even_and_its_own_for_each_purpose(void **state)
{
	double sum = 0;
	unsigned same = 0;

	(void)state;
	for (uint64_t n = 0; n < 10000; n++) {
		double x = chance_of(7, CHANCE_BOOT, n);
		assert_true(x >= 0 && x < 1);
		assert_true(x == chance_of(7, CHANCE_BOOT, n)); /* no state */
		same += x == chance_of(7, CHANCE_CRASH, n) || x == chance_of(8, CHANCE_BOOT, n);
		sum += x;
	}
	assert_int_equal(same, 0);
	assert_true(sum > 4900 && sum < 5100);
}

static void a_client_is_served_by_a_process_that_was_started_for_him(void **state)
{
	struct sim *sim = world(10, 10, 0);
	struct sim_sums s;

	(void)state;
	come(sim, SECOND, 2 * SECOND);
	pass(sim, 2 * SECOND);
	assert_int_equal(sim_sums(sim, 0).in_service, 1);
	assert_balance(sim);
	pass(sim, 10 * SECOND);
	s = sim_sums(sim, 0);
	assert_int_equal(s.served, 1);
	assert_int_equal(s.starts, 1);
	assert_true(sim_wait(sim, 0, 0.99) == 0.5f);
	assert_true(s.process_seconds == 9.0);
	assert_true(sim_memory(sim) == 110);
	assert_true(sim_memory_over(sim) == 0);
	sim_free(&sim);
	assert_null(sim);
}

static void who_finds_the_queue_full_comes_again_and_is_refused_at_last(void **state)
{
	struct sim *sim = world(1, 1, 1);

	(void)state;
	come(sim, 0, 100 * SECOND);
	pass(sim, SECOND);
	for (int i = 0; i < 5; i++)
		come(sim, SECOND + i, SECOND);
	pass(sim, 2 * SECOND);
	assert_int_equal(sim_sums(sim, 0).away, 4);
	assert_balance(sim);
	pass(sim, 9 * SECOND);
	assert_int_equal(sim_sums(sim, 0).refused, 4);
	assert_balance(sim);
	sim_free(&sim);
}

/* Those who wait, are served, are away, and are yet to come: nothing of it may stay behind. */
static void a_world_may_end_at_any_moment(void **state)
{
	(void)state;
	for (int64_t end = 0; end < 40; end++) {
		struct sim *sim = world(2, 2, 3);
		for (int i = 0; i < 30; i++)
			come(sim, i * SECOND / 4, SECOND * (1 + i % 3));
		pass(sim, end * SECOND / 3);
		assert_balance(sim);
		sim_free(&sim);
	}
}

static void reports_come_at_the_pace_of_the_master(void **state)
{
	struct sim *sim = world(100, 1000, 0);
	unsigned batches;

	(void)state;
	pass(sim, 10 * SECOND);
	for (int i = 0; i < 2000; i++)
		come(sim, 10 * SECOND + i * 1000, 500);
	batches = pass(sim, 12 * SECOND);
	assert_true(batches >= 90 && batches <= 112); /* one each 20 ms, and ten at once after the quiet */
	assert_int_equal(sim_sums(sim, 0).arrived, 2000);
	sim_free(&sim);
}

static void orders_about_processes_that_are_gone_are_ignored(void **state)
{
	struct sim *sim = world(10, 10, 0);

	(void)state;
	come(sim, 0, SECOND);
	pass(sim, SECOND);
	sim_retire(sim, 99, 0);
	sim_kill(sim, 99);
	sim_retire(sim, 1, 5000);
	sim_retire(sim, 1, 4000);
	pass(sim, 10 * SECOND);
	assert_int_equal(sim_sums(sim, 0).served, 1);
	assert_int_equal(sim_sums(sim, 0).exits, 1);
	sim_kill(sim, 1);
	sim_crash(sim, 0, 5);
	assert_int_equal(sim_sums(sim, 0).exits, 1);
	assert_balance(sim);
	sim_free(&sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_planned_comes_by_time_then_by_order),
		cmocka_unit_test(chance_is_even_and_its_own_for_each_purpose),
		cmocka_unit_test(a_client_is_served_by_a_process_that_was_started_for_him),
		cmocka_unit_test(who_finds_the_queue_full_comes_again_and_is_refused_at_last),
		cmocka_unit_test(a_world_may_end_at_any_moment),
		cmocka_unit_test(reports_come_at_the_pace_of_the_master),
		cmocka_unit_test(orders_about_processes_that_are_gone_are_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
