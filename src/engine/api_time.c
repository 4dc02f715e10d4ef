/* api_time: reeve.time, the clocks and the one timer. */
#include "base/clock.h"
#include "engine/api.h"
#include "engine/engine.h"

#include <lauxlib.h>
#include <time.h>

static int now(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer)clock_ms());
	return 1;
}

/* unix() -> ms of the wall clock */
static int unix_ms(lua_State *L)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	lua_pushinteger(L, (lua_Integer)t.tv_sec * 1000 + t.tv_nsec / 1000000);
	return 1;
}

static void set_number(lua_State *L, const char *key, lua_Integer n)
{
	lua_pushinteger(L, n);
	lua_setfield(L, -2, key);
}

/* wall() -> {unix = seconds, sec = since local midnight, wday = 1 (Monday) to 7, zone = "UTC"} */
static int wall(lua_State *L)
{
	time_t t = time(NULL);
	struct tm tm;

	(void)localtime_r(&t, &tm);
	lua_createtable(L, 0, 4);
	set_number(L, "unix", (lua_Integer)t);
	set_number(L, "sec", tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec);
	set_number(L, "wday", tm.tm_wday == 0 ? 7 : tm.tm_wday);
	lua_pushstring(L, tm.tm_zone != NULL ? tm.tm_zone : "");
	lua_setfield(L, -2, "zone");
	return 1;
}

/* wake(ms): on_timer() is called at this time of now(); 0: not */
static int wake(lua_State *L)
{
	lua_Integer ms = luaL_checkinteger(L, 1);
	struct engine *engine = engine_of(L);

	luaL_argcheck(L, ms >= 0, 1, "a time of now() is wanted, or 0");
	if (engine != NULL)
		engine_wake(engine, (uint64_t)ms);
	return 0;
}

int luaopen_reeve_time(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{"now", now}, {"unix", unix_ms}, {"wall", wall}, {"wake", wake}, {NULL, NULL}};

	luaL_newlib(L, functions);
	return 1;
}
