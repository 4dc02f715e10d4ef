/* reeve.sim: src/sim as a Lua module, for lua/reeve/simulate.lua. Misuse raises. Services count from 1, times
 * are whole microseconds. A world keeps one table for each kind of report and hands it out again and again.
 */
#include "engine/numbers.h"
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

static const struct number limit_numbers[] = {
	NUMBER(sim_limits, process_limit),
	NUMBER(sim_limits, client_limit),
	NUMBER(sim_limits, service_count),
	NUMBER(sim_limits, target_ms),
	{0},
};

static const struct number model_numbers[] = {
	NUMBER_DOUBLE(sim_model, boot),
	NUMBER_DOUBLE(sim_model, boot_spread),
	NUMBER_DOUBLE(sim_model, leave),
	NUMBER_DOUBLE(sim_model, retry_delay),
	NUMBER_DOUBLE(sim_model, start_failure),
	NUMBER_DOUBLE(sim_model, crash),
	NUMBER_DOUBLE(sim_model, memory),
	NUMBER_DOUBLE(sim_model, leak),
	NUMBER(sim_model, cpus),
	NUMBER(sim_model, backlog),
	NUMBER(sim_model, retries),
	{0},
};

static const struct number sum_numbers[] = {
	NUMBER(sim_sums, arrived),
	NUMBER(sim_sums, hostile),
	NUMBER(sim_sums, served),
	NUMBER(sim_sums, in_time),
	NUMBER(sim_sums, left),
	NUMBER(sim_sums, refused),
	NUMBER(sim_sums, dropped),
	NUMBER(sim_sums, lost_crash),
	NUMBER(sim_sums, lost_ours),
	NUMBER(sim_sums, taken),
	NUMBER(sim_sums, waiting),
	NUMBER(sim_sums, in_service),
	NUMBER(sim_sums, away),
	NUMBER(sim_sums, starts),
	NUMBER(sim_sums, start_failures),
	NUMBER(sim_sums, exits),
	NUMBER(sim_sums, crashes),
	NUMBER(sim_sums, retired),
	NUMBER(sim_sums, killed),
	NUMBER(sim_sums, bad_seconds),
	NUMBER(sim_sums, most_processes),
	NUMBER_DOUBLE(sim_sums, process_seconds),
	{0},
};

static const struct number second_numbers[] = {
	NUMBER(sim_second, live),
	NUMBER(sim_second, busy),
	NUMBER(sim_second, idle),
	NUMBER(sim_second, starting),
	NUMBER(sim_second, draining),
	NUMBER(sim_second, available),
	NUMBER(sim_second, floor),
	NUMBER(sim_second, waiting),
	NUMBER(sim_second, most_waiting),
	NUMBER(sim_second, dropped),
	NUMBER(sim_second, starts),
	NUMBER(sim_second, arrived),
	{0},
};

/* ---- reports: names and fields are those of wire.def */

static const struct number process_numbers[] = {
	NUMBER(sim_report, process),
	NUMBER(sim_report, generation),
	NUMBER(sim_report, state),
	NUMBER(sim_report, now),
	NUMBER(sim_report, born),
	NUMBER(sim_report, since),
	NUMBER(sim_report, available),
	NUMBER(sim_report, clients),
	NUMBER(sim_report, served),
	{0},
};

static const struct number pool_numbers[] = {
	NUMBER(sim_report, now),
	NUMBER(sim_report, generation),
	NUMBER(sim_report, waiting),
	NUMBER(sim_report, arrivals),
	NUMBER(sim_report, served),
	NUMBER(sim_report, starts),
	NUMBER(sim_report, start_failures),
	NUMBER(sim_report, exits),
	NUMBER(sim_report, crashes),
	NUMBER(sim_report, dropped),
	NUMBER(sim_report, throttled_until),
	{0},
};

static const struct number waiting_numbers[] = {
	NUMBER(sim_report, now),
	NUMBER(sim_report, waiting),
	{0},
};

static const struct number exit_numbers[] = {
	NUMBER(sim_report, process),
	NUMBER(sim_report, now),
	NUMBER(sim_report, stage),
	NUMBER(sim_report, code),
	NUMBER(sim_report, signal),
	NUMBER(sim_report, age),
	NUMBER(sim_report, served),
	NUMBER_AS(sim_report, clients, "clients_lost"),
	{0},
};

static const struct {
	const char *name;
	const struct number *numbers;
} report_rows[] = {
	[SIM_PROCESS] = {"process", process_numbers},
	[SIM_POOL] = {"pool", pool_numbers},
	[SIM_DEMAND] = {"demand", waiting_numbers},
	[SIM_LIMIT] = {"limit", waiting_numbers},
	[SIM_EXIT] = {"exit", exit_numbers},
};

#define REPORT_ROWS (sizeof report_rows / sizeof report_rows[0])

static void set_flag(lua_State *L, const char *name, bool flag)
{
	lua_pushboolean(L, flag);
	lua_setfield(L, -2, name);
}

static void set_flags(lua_State *L, const struct sim_report *r)
{
	if (r->kind == SIM_PROCESS) {
		set_flag(L, "ready", r->ready);
		lua_pushinteger(L, (lua_Integer)r->process + 1000);
		lua_setfield(L, -2, "pid");
	} else if (r->kind == SIM_POOL) {
		set_flag(L, "stopped", r->stopped);
	} else if (r->kind == SIM_EXIT) {
		set_flag(L, "ok", r->ok);
		set_flag(L, "asked", r->asked);
	}
}

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
	lua_pushstring(L, report_rows[r.kind].name);
	lua_getiuservalue(L, 1, (int)r.kind + 1);
	numbers_give(L, &r, report_rows[r.kind].numbers);
	lua_pushinteger(L, (lua_Integer)r.service + 1);
	lua_setfield(L, -2, "svc");
	set_flags(L, &r);
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
	ls = lua_newuserdatauv(L, sizeof *ls, REPORT_ROWS);
	ls->sim = NULL;
	ls->services = (uint32_t)services;
	ls->fed_until = 0;
	for (size_t i = 0; i < REPORT_ROWS; i++) {
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
	numbers_take(L, 3, &l, limit_numbers);
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
	numbers_take(L, 3, &m, model_numbers);
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
	numbers_give(L, &all, sum_numbers);
	return 1;
}

/* second(service, table): fills the table */
static int second(lua_State *L)
{
	struct lua_sim *ls = self(L);
	struct sim_second now = sim_second(ls->sim, check_service(L, ls, 2));

	luaL_checktype(L, 3, LUA_TTABLE);
	lua_settop(L, 3);
	numbers_give(L, &now, second_numbers);
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
