/* sim_fields: see the header. */
#include "engine/sim_fields.h"

#include "engine/numbers.h"

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

_Static_assert(
	sizeof report_rows / sizeof report_rows[0] == SIM_FIELDS_KINDS, "a table for each kind of report");

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

void sim_limits_take(lua_State *L, int index, struct sim_limits *limits)
{
	numbers_take(L, index, limits, limit_numbers);
}

void sim_model_take(lua_State *L, int index, struct sim_model *model)
{
	numbers_take(L, index, model, model_numbers);
}

const char *sim_report_name(const struct sim_report *report)
{
	return report_rows[report->kind].name;
}

void sim_report_give(lua_State *L, const struct sim_report *report)
{
	numbers_give(L, report, report_rows[report->kind].numbers);
	lua_pushinteger(L, (lua_Integer)report->service + 1);
	lua_setfield(L, -2, "svc");
	set_flags(L, report);
}

void sim_sums_give(lua_State *L, const struct sim_sums *sums)
{
	numbers_give(L, sums, sum_numbers);
}

void sim_second_give(lua_State *L, const struct sim_second *second)
{
	numbers_give(L, second, second_numbers);
}
