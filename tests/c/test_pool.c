/* pool: a table of states and what the step does, and the life of a process, case by case. The same rules
 * over random sequences: test_pool_property.c. */
#include "pool/pool.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

#define NONE   POOL_NO_LIMIT
#define SECOND 1000u
#define NOW    UINT64_C(1000000)

/* processes of a table row: as many of each state; idle ones idle since NOW - 10 s, busy ones full */
struct picture {
	uint32_t starting, idle, busy, half, leaving, draining;
};

static struct pool_process processes[64];

static void paint(struct pool *p, const struct picture *is)
{
	uint64_t then = NOW - 10 * SECOND;
	const uint32_t n[] = {is->starting, is->idle, is->busy, is->half, is->leaving, is->draining};
	struct pool_process *pp = processes;

	for (uint32_t kind = 0; kind < 6; kind++)
		for (uint32_t i = 0; i < n[kind]; i++, pp++) {
			pool_started(p, pp, then);
			if (kind == 0)
				continue;
			(void)pool_status(p, pp, kind == 2 ? 0 : kind == 3 ? 1 : p->client_limit, then);
			if (kind == 4)
				pool_asked(p, pp, then);
			if (kind == 5)
				pool_drain(p, pp, then);
		}
}

#pragma GCC diagnostic ignored "-Woverride-init"
/* a standing order that differs from "no opinion" only in what is written */
#define ORDER(...)                                                             \
	{                                                                      \
		.at_most = NONE, .burst = NONE, .shrink_to = NONE, __VA_ARGS__ \
	}

static const struct row {
	const char *what;
	struct picture is;
	uint32_t client_limit, process_limit, waiting;
	struct standing order;
	uint32_t start, ask;
	enum pool_brake brake;
} rows[] = {
	{"no opinion, nothing happens", {.idle = 3}, 1, 10, 0, ORDER(.at_least = 0), 0, 0, POOL_FREE},
	{"no opinion, clients wait in vain", {0}, 1, 10, 5, ORDER(.at_least = 0), 0, 0, POOL_FREE},
	{"at_least starts what lacks", {.busy = 1}, 1, 10, 0, ORDER(.at_least = 4), 3, 0, POOL_FREE},
	{"starting ones count for at_least", {.starting = 2, .idle = 2}, 1, 10, 0, ORDER(.at_least = 4), 0, 0,
		POOL_FREE},
	{"draining ones do not count", {.idle = 2, .draining = 2}, 1, 10, 0, ORDER(.at_least = 4), 2, 0,
		POOL_FREE},
	{"leaving ones count", {.idle = 2, .leaving = 2}, 1, 10, 0, ORDER(.at_least = 4), 0, 0, POOL_FREE},
	{"spare is available ones", {.busy = 3}, 1, 10, 0, ORDER(.spare = 2), 2, 0, POOL_FREE},
	{"starting ones are spare", {.busy = 3, .starting = 2}, 1, 10, 0, ORDER(.spare = 2), 0, 0, POOL_FREE},
	{"half-full ones are spare", {.busy = 3, .half = 2}, 4, 10, 0, ORDER(.spare = 2), 0, 0, POOL_FREE},
	{"leaving ones are not spare", {.leaving = 2}, 1, 10, 0, ORDER(.spare = 2), 2, 0, POOL_FREE},
	{"draining ones are not spare", {.draining = 2}, 1, 10, 0, ORDER(.spare = 2), 2, 0, POOL_FREE},
	{"the higher floor wins", {.busy = 3}, 1, 10, 0, ORDER(.spare = 1, .at_least = 6), 3, 0, POOL_FREE},
	{"on demand: one for each client", {.busy = 2}, 1, 10, 3, ORDER(.on_demand = true), 3, 0, POOL_FREE},
	{"on demand: one takes client_limit", {.busy = 2}, 4, 10, 9, ORDER(.on_demand = true), 3, 0,
		POOL_FREE},
	{"on demand: starting ones will take them", {.starting = 3}, 1, 10, 3, ORDER(.on_demand = true), 0, 0,
		POOL_FREE},
	{"on demand: some starting ones lack", {.starting = 2}, 1, 10, 3, ORDER(.on_demand = true), 1, 0,
		POOL_FREE},
	{"on demand: an idle one takes them", {.idle = 1}, 1, 10, 3, ORDER(.on_demand = true), 0, 0,
		POOL_FREE},
	{"on demand: leaving ones take none", {.leaving = 1}, 1, 10, 1, ORDER(.on_demand = true), 1, 0,
		POOL_FREE},
	{"demand and floors do not add up", {0}, 1, 10, 3, ORDER(.on_demand = true, .spare = 5), 5, 0,
		POOL_FREE},
	{"process_limit is hard", {.busy = 3}, 1, 4, 9, ORDER(.on_demand = true), 1, 0, POOL_AT_LIMIT},
	{"process_limit reached", {.busy = 4}, 1, 4, 9, ORDER(.on_demand = true), 0, 0, POOL_AT_LIMIT},
	{"leaving ones fill process_limit", {.leaving = 4}, 1, 4, 1, ORDER(.on_demand = true), 0, 0,
		POOL_AT_LIMIT},
	{"draining ones do not", {.draining = 4}, 1, 4, 1, ORDER(.on_demand = true), 1, 0, POOL_FREE},
	{"twice process_limit is the end", {.busy = 1, .draining = 7}, 1, 4, 3, ORDER(.on_demand = true), 0,
		0, POOL_AT_DOUBLE},
	{"just below twice", {.busy = 1, .draining = 6}, 1, 4, 3, ORDER(.on_demand = true), 1, 0,
		POOL_AT_DOUBLE},
	{"at_most holds growth", {.busy = 2}, 1, 10, 9, ORDER(.on_demand = true, .at_most = 3), 1, 0,
		POOL_AT_CEILING},
	{"at_most beats at_least", {.idle = 2}, 1, 10, 0, ORDER(.at_least = 5, .at_most = 2), 0, 0,
		POOL_AT_CEILING},
	{"idle ones beyond at_most go", {.idle = 4, .busy = 1}, 1, 10, 0, ORDER(.at_most = 2), 0, 3,
		POOL_FREE},
	{"busy ones beyond at_most stay", {.idle = 1, .busy = 5}, 1, 10, 0, ORDER(.at_most = 2), 0, 1,
		POOL_FREE},
	{"beyond process_limit too", {.idle = 6}, 1, 4, 0, ORDER(.at_least = 0), 0, 2, POOL_FREE},
	{"leaving ones are not asked twice", {.idle = 2, .leaving = 2}, 1, 10, 0, ORDER(.at_most = 2), 0, 0,
		POOL_FREE},
	{"burst bounds one step", {0}, 1, 10, 0, ORDER(.at_least = 6, .burst = 2), 2, 0, POOL_BURST},
	{"burst 0 starts none", {0}, 1, 10, 0, ORDER(.at_least = 6, .burst = 0), 0, 0, POOL_BURST},
	{"hold stops growth", {0}, 1, 10, 4, ORDER(.on_demand = true, .hold_until = NOW + 1), 0, 0,
		POOL_HELD},
	{"hold is over at its time", {0}, 1, 10, 4, ORDER(.on_demand = true, .hold_until = NOW), 4, 0,
		POOL_FREE},
	{"hold does not keep idle ones", {.idle = 3}, 1, 10, 0, ORDER(.at_most = 1, .hold_until = NOW + 1), 0,
		2, POOL_FREE},
	{"shrink_to lets the surplus go", {.idle = 5}, 1, 10, 0, ORDER(.shrink_to = 2, .as_of = NOW), 0, 3,
		POOL_FREE},
	{"nobody's opinion, nobody goes", {.idle = 5}, 1, 10, 0, ORDER(.as_of = NOW), 0, 0, POOL_FREE},
	{"not below at_least", {.idle = 5}, 1, 10, 0, ORDER(.shrink_to = 0, .as_of = NOW, .at_least = 4), 0,
		1, POOL_FREE},
	{"not below spare", {.idle = 5}, 1, 10, 0, ORDER(.shrink_to = 0, .as_of = NOW, .spare = 3), 0, 2,
		POOL_FREE},
	{"busy ones never go", {.idle = 1, .busy = 5}, 1, 10, 0, ORDER(.shrink_to = 0, .as_of = NOW), 0, 1,
		POOL_FREE},
	{"busy ones count above shrink_to", {.idle = 3, .busy = 2}, 1, 10, 0,
		ORDER(.shrink_to = 4, .as_of = NOW), 0, 1, POOL_FREE},
	{"starting ones never go", {.starting = 5}, 1, 10, 0, ORDER(.shrink_to = 0, .as_of = NOW), 0, 0,
		POOL_FREE},
	{"only those idle before the vote", {.idle = 5}, 1, 10, 0,
		ORDER(.shrink_to = 2, .as_of = NOW - 10 * SECOND), 0, 0, POOL_FREE},
	{"a moment later they may", {.idle = 5}, 1, 10, 0,
		ORDER(.shrink_to = 2, .as_of = NOW - 10 * SECOND + 1), 0, 3, POOL_FREE},
	{"none goes while clients wait", {.idle = 3}, 1, 10, 1,
		ORDER(.shrink_to = 0, .as_of = NOW, .on_demand = true), 0, 0, POOL_FREE},
	{"at_most needs no ripeness", {.idle = 5}, 1, 10, 0, ORDER(.at_most = 2, .as_of = 1), 0, 3,
		POOL_FREE},
	{"huge numbers do not wrap", {.busy = 2}, 1, NONE, 0, ORDER(.spare = NONE - 1, .burst = 3), 3, 0,
		POOL_BURST},
	{"client_limit 0 is read as 1", {0}, 0, 10, 2, ORDER(.on_demand = true), 2, 0, POOL_FREE},
};

static void every_row_of_the_table_holds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct row *r = &rows[i];
		struct pool p;
		struct pool_actions a;
		pool_init(&p);
		p.client_limit = r->client_limit;
		p.process_limit = NONE;
		paint(&p, &r->is);
		p.process_limit = r->process_limit;
		a = pool_step(&p, &r->order, r->waiting, NOW);
		if (a.start != r->start || a.ask != r->ask || a.brake != r->brake)
			fail_msg("%s: start %u ask %u brake %s, not %u %u %s", r->what, a.start, a.ask,
				pool_brake_name(a.brake), r->start, r->ask, pool_brake_name(r->brake));
	}
}

static void a_stopped_pool_starts_nothing(void **state)
{
	struct pool p;
	struct standing s = ORDER(.at_least = 3, .on_demand = true);
	struct pool_actions a;

	(void)state;
	pool_init(&p);
	p.stopped = true;
	a = pool_step(&p, &s, 5, NOW);
	assert_int_equal(a.start, 0);
	assert_int_equal(a.brake, POOL_STOPPED);
}

static void failed_starts_throttle_2_4_8_to_60_seconds(void **state)
{
	static const uint32_t delays[] = {2, 4, 8, 16, 32, 60, 60, 60};
	struct pool p;
	struct standing s = ORDER(.at_least = 1);
	uint64_t now = NOW;

	(void)state;
	pool_init(&p);
	for (size_t i = 0; i < 8; i++) {
		struct pool_actions a;
		pool_start_failed(&p, &s, now);
		pool_start_failed(&p, &s, now + 1); /* started together, failed together: one failure */
		a = pool_step(&p, &s, 0, now + delays[i] * SECOND - 1);
		assert_int_equal(a.start, 0);
		assert_int_equal(a.brake, POOL_THROTTLED);
		assert_true(a.wake == now + delays[i] * SECOND);
		now += delays[i] * SECOND;
		assert_int_equal(pool_step(&p, &s, 0, now).start, 1);
	}
	assert_int_equal(p.start_failures, 16);
	pool_start_failed(&p, &s, now);
	pool_reset(&p);
	assert_int_equal(pool_step(&p, &s, 0, now).start, 1);
	pool_start_failed(&p, &s, now);
	assert_true(p.throttled_until == now + 2 * SECOND);
}

static void the_throttle_follows_the_order(void **state)
{
	struct pool p;
	struct standing s = ORDER(.at_least = 1, .throttle_first = 500, .throttle_most = 1200);
	uint64_t now = NOW;
	static const uint32_t delays[] = {500, 1000, 1200, 1200};

	(void)state;
	pool_init(&p);
	for (size_t i = 0; i < 4; i++) {
		pool_start_failed(&p, &s, now);
		assert_true(p.throttled_until == now + delays[i]);
		now = p.throttled_until;
	}
	s.throttle_first = 5000; /* longer than `most`: first wins */
	pool_start_failed(&p, &s, now);
	assert_true(p.throttled_until == now + 5000);
}

static bool end(struct pool *p, struct pool_process *pp, bool ok, bool asked, uint64_t now)
{
	struct standing s = ORDER(.at_least = 1);
	struct pool_end how = {.ok = ok, .asked = asked, .age = now - NOW};

	return pool_gone(p, pp, &s, &how, now);
}

static void an_end_with_status_0_forgets_the_delays(void **state)
{
	struct pool p;
	struct standing s = ORDER(.at_least = 1);
	struct pool_process pp;

	(void)state;
	pool_init(&p);
	pool_start_failed(&p, &s, NOW);
	pool_start_failed(&p, &s, NOW + 2 * SECOND);
	pool_started(&p, &pp, NOW + 6 * SECOND);
	(void)pool_status(&p, &pp, 1, NOW + 6 * SECOND);
	assert_false(end(&p, &pp, true, false, NOW + 7 * SECOND));
	pool_start_failed(&p, &s, NOW + 8 * SECOND);
	assert_true(p.throttled_until == NOW + 10 * SECOND);
}

static void a_death_before_the_first_status_throttles(void **state)
{
	struct pool p;
	struct pool_process pp;

	(void)state;
	pool_init(&p);
	pool_started(&p, &pp, NOW);
	assert_true(end(&p, &pp, false, false, NOW));
	assert_int_equal(p.start_failures, 1);
	assert_int_equal(p.crashes, 1);
	pool_started(&p, &pp, NOW);
	assert_false(end(&p, &pp, false, true, NOW)); /* we killed it */
	assert_int_equal(p.start_failures, 1);
	assert_int_equal(p.exits, 2);
}

static void crashes_throttle_only_a_service_that_never_worked(void **state)
{
	for (int worked = 0; worked < 2; worked++) {
		struct pool p;
		struct pool_process pp;
		int throttled = 0;
		(void)state;
		pool_init(&p);
		if (worked) {
			pool_started(&p, &pp, NOW);
			(void)end(&p, &pp, true, false, NOW);
		}
		for (int i = 0; i < 11; i++) {
			pool_started(&p, &pp, NOW);
			(void)pool_status(&p, &pp, 1, NOW);
			throttled += end(&p, &pp, false, false, NOW + 1);
			assert_int_equal(throttled, !worked && i == 10);
		}
	}
}

static void ten_crashes_in_each_second_are_not_a_storm(void **state)
{
	struct pool p;
	struct pool_process pp;

	(void)state;
	pool_init(&p);
	for (uint64_t i = 0; i < 100; i++) {
		pool_started(&p, &pp, NOW);
		(void)pool_status(&p, &pp, 1, NOW);
		assert_false(end(&p, &pp, false, false, NOW + i / 10 * SECOND));
	}
}

static void ten_seconds_of_life_prove_a_service(void **state)
{
	struct pool p;
	struct pool_process pp;

	(void)state;
	pool_init(&p);
	pool_started(&p, &pp, NOW);
	(void)pool_status(&p, &pp, 1, NOW);
	(void)end(&p, &pp, false, false, NOW + 10 * SECOND);
	for (int i = 0; i < 50; i++) {
		pool_started(&p, &pp, NOW);
		(void)pool_status(&p, &pp, 1, NOW);
		assert_false(end(&p, &pp, false, false, NOW + 11 * SECOND - 10 * SECOND));
	}
}

static void hold_is_clipped_to_a_minute_and_restrictions_withdrawn(void **state)
{
	struct standing s = ORDER(.at_least = 3, .hold_until = NOW + 3600 * SECOND);

	(void)state;
	standing_clip(&s, NOW);
	assert_true(s.hold_until == NOW + 60 * SECOND);
	s.hold_until = NOW + 5;
	standing_clip(&s, NOW);
	assert_true(s.hold_until == NOW + 5);
	s.at_most = 0;
	s.mode = POOL_SHED;
	s.shrink_to = 1;
	assert_true(standing_withdraw(&s));
	assert_true(s.hold_until == 0 && s.at_most == NONE && s.mode == POOL_NORMAL);
	assert_true(s.at_least == 3 && s.shrink_to == 1);
	assert_false(standing_withdraw(&s));
}

static void an_empty_order_has_no_opinion(void **state)
{
	struct standing s;

	(void)state;
	memset(&s, 0xee, sizeof s);
	standing_init(&s);
	assert_true(s.at_least == 0 && s.spare == 0 && !s.on_demand && s.mode == POOL_NORMAL);
	assert_true(s.at_most == NONE && s.burst == NONE && s.shrink_to == NONE && s.hold_until == 0);
}

static void the_longest_idle_goes_first(void **state)
{
	struct pool p;
	struct pool_process pp[3];

	(void)state;
	pool_init(&p);
	p.client_limit = 2;
	for (int i = 0; i < 3; i++) {
		pool_started(&p, &pp[i], NOW);
		(void)pool_status(&p, &pp[i], 2, NOW + (uint64_t)i);
	}
	assert_ptr_equal(pool_victim(&p), &pp[0]);
	(void)pool_status(&p, &pp[0], 1, NOW + 10);
	(void)pool_status(&p, &pp[0], 2, NOW + 11);
	assert_ptr_equal(pool_victim(&p), &pp[1]);
	(void)pool_status(&p, &pp[1], 2, NOW + 12); /* still idle: keeps its place */
	assert_ptr_equal(pool_victim(&p), &pp[1]);
	assert_true(pp[1].since == NOW + 1);
	pool_asked(&p, &pp[1], NOW + 13);
	assert_ptr_equal(pool_victim(&p), &pp[2]);
	pool_asked(&p, &pp[2], NOW + 13);
	pool_asked(&p, &pp[0], NOW + 13);
	assert_null(pool_victim(&p));
}

static void counters_say_what_messages_prove(void **state)
{
	struct pool p;
	struct pool_process pp;

	(void)state;
	pool_init(&p);
	p.client_limit = 4;
	pool_started(&p, &pp, NOW);
	assert_int_equal(p.available, 1);
	assert_true(pool_status(&p, &pp, 4, NOW));
	assert_int_equal(pp.state, POOL_IDLE);
	assert_true(pool_status(&p, &pp, 1, NOW));
	assert_int_equal(pp.state, POOL_BUSY);
	assert_int_equal(p.clients, 3);
	assert_int_equal(p.arrivals, 3);
	assert_true(pool_status(&p, &pp, 0, NOW));
	assert_int_equal(p.available, 0);
	assert_true(pool_status(&p, &pp, 3, NOW));
	assert_int_equal(p.served, 3);
	assert_int_equal(p.clients, 1);
	assert_false(pool_status(&p, &pp, 5, NOW)); /* above the limit: clamped */
	assert_int_equal(pp.available, 4);
	assert_int_equal(pp.state, POOL_IDLE);
	assert_int_equal(p.clients, 0);
	assert_int_equal(p.served, 4);
}

static void one_that_ignores_being_asked_counts_as_busy(void **state)
{
	struct pool p;
	struct pool_process pp;

	(void)state;
	pool_init(&p);
	p.client_limit = 5;
	pool_started(&p, &pp, NOW);
	(void)pool_status(&p, &pp, 5, NOW);
	pool_asked(&p, &pp, NOW + 1);
	assert_int_equal(p.available, 0);
	pool_refused(&p, &pp, NOW + 2);
	assert_int_equal(pp.state, POOL_BUSY);
	assert_int_equal(p.available, 0);
	assert_int_equal(p.clients, 0);
	(void)pool_status(&p, &pp, 4, NOW + 3);
	assert_int_equal(p.available, 1);
	assert_int_equal(p.clients, 1);
	assert_int_equal(p.arrivals, 1);
	assert_int_equal(p.served, 0);  /* it served nobody while it was silent */
	pool_refused(&p, &pp, NOW + 4); /* not leaving: no effect */
	assert_int_equal(p.available, 1);
}

static void one_that_answers_being_asked_is_idle_again(void **state)
{
	struct pool p;
	struct pool_process pp;

	(void)state;
	pool_init(&p);
	pool_started(&p, &pp, NOW);
	(void)pool_status(&p, &pp, 1, NOW);
	pool_asked(&p, &pp, NOW + 1);
	(void)pool_status(&p, &pp, 1, NOW + 2);
	assert_int_equal(pp.state, POOL_IDLE);
	assert_true(pp.since == NOW + 2);
	assert_int_equal(p.available, 1);
}

/* "Nobody else" is what a process says that has taken a client meanwhile, and one that is about to end. */
static void one_that_says_nobody_else_when_asked_is_not_made_up_for(void **state)
{
	struct pool p;
	struct pool_process pp[4];
	struct standing s;

	(void)state;
	pool_init(&p);
	standing_init(&s);
	s.shrink_to = 3;
	s.as_of = NOW + 1;
	for (int i = 0; i < 4; i++) {
		pool_started(&p, &pp[i], NOW);
		(void)pool_status(&p, &pp[i], 1, NOW);
	}
	assert_int_equal(pool_step(&p, &s, 0, NOW + 1).ask, 1);
	pool_asked(&p, &pp[0], NOW + 1);
	(void)pool_status(&p, &pp[0], 0, NOW + 2);
	assert_int_equal(pp[0].state, POOL_BUSY);
	assert_int_equal(pool_step(&p, &s, 0, NOW + 2).ask, 0);
	(void)pool_status(&p, &pp[0], 0, NOW + 3);
	assert_int_equal(pool_step(&p, &s, 0, NOW + 3).ask, 0);
	assert_true(pool_step(&p, &s, 0, NOW + 3).wake == NOW + 2 + 1000);
	assert_int_equal(pool_step(&p, &s, 0, NOW + 2 + 1000).ask, 1); /* it has a client: another may go */
	(void)pool_status(&p, &pp[0], 1, NOW + 4); /* it had a client: there are four, as before */
	assert_int_equal(pool_step(&p, &s, 0, NOW + 4).ask, 1);
	pool_asked(&p, &pp[1], NOW + 5);
	(void)pool_status(&p, &pp[1], 0, NOW + 5);
	assert_int_equal(p.doubtful, 1);
	pool_gone(&p, &pp[1], &s, &(struct pool_end){.ok = true, .asked = true, .age = 5}, NOW + 5);
	assert_int_equal(p.doubtful, 0);
	assert_int_equal(pool_step(&p, &s, 0, NOW + 6).ask, 0);
}

static void a_used_up_process_drains(void **state)
{
	struct pool p;
	struct pool_process pp;

	(void)state;
	pool_init(&p);
	p.client_limit = 2;
	p.service_count = 3;
	pool_started(&p, &pp, NOW);
	(void)pool_status(&p, &pp, 2, NOW);
	(void)pool_status(&p, &pp, 0, NOW); /* two taken: full, not used up */
	assert_int_equal(pp.state, POOL_BUSY);
	(void)pool_status(&p, &pp, 1, NOW);
	(void)pool_status(&p, &pp, 0, NOW); /* the third */
	assert_int_equal(pp.state, POOL_DRAINING);
	assert_int_equal(pool_live(&p), 0);
	(void)pool_status(&p, &pp, 1, NOW); /* nothing brings it back */
	assert_int_equal(pp.state, POOL_DRAINING);
	assert_int_equal(p.available, 0);
}

static void one_client_a_process_is_busy_to_its_end(void **state)
{
	struct pool p;
	struct pool_process pp;

	(void)state;
	pool_init(&p);
	p.service_count = 1;
	pool_started(&p, &pp, NOW);
	(void)pool_status(&p, &pp, 0, NOW);
	assert_int_equal(pp.state, POOL_BUSY);
	assert_int_equal(pool_live(&p), 1);
	(void)end(&p, &pp, true, false, NOW + 1);
	assert_int_equal(p.served, 1);
	assert_int_equal(p.clients, 0);
}

static void a_draining_process_keeps_its_clients_and_its_own_limit(void **state)
{
	struct pool p;
	struct pool_process old, new;

	(void)state;
	pool_init(&p);
	p.client_limit = 4;
	pool_started(&p, &old, NOW);
	assert_true(pool_status(&p, &old, 2, NOW + 1));
	p.client_limit = 9; /* a reload */
	pool_started(&p, &new, NOW + 2);
	assert_true(pool_status(&p, &new, 9, NOW + 3));
	assert_int_equal(new.state, POOL_IDLE);
	assert_int_equal(p.clients, 2);
	pool_drain(&p, &old, NOW + 4);
	assert_true(pool_status(&p, &old, 0, NOW + 5));
	assert_int_equal(p.clients, 2);
	assert_int_equal(p.arrivals, 2);
	assert_false(pool_status(&p, &old, 5, NOW + 6)); /* it was started with 4 */
	assert_int_equal(p.clients, 0);
	assert_int_equal(p.served, 2);
}

static void a_shortage_is_tried_again_within_a_second_and_forgotten(void **state)
{
	static const uint32_t delays[] = {100, 200, 400, 800, 1000, 1000};
	struct pool p;
	struct pool_process pp;
	uint64_t now = NOW;

	(void)state;
	pool_init(&p);
	for (size_t i = 0; i < sizeof delays / sizeof delays[0]; i++, now = p.throttled_until) {
		pool_starved(&p, now);
		assert_int_equal(p.throttled_until - now, delays[i]);
	}
	assert_int_equal(p.start_failures, 0); /* no fault of the service */
	pool_started(&p, &pp, now);
	pool_starved(&p, now);
	assert_int_equal(p.throttled_until - now, 100);
}

static void one_that_never_reports_is_up_and_available_for_life(void **state)
{
	struct pool p;
	struct pool_process pp;

	(void)state;
	pool_init(&p);
	p.reports = false;
	pool_started(&p, &pp, NOW);
	pool_up(&p, &pp, NOW + 1);
	assert_int_equal(pp.state, POOL_IDLE);
	assert_int_equal(p.available, 1);
	pool_drain(&p, &pp, NOW + 2);
	pool_drain(&p, &pp, NOW + 3);
	assert_true(pp.since == NOW + 2);
	assert_int_equal(p.available, 0);
	(void)end(&p, &pp, true, true, NOW + 4);
	assert_int_equal(p.in[POOL_DRAINING].count, 0);
}

static uint32_t starts(const struct pool *p, uint64_t now, uint64_t *wake)
{
	struct standing s = ORDER(.at_least = 1);
	struct pool_actions a = pool_step(p, &s, 0, now);

	*wake = a.wake;
	return a.start;
}

static void a_job_that_ended_well_runs_again_when_its_time_has_come(void **state)
{
	struct pool p;
	uint64_t wake;

	(void)state;
	pool_init(&p);
	p.process_limit = p.client_limit = 1;
	p.reports = p.once = true;
	pool_started(&p, processes, NOW);
	(void)end(&p, processes, true, false, NOW + SECOND);
	assert_int_equal(starts(&p, NOW + 3600 * SECOND, &wake), 0);
	assert_int_equal(wake, 0);
	p.again_ms = 5 * SECOND;
	assert_int_equal(starts(&p, NOW + 5 * SECOND - 1, &wake), 0);
	assert_int_equal(wake, NOW + 5 * SECOND); /* from its start, not from its end */
	assert_int_equal(starts(&p, NOW + 5 * SECOND, &wake), 1);
	pool_started(&p, processes, NOW + 5 * SECOND);
	assert_int_equal(starts(&p, NOW + 60 * SECOND, &wake), 0);
	(void)end(&p, processes, true, false, NOW + 61 * SECOND); /* it took longer: at once */
	assert_int_equal(starts(&p, NOW + 61 * SECOND, &wake), 1);
}

static void every_state_and_brake_has_a_name(void **state)
{
	(void)state;
	for (int i = 0; i < POOL_STATES; i++)
		assert_true(pool_state_name((enum pool_state)i)[0] != '\0');
	for (int i = 0; i <= POOL_BURST; i++)
		assert_true(pool_brake_name((enum pool_brake)i)[0] != '\0');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_of_the_table_holds),
		cmocka_unit_test(a_stopped_pool_starts_nothing),
		cmocka_unit_test(failed_starts_throttle_2_4_8_to_60_seconds),
		cmocka_unit_test(the_throttle_follows_the_order),
		cmocka_unit_test(an_end_with_status_0_forgets_the_delays),
		cmocka_unit_test(a_death_before_the_first_status_throttles),
		cmocka_unit_test(crashes_throttle_only_a_service_that_never_worked),
		cmocka_unit_test(ten_crashes_in_each_second_are_not_a_storm),
		cmocka_unit_test(ten_seconds_of_life_prove_a_service),
		cmocka_unit_test(hold_is_clipped_to_a_minute_and_restrictions_withdrawn),
		cmocka_unit_test(an_empty_order_has_no_opinion),
		cmocka_unit_test(the_longest_idle_goes_first),
		cmocka_unit_test(counters_say_what_messages_prove),
		cmocka_unit_test(one_that_ignores_being_asked_counts_as_busy),
		cmocka_unit_test(one_that_answers_being_asked_is_idle_again),
		cmocka_unit_test(one_that_says_nobody_else_when_asked_is_not_made_up_for),
		cmocka_unit_test(a_used_up_process_drains),
		cmocka_unit_test(one_client_a_process_is_busy_to_its_end),
		cmocka_unit_test(a_draining_process_keeps_its_clients_and_its_own_limit),
		cmocka_unit_test(a_shortage_is_tried_again_within_a_second_and_forgotten),
		cmocka_unit_test(one_that_never_reports_is_up_and_available_for_life),
		cmocka_unit_test(a_job_that_ended_well_runs_again_when_its_time_has_come),
		cmocka_unit_test(every_state_and_brake_has_a_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
