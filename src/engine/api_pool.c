/* reeve.pool: src/pool/pool.c as a Lua module, so that the simulator, reeve.test and the engine run
 * the very code the master runs. Misuse (an unknown process, a number out of range) raises.
 *
 * A pool is a userdata; its processes are userdata of their own, kept alive by the table that is
 * the pool's user value (id -> process), so the links of the lists stay where they are. */
#include "engine/numbers.h"
#include "pool/pool.h"

#include <lauxlib.h>
#include <lua.h>

#define POOL_TYPE "reeve.pool"

struct member {
	struct pool_process process;
	lua_Integer id;
};

struct lua_pool {
	struct pool pool;
	struct standing standing;
};

static const struct number limit_numbers[] = {
	NUMBER(pool, process_limit),
	NUMBER(pool, client_limit),
	NUMBER(pool, service_count),
	NUMBER(pool, again_ms),
	{0},
};

static const struct number counter_numbers[] = {
	NUMBER(pool, arrivals),
	NUMBER(pool, served),
	NUMBER(pool, starts),
	NUMBER(pool, start_failures),
	NUMBER(pool, exits),
	NUMBER(pool, crashes),
	NUMBER(pool, throttled_until),
	NUMBER(pool, throttle_next),
	{0},
};

static const struct number process_numbers[] = {
	NUMBER(pool_process, available),
	NUMBER(pool_process, clients),
	NUMBER_AS(pool_process, accepted, "served"),
	NUMBER(pool_process, since),
	{0},
};

static struct lua_pool *self(lua_State *L)
{
	return luaL_checkudata(L, 1, POOL_TYPE);
}

static uint64_t check_now(lua_State *L, int index)
{
	lua_Integer now = luaL_checkinteger(L, index);

	luaL_argcheck(L, now >= 0, index, "milliseconds are not negative");
	return (uint64_t)now;
}

static uint32_t check_u32(lua_State *L, int index)
{
	lua_Integer n = luaL_checkinteger(L, index);

	luaL_argcheck(L, n >= 0 && n <= UINT32_MAX, index, "not in the range of 32 bits");
	return (uint32_t)n;
}

/* The process with the id at index 2. */
static struct member *member(lua_State *L)
{
	lua_Integer id = luaL_checkinteger(L, 2);
	struct member *m;

	lua_getiuservalue(L, 1, 1);
	lua_geti(L, -1, id);
	m = lua_touserdata(L, -1);
	if (m == NULL)
		luaL_error(L, "no process %I in this pool", id);
	lua_pop(L, 2);
	return m;
}

static void limits_take(lua_State *L, int index, struct pool *p)
{
	luaL_checktype(L, index, LUA_TTABLE);
	numbers_take(L, index, p, limit_numbers);
	flag_take(L, index, "reports", &p->reports);
	flag_take(L, index, "stopped", &p->stopped);
	flag_take(L, index, "once", &p->once);
}

/* new{process_limit, client_limit, service_count, again_ms, reports, stopped, once} -> pool */
static int pool_new(lua_State *L)
{
	struct lua_pool *lp = lua_newuserdatauv(L, sizeof *lp, 1);

	pool_init(&lp->pool);
	standing_init(&lp->standing);
	lua_newtable(L);
	lua_setiuservalue(L, -2, 1);
	luaL_setmetatable(L, POOL_TYPE);
	if (!lua_isnoneornil(L, 1))
		limits_take(L, 1, &lp->pool);
	return 1;
}

/* limits{...}: the same fields, any time */
static int set_limits(lua_State *L)
{
	limits_take(L, 2, &self(L)->pool);
	return 0;
}

/* standing{...} [, now]: replaces the standing order; with `now`, clipped as the master clips it */
static int set_standing(lua_State *L)
{
	struct lua_pool *lp = self(L);

	luaL_checktype(L, 2, LUA_TTABLE);
	standing_take(L, 2, &lp->standing);
	if (!lua_isnoneornil(L, 3))
		standing_clip(&lp->standing, check_now(L, 3));
	return 0;
}

/* withdraw() -> whether anything changed: the engine is away */
static int withdraw(lua_State *L)
{
	lua_pushboolean(L, standing_withdraw(&self(L)->standing));
	return 1;
}

/* step(waiting, now) -> {start, ask, brake, wake} */
static int step(lua_State *L)
{
	struct lua_pool *lp = self(L);
	struct pool_actions a = pool_step(&lp->pool, &lp->standing, check_u32(L, 2), check_now(L, 3));

	lua_createtable(L, 0, 4);
	lua_pushinteger(L, a.start);
	lua_setfield(L, -2, "start");
	lua_pushinteger(L, a.ask);
	lua_setfield(L, -2, "ask");
	lua_pushstring(L, pool_brake_name(a.brake));
	lua_setfield(L, -2, "brake");
	lua_pushinteger(L, (lua_Integer)a.wake);
	lua_setfield(L, -2, "wake");
	return 1;
}

/* victim() -> id | nil */
static int victim(lua_State *L)
{
	const struct pool_process *pp = pool_victim(&self(L)->pool);

	if (pp == NULL)
		return 0;
	lua_pushinteger(L, ((const struct member *)pp)->id);
	return 1;
}

/* started(id, now) */
static int started(lua_State *L)
{
	struct lua_pool *lp = self(L);
	lua_Integer id = luaL_checkinteger(L, 2);
	uint64_t now = check_now(L, 3);
	struct member *m;

	lua_getiuservalue(L, 1, 1);
	if (lua_geti(L, -1, id) != LUA_TNIL)
		return luaL_error(L, "process %I is already in this pool", id);
	lua_pop(L, 1);
	m = lua_newuserdatauv(L, sizeof *m, 0);
	m->id = id;
	lua_seti(L, -2, id);
	pool_started(&lp->pool, &m->process, now);
	return 0;
}

/* up(id, now) */
static int up(lua_State *L)
{
	struct lua_pool *lp = self(L);

	pool_up(&lp->pool, &member(L)->process, check_now(L, 3));
	return 0;
}

/* status(id, available, now) -> false when it had to be clamped to client_limit */
static int status(lua_State *L)
{
	struct lua_pool *lp = self(L);

	lua_pushboolean(L, pool_status(&lp->pool, &member(L)->process, check_u32(L, 3), check_now(L, 4)));
	return 1;
}

/* asked(id, now) */
static int asked(lua_State *L)
{
	struct lua_pool *lp = self(L);

	pool_asked(&lp->pool, &member(L)->process, check_now(L, 3));
	return 0;
}

/* refused(id, now) */
static int refused(lua_State *L)
{
	struct lua_pool *lp = self(L);

	pool_refused(&lp->pool, &member(L)->process, check_now(L, 3));
	return 0;
}

/* drain(id, now) */
static int drain(lua_State *L)
{
	struct lua_pool *lp = self(L);

	pool_drain(&lp->pool, &member(L)->process, check_now(L, 3));
	return 0;
}

/* gone(id, {ok, asked, age}, now) -> whether the service is throttled for it */
static int gone(lua_State *L)
{
	struct lua_pool *lp = self(L);
	struct member *m = member(L);
	struct pool_end end = {0};
	uint64_t now = check_now(L, 4);
	bool throttled;

	luaL_checktype(L, 3, LUA_TTABLE);
	flag_take(L, 3, "ok", &end.ok);
	flag_take(L, 3, "asked", &end.asked);
	lua_getfield(L, 3, "age");
	end.age = check_now(L, lua_gettop(L));
	throttled = pool_gone(&lp->pool, &m->process, &lp->standing, &end, now);
	lua_getiuservalue(L, 1, 1);
	lua_pushnil(L);
	lua_seti(L, -2, lua_tointeger(L, 2));
	lua_pushboolean(L, throttled);
	return 1;
}

/* start_failed(now) */
static int start_failed(lua_State *L)
{
	struct lua_pool *lp = self(L);

	pool_start_failed(&lp->pool, &lp->standing, check_now(L, 2));
	return 0;
}

/* reset() */
static int reset(lua_State *L)
{
	pool_reset(&self(L)->pool);
	return 0;
}

/* process(id) -> {state, reported, available, clients, served, since} */
static int process(lua_State *L)
{
	const struct pool_process *pp;

	self(L);
	pp = &member(L)->process;
	lua_createtable(L, 0, 6);
	numbers_give(L, pp, process_numbers);
	lua_pushstring(L, pool_state_name(pp->state));
	lua_setfield(L, -2, "state");
	lua_pushboolean(L, pp->reported);
	lua_setfield(L, -2, "reported");
	return 1;
}

/* count("idle") -> how many are in that state */
static int count(lua_State *L)
{
	static const char *const states[] = {"starting", "idle", "busy", "leaving", "draining", NULL};
	const struct lua_pool *lp = self(L);

	lua_pushinteger(L, lp->pool.in[luaL_checkoption(L, 2, NULL, states)].count);
	return 1;
}

static int live(lua_State *L)
{
	lua_pushinteger(L, pool_live(&self(L)->pool));
	return 1;
}

static int available(lua_State *L)
{
	lua_pushinteger(L, self(L)->pool.available);
	return 1;
}

static int clients(lua_State *L)
{
	lua_pushinteger(L, self(L)->pool.clients);
	return 1;
}

/* counters() -> {arrivals, served, starts, start_failures, exits, crashes, throttled_until, ...} */
static int counters(lua_State *L)
{
	const struct lua_pool *lp = self(L);

	lua_newtable(L);
	numbers_give(L, &lp->pool, counter_numbers);
	return 1;
}

static const luaL_Reg methods[] = {
	{"limits", set_limits},
	{"standing", set_standing},
	{"withdraw", withdraw},
	{"step", step},
	{"victim", victim},
	{"started", started},
	{"up", up},
	{"status", status},
	{"asked", asked},
	{"refused", refused},
	{"drain", drain},
	{"gone", gone},
	{"start_failed", start_failed},
	{"reset", reset},
	{"process", process},
	{"count", count},
	{"live", live},
	{"available", available},
	{"clients", clients},
	{"counters", counters},
	{NULL, NULL},
};

int luaopen_reeve_pool(lua_State *L);

int luaopen_reeve_pool(lua_State *L)
{
	luaL_checkversion(L);
	luaL_newmetatable(L, POOL_TYPE);
	luaL_newlib(L, methods);
	lua_setfield(L, -2, "__index");
	lua_pushliteral(L, POOL_TYPE);
	lua_setfield(L, -2, "__metatable");
	lua_createtable(L, 0, 2);
	lua_pushcfunction(L, pool_new);
	lua_setfield(L, -2, "new");
	lua_pushinteger(L, POOL_NO_LIMIT);
	lua_setfield(L, -2, "no_limit");
	return 1;
}
