/* sim_fields: the structs of sim.h as Lua tables, for reeve.sim. Names and fields of reports are those of
 * wire.def. What is wrong in a table raises. */
#ifndef REEVE_ENGINE_SIM_FIELDS_H
#define REEVE_ENGINE_SIM_FIELDS_H

#include "sim/sim.h"

#include <lua.h>

/* How many kinds of reports there are. */
#define SIM_FIELDS_KINDS 5

/* Takes what stands in the table at `index`; the rest of the struct stays. */
void sim_limits_take(lua_State *L, int index, struct sim_limits *limits);
void sim_model_take(lua_State *L, int index, struct sim_model *model);

/* The name of a report's kind in wire.def. */
const char *sim_report_name(const struct sim_report *report);

/* Fills the table at the top. */
void sim_report_give(lua_State *L, const struct sim_report *report);
void sim_sums_give(lua_State *L, const struct sim_sums *sums);
void sim_second_give(lua_State *L, const struct sim_second *second);

#endif
