/* links: engine/deadline; deadline: processor time counts, and by the wall clock only for whom it was asked
 * and who has computed in earnest. */
#include "engine/deadline.h"
#include "test.h"

#include <lauxlib.h>
#include <poll.h>
#include <time.h>

#define MS   500
#define SOME 100 /* ms of processor time: in earnest, and far from the deadline */

static uint64_t ms_of(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* compute(ms): so much processor time */
static int compute(lua_State *L)
{
	uint64_t until = ms_of(CLOCK_THREAD_CPUTIME_ID) + (uint64_t)luaL_checkinteger(L, 1);

	while (ms_of(CLOCK_THREAD_CPUTIME_ID) < until)
		;
	return 0;
}

/* stand_still(ms): others have the processor meanwhile */
static int stand_still(lua_State *L)
{
	uint64_t until = ms_of(CLOCK_MONOTONIC) + (uint64_t)luaL_checkinteger(L, 1);

	while (ms_of(CLOCK_MONOTONIC) < until)
		(void)poll(NULL, 0, 10); /* which the ticks interrupt */
	return 0;
}

/* Runs the chunk; whether its time was up, and how much of the processor's it took. */
static bool is_over(const char *chunk, bool by_wall, uint64_t *spent)
{
	lua_State *L = luaL_newstate();
	uint64_t before = ms_of(CLOCK_THREAD_CPUTIME_ID);
	struct deadline d;
	bool over;

	lua_register(L, "compute", compute);
	lua_register(L, "stand_still", stand_still);
	assert_int_equal(luaL_loadstring(L, chunk), LUA_OK);
	deadline_enter(&d, L, MS);
	if (by_wall)
		deadline_by_wall(&d);
	(void)lua_pcall(L, 0, 0, 0);
	over = deadline_leave(&d, L);
	deadline_rest();
	*spent = ms_of(CLOCK_THREAD_CPUTIME_ID) - before;
	lua_close(L);
	return over;
}

static void an_endless_loop_ends_after_its_processor_time(void **state)
{
	uint64_t spent;

	(void)state;
	assert_true(is_over("while true do end", false, &spent));
	assert_true(spent + 1 >= MS);
}

static void one_that_stands_still_is_not_late(void **state)
{
	uint64_t spent;

	(void)state;
	assert_false(is_over("stand_still(700)", false, &spent));
	assert_false(is_over("stand_still(700)", true, &spent)); /* it has not computed in earnest */
}

static void by_the_wall_clock_it_ends_with_processor_time_left(void **state)
{
	uint64_t spent;

	(void)state;
	assert_true(is_over("compute(100) stand_still(700) while true do end", true, &spent));
	assert_true(spent >= SOME && spent < MS);
	assert_true(is_over("compute(100) stand_still(700)", true, &spent)); /* its results are late */
	assert_false(is_over("compute(100) stand_still(700)", false, &spent));
}

static int start(void **state)
{
	(void)state;
	deadline_init();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_endless_loop_ends_after_its_processor_time),
		cmocka_unit_test(one_that_stands_still_is_not_late),
		cmocka_unit_test(by_the_wall_clock_it_ends_with_processor_time_left),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
