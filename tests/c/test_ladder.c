/* links: master/; wrap: clock_ms */
/* ladder: the deadline of a process that finishes is the earliest it was given. */
#include "base/clock.h"
#include "master/contract.h"
#include "master/kind.h"
#include "master/ladder.h"
#include "master/master.h"
#include "test.h"

#include <string.h>

static uint64_t now;

uint64_t __wrap_clock_ms(void);

uint64_t __wrap_clock_ms(void)
{
	return now;
}

/* A process that drains: it said STOPPING=1 at 1000 and may take 60 s. */
static struct world {
	struct master master;
	struct service service;
	struct definition definition;
	struct process process;
} world;

static void set_up(void)
{
	struct process *p = &world.process;

	memset(&world, 0, sizeof world);
	now = 1000;
	world.master.loop = event_base_new();
	assert_non_null(world.master.loop);
	world.master.life = MASTER_STOPPING;
	world.service.master = &world.master;
	world.service.definition = &world.definition;
	world.service.kind = kind_find("");
	world.service.is_touched = world.service.is_dirty = true; /* nobody listens */
	p->service = &world.service;
	p->contract = contract_find("systemd", false);
	p->is_dirty = true;
	p->pidfd = p->dead_fd = p->heir.pidfd = -1;
	p->pool.state = POOL_DRAINING;
	assert_int_equal(evtimer_assign(&p->timer, world.master.loop, ladder_on_timer, p), 0);
	p->finish_by = now + 60000;
	ladder_climb(p, STEP_FINISH, 60000);
}

static void tear_down(void)
{
	(void)event_del(&world.process.timer);
	event_base_free(world.master.loop);
}

static void who_said_stopping_gets_no_more_time_by_a_stop(void **state)
{
	(void)state;
	set_up();
	now = 41000;
	process_retire(&world.process, now + 60000);
	assert_int_equal(world.process.step, STEP_FINISH);
	assert_int_equal(world.process.due, 61000);
	assert_true(world.process.asked); /* however it ends now is no failure of its own */
	process_retire(&world.process, 0);
	assert_int_equal(world.process.due, 61000);
	tear_down();
}

static void an_earlier_deadline_wins(void **state)
{
	(void)state;
	set_up();
	now = 41000;
	process_retire(&world.process, now + 5000);
	assert_int_equal(world.process.due, 46000);
	process_retire(&world.process, now + 60000);
	assert_int_equal(world.process.due, 46000);
	tear_down();
}

static void whoever_has_no_deadline_gets_one(void **state)
{
	(void)state;
	set_up();
	world.process.finish_by = 0;
	ladder_climb(&world.process, STEP_FINISH, TEXT_UNLIMITED);
	assert_int_equal(world.process.due, 0);
	process_retire(&world.process, now + 5000);
	assert_int_equal(world.process.due, 6000);
	tear_down();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_said_stopping_gets_no_more_time_by_a_stop),
		cmocka_unit_test(an_earlier_deadline_wins),
		cmocka_unit_test(whoever_has_no_deadline_gets_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
