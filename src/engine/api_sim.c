/* reeve.sim: src/sim as a Lua module, for lua/reeve/simulate.lua. Misuse raises. Services count from 1, times
 * are whole microseconds. A world keeps one table for each kind of report and hands it out again and again.
 */
#include "engine/numbers.h"
#include "engine/sim_fields.h"
#include "sim/sim.h"

#include <lauxlib.h>
#include <lua.h>
#include <math.h>

#define SIM_TYPE "reeve.sim"

struct lua_sim {
	struct sim *sim;
	uint32_t services;
	int64_t fed_until;
};

static struct lua_sim *self(lua_State *L)
{
	return luaL_checkudata(L, 1, SIM_TYPE);
}

/* report() -> name, message | nothing when the batch is at its end */
static int next_report(lua_State *L)
{
	struct sim_report r;

	if (!sim_report(self(L)->sim, &r))
		return 0;
	lua_pushstring(L, sim_report_name(&r));
	lua_getiuservalue(L, 1, (int)r.kind + 1);
	sim_report_give(L, &r);
	return 2;
}

/* ---- arguments */

static uint32_t check_service(lua_State *L, const struct lua_sim *ls, int index)
{
	lua_Integer n = luaL_checkinteger(L, index);

	luaL_argcheck(L, n >= 1 && n <= ls->services, index, "there is no such service");
	return (uint32_t)(n - 1);
}

static uint64_t check_count(lua_State *L, int index)
{
	lua_Integer n = luaL_checkinteger(L, index);

	luaL_argcheck(L, n >= 0, index, "a number from 0 up is wanted");
	return (uint64_t)n;
}

/* Seconds to microseconds; what is too far away is never. */
static int64_t check_seconds(lua_State *L, int index)
{
	double seconds = luaL_checknumber(L, index);

	luaL_argcheck(L, seconds >= 0, index, "seconds from 0 up are wanted");
	return seconds < 9e12 ? (int64_t)(seconds * 1e6 + 0.5) : SIM_NEVER;
}

/* ---- methods */

/* new(seed, services) -> world */
static int new_sim(lua_State *L)
{
	lua_Integer seed = luaL_checkinteger(L, 1), services = luaL_checkinteger(L, 2);
	struct lua_sim *ls;

	luaL_argcheck(L, services >= 1 && services <= 10000, 2, "1 to 10000 services are wanted");
	ls = lua_newuserdatauv(L, sizeof *ls, SIM_FIELDS_KINDS);
	ls->sim = NULL;
	ls->services = (uint32_t)services;
	ls->fed_until = 0;
	for (size_t i = 0; i < SIM_FIELDS_KINDS; i++) {
		lua_createtable(L, 0, 16);
		lua_setiuservalue(L, -2, (int)i + 1);
	}
	luaL_setmetatable(L, SIM_TYPE);
	ls->sim = sim_new((uint64_t)seed, (size_t)services);
	return 1;
}

static int collect(lua_State *L)
{
	sim_free(&self(L)->sim);
	return 0;
}

/* limits(service, {process_limit, client_limit, service_count, target_ms}) */
static int limits(lua_State *L)
{
	struct lua_sim *ls = self(L);
	struct sim_limits l = {.client_limit = 1, .target_ms = 200};

	luaL_checktype(L, 3, LUA_TTABLE);
	sim_limits_take(L, 3, &l);
	luaL_argcheck(L, l.client_limit > 0, 3, "client_limit must be above 0");
	sim_limits(ls->sim, check_service(L, ls, 2), &l);
	return 0;
}

/* model(service, {all of sim_model}) */
static int model(lua_State *L)
{
	struct lua_sim *ls = self(L);
	struct sim_model m = {.cpus = 1};

	luaL_checktype(L, 3, LUA_TTABLE);
	sim_model_take(L, 3, &m);
	luaL_argcheck(L, m.cpus > 0, 3, "cpus must be above 0");
	sim_model_set(ls->sim, check_service(L, ls, 2), &m);
	return 0;
}

/* memory_total(bytes) */
static int memory_total(lua_State *L)
{
	sim_memory_total(self(L)->sim, luaL_checknumber(L, 2));
	return 0;
}

/* client(service, at, stay, patience, leak or -1, dies, hostile): seconds; `at` does not go back */
static int client(lua_State *L)
{
	struct lua_sim *ls = self(L);
	struct sim_arrival a = {.service = check_service(L, ls, 2)};

	a.at = check_seconds(L, 3);
	a.stay = check_seconds(L, 4);
	a.patience = check_seconds(L, 5);
	a.leak = luaL_checknumber(L, 6);
	a.dies = lua_toboolean(L, 7);
	a.hostile = lua_toboolean(L, 8);
	luaL_argcheck(L, a.at >= ls->fed_until && a.at >= sim_now(ls->sim), 3, "time does not go back");
	ls->fed_until = a.at;
	sim_client(ls->sim, &a);
	return 0;
}

/* run(until us) -> true when reports are due, now in us */
static int run(lua_State *L)
{
	struct lua_sim *ls = self(L);
	lua_Integer until = luaL_checkinteger(L, 2);

	luaL_argcheck(L, until >= sim_now(ls->sim), 2, "time does not go back");
	lua_pushboolean(L, sim_run(ls->sim, until) == SIM_NEWS);
	lua_pushinteger(L, sim_now(ls->sim));
	return 2;
}

static int report_all(lua_State *L)
{
	sim_report_all(self(L)->sim);
	return 0;
}

/* standing(service, order) */
static int standing(lua_State *L)
{
	struct lua_sim *ls = self(L);
	struct standing order;

	luaL_checktype(L, 3, LUA_TTABLE);
	standing_take(L, 3, &order);
	sim_standing(ls->sim, check_service(L, ls, 2), &order);
	return 0;
}

/* retire(process, deadline ms or 0) */
static int retire(lua_State *L)
{
	sim_retire(self(L)->sim, check_count(L, 2), check_count(L, 3));
	return 0;
}

/* kill(process) */
static int kill_process(lua_State *L)
{
	sim_kill(self(L)->sim, check_count(L, 2));
	return 0;
}

/* stop(service, stopped) */
static int stop(lua_State *L)
{
	struct lua_sim *ls = self(L);

	sim_stop(ls->sim, check_service(L, ls, 2), lua_toboolean(L, 3));
	return 0;
}

/* reset(service) */
static int reset(lua_State *L)
{
	struct lua_sim *ls = self(L);

	sim_reset(ls->sim, check_service(L, ls, 2));
	return 0;
}

/* crash(service, n) */
static int crash(lua_State *L)
{
	struct lua_sim *ls = self(L);
	uint64_t n = check_count(L, 3);

	sim_crash(ls->sim, check_service(L, ls, 2), n > UINT32_MAX ? UINT32_MAX : (uint32_t)n);
	return 0;
}

/* renew(service): the next processes are of a new generation */
static int renew(lua_State *L)
{
	struct lua_sim *ls = self(L);

	sim_renew(ls->sim, check_service(L, ls, 2));
	return 0;
}

/* sums(service) -> table */
static int sums(lua_State *L)
{
	struct lua_sim *ls = self(L);
	struct sim_sums all = sim_sums(ls->sim, check_service(L, ls, 2));

	lua_createtable(L, 0, 32);
	sim_sums_give(L, &all);
	return 1;
}

/* second(service, table): fills the table */
static int second(lua_State *L)
{
	struct lua_sim *ls = self(L);
	struct sim_second now = sim_second(ls->sim, check_service(L, ls, 2));

	luaL_checktype(L, 3, LUA_TTABLE);
	lua_settop(L, 3);
	sim_second_give(L, &now);
	return 0;
}

/* wait(service, q) -> seconds */
static int wait(lua_State *L)
{
	struct lua_sim *ls = self(L);

	lua_pushnumber(L, sim_wait(ls->sim, check_service(L, ls, 2), luaL_checknumber(L, 3)));
	return 1;
}

/* memory() -> bytes now, seconds over the total, the most, byte-seconds */
static int memory(lua_State *L)
{
	const struct sim *sim = self(L)->sim;

	lua_pushnumber(L, sim_memory(sim));
	lua_pushnumber(L, sim_memory_over(sim));
	lua_pushnumber(L, sim_memory_most(sim));
	lua_pushnumber(L, sim_memory_seconds(sim));
	return 4;
}

/* process_memory(service, i) -> id, private bytes | nothing */
static int process_memory(lua_State *L)
{
	struct lua_sim *ls = self(L);
	uint64_t i = check_count(L, 3), id;
	double bytes;

	if (i == 0 || !sim_process_memory(ls->sim, check_service(L, ls, 2), (size_t)(i - 1), &id, &bytes))
		return 0;
	lua_pushinteger(L, (lua_Integer)id);
	lua_pushnumber(L, bytes);
	return 2;
}

static const luaL_Reg methods[] = {
	{"limits", limits},
	{"model", model},
	{"memory_total", memory_total},
	{"client", client},
	{"run", run},
	{"report", next_report},
	{"report_all", report_all},
	{"standing", standing},
	{"retire", retire},
	{"kill", kill_process},
	{"stop", stop},
	{"reset", reset},
	{"crash", crash},
	{"renew", renew},
	{"sums", sums},
	{"second", second},
	{"wait", wait},
	{"memory", memory},
	{"process_memory", process_memory},
	{NULL, NULL},
};

int luaopen_reeve_sim(lua_State *L);

int luaopen_reeve_sim(lua_State *L)
{
	luaL_checkversion(L);
	luaL_newmetatable(L, SIM_TYPE);
	luaL_newlib(L, methods);
	lua_setfield(L, -2, "__index");
	lua_pushcfunction(L, collect);
	lua_setfield(L, -2, "__gc");
	lua_pushliteral(L, SIM_TYPE);
	lua_setfield(L, -2, "__metatable");
	lua_createtable(L, 0, 1);
	lua_pushcfunction(L, new_sim);
	lua_setfield(L, -2, "new");
	return 1;
}
