/* api_wire: reeve.wire, the orders and reports of wire.def for Lua. A wrong order is a bug of our
 * Lua and raises; a link that is broken raises too, and so ends the engine. */
#include "engine/api_wire.h"

#include "engine/api.h"
#include "engine/engine.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Noreturn void refuse(
	lua_State *L, const struct wire_info *info, const char *field, const char *wanted)
{
	(void)luaL_error(L, "order %s: field '%s' must be %s, not %s", info->name, field, wanted,
		luaL_tolstring(L, -1, NULL));
	abort();
}

static const struct {
	const char *wanted;
	lua_Integer least, most;
	size_t size;
} numbers[] = {
	[WIRE_T_u32] = {"a whole number from 0 to 4294967295", 0, UINT32_MAX, 4},
	[WIRE_T_u64] = {"a whole number from 0", 0, INT64_MAX, 8},
	[WIRE_T_i64] = {"a whole number", INT64_MIN, INT64_MAX, 8},
	[WIRE_T_fd] = {"an open fd", 0, INT32_MAX, 4},
};

/* The value at the top into the struct's member at `to`. Host order, as memory has it. */
static void take_value(lua_State *L, const struct wire_info *info, const struct wire_field *f, char *to)
{
	int whole = 0;
	int64_t n;

	if (f->type == WIRE_T_str) {
		size_t len = 0;
		const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &len) : NULL;
		if (text == NULL || strlen(text) != len)
			refuse(L, info, f->name, "a text without NUL bytes");
		memcpy(to, &text, sizeof text); /* the caller's table holds it */
		return;
	}
	if (f->type == WIRE_T_flag) {
		if (!lua_isboolean(L, -1))
			refuse(L, info, f->name, "true or false");
		*to = (char)lua_toboolean(L, -1);
		return;
	}
	n = lua_type(L, -1) == LUA_TNUMBER ? lua_tointegerx(L, -1, &whole) : 0;
	if (!whole || n < numbers[f->type].least || n > numbers[f->type].most)
		refuse(L, info, f->name, numbers[f->type].wanted);
	if (numbers[f->type].size == 4) {
		uint32_t small = (uint32_t)n;
		memcpy(to, &small, sizeof small);
	} else {
		memcpy(to, &n, sizeof n);
	}
}

static void refuse_strangers(lua_State *L, const struct wire_info *info)
{
	for (lua_pushnil(L); lua_next(L, 1) != 0; lua_pop(L, 1)) {
		const struct wire_field *f = info->fields();
		const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
		while (f->type != WIRE_T_end && strcmp(f->name, key) != 0)
			f++;
		if (f->type == WIRE_T_end)
			(void)luaL_error(L, "order %s: it has no field '%s'", info->name, key);
	}
}

static void put(lua_State *L, const struct wire_info *info, const union wire_any *msg)
{
	struct engine *engine = engine_of(L);
	struct err e;

	if (engine == NULL)
		(void)luaL_error(L, "order %s: there is no master here", info->name);
	if (outlink_put(&engine->out, info, msg, &e) < 0)
		(void)luaL_error(L, "%s", e.text);
}

/* upvalue: the row's place in wire.def */
static int order(lua_State *L)
{
	const struct wire_info *info = &wire_table[lua_tointeger(L, lua_upvalueindex(1))];
	union wire_any msg;

	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	refuse_strangers(L, info);
	memset(&msg, 0, sizeof msg);
	for (const struct wire_field *f = info->fields(); f->type != WIRE_T_end; f++) {
		(void)lua_getfield(L, 1, f->name);
		take_value(L, info, f, (char *)&msg + f->offset);
		lua_settop(L, 1);
	}
	put(L, info, &msg);
	return 0;
}

/* hello(): says who we are */
static int hello(lua_State *L)
{
	union wire_any msg;

	memset(&msg, 0, sizeof msg);
	msg.hello.hash = wire_hash();
	msg.hello.pid = (uint32_t)getpid();
	put(L, wire_by_name("hello"), &msg);
	return 0;
}

static int flush(lua_State *L)
{
	struct engine *engine = engine_of(L);

	if (engine != NULL)
		engine_flush(engine);
	return 0;
}

/* patient(flag): whether orders may wait for a slow master */
static int patient(lua_State *L)
{
	struct engine *engine = engine_of(L);

	if (engine != NULL)
		engine->out.patient = lua_toboolean(L, 1);
	return 0;
}

void api_wire_push(lua_State *L, const struct wire_info *info, const union wire_any *msg)
{
	lua_createtable(L, 0, 12);
	for (const struct wire_field *f = info->fields(); f->type != WIRE_T_end; f++) {
		const char *from = (const char *)msg + f->offset;
		int64_t n = 0;
		const char *text;
		if (f->type == WIRE_T_str) {
			memcpy(&text, from, sizeof text);
			lua_pushstring(L, text);
		} else if (f->type == WIRE_T_flag) {
			lua_pushboolean(L, *from);
		} else if (numbers[f->type].size == 4) {
			uint32_t small;
			memcpy(&small, from, sizeof small);
			lua_pushinteger(L, small);
		} else {
			memcpy(&n, from, sizeof n);
			lua_pushinteger(L, n);
		}
		lua_setfield(L, -2, f->name);
	}
}

static void push_fields(lua_State *L, const struct wire_info *info)
{
	lua_Integer i = 0;

	lua_newtable(L);
	for (const struct wire_field *f = info->fields(); f->type != WIRE_T_end; f++) {
		lua_pushstring(L, f->name);
		lua_rawseti(L, -2, ++i);
	}
}

/* a table: for each report a text with a letter for each field: i, b, s, or f for an fd */
static void push_types(lua_State *L)
{
	static const char letters[] = {[WIRE_T_u32] = 'i',
		[WIRE_T_u64] = 'i',
		[WIRE_T_i64] = 'i',
		[WIRE_T_flag] = 'b',
		[WIRE_T_str] = 's',
		[WIRE_T_fd] = 'f'};

	lua_newtable(L);
	for (size_t i = 0; i < wire_rows; i++) {
		char text[64];
		size_t n = 0;
		for (const struct wire_field *f = wire_table[i].fields(); f->type != WIRE_T_end; f++)
			text[n++] = letters[f->type];
		if (wire_table[i].phases != 0)
			continue;
		lua_pushlstring(L, text, n);
		lua_setfield(L, -2, wire_table[i].name);
	}
}

/* a table with a row for each order (is_order) or report */
static void push_rows(lua_State *L, bool is_order)
{
	lua_newtable(L);
	for (size_t i = 0; i < wire_rows; i++) {
		if ((wire_table[i].phases != 0) != is_order)
			continue;
		if (is_order) {
			lua_pushinteger(L, (lua_Integer)i);
			lua_pushcclosure(L, order, 1);
		} else {
			push_fields(L, &wire_table[i]);
		}
		lua_setfield(L, -2, wire_table[i].name);
	}
}

int luaopen_reeve_wire(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{"hello", hello},
		{"flush", flush},
		{"patient", patient},
		{NULL, NULL},
	};

	luaL_newlib(L, functions);
	push_rows(L, true);
	lua_setfield(L, -2, "order");
	push_rows(L, false);
	lua_setfield(L, -2, "report");
	push_types(L);
	lua_setfield(L, -2, "types");
	lua_pushinteger(L, (lua_Integer)wire_hash());
	lua_setfield(L, -2, "hash");
	return 1;
}
