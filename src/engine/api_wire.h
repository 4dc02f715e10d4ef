/* api_wire: a report as a Lua table. */
#ifndef REEVE_ENGINE_API_WIRE_H
#define REEVE_ENGINE_API_WIRE_H

#include "wire/wire.h"

#include <lua.h>

/* Pushes {field = value, ...}; an fd becomes its number, and Lua's to close. */
void api_wire_push(lua_State *L, const struct wire_info *info, const union wire_any *msg);

#endif
