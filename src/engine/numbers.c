/* numbers: structs to tables and back. */
#include "engine/numbers.h"

#include <lauxlib.h>
#include <stdint.h>
#include <string.h>

static uint64_t number_get(const unsigned char *at, const struct number *n)
{
	uint64_t u64;
	uint32_t u32;

	if (n->size == 1)
		return *at;
	if (n->size == sizeof u32) {
		memcpy(&u32, at, sizeof u32);
		return u32;
	}
	memcpy(&u64, at, sizeof u64);
	return u64;
}

static void number_set(unsigned char *at, const struct number *n, uint64_t value)
{
	uint32_t u32 = (uint32_t)value;

	if (n->size == 1)
		*at = (unsigned char)value;
	else if (n->size == sizeof u32)
		memcpy(at, &u32, sizeof u32);
	else
		memcpy(at, &value, sizeof value);
}

static void take_double(lua_State *L, unsigned char *at, const struct number *n)
{
	int is_number = 0;
	double value = lua_tonumberx(L, -1, &is_number);

	if (!is_number || !(value >= 0))
		luaL_error(L, "%s = %s is not a number from 0 up", n->name, luaL_tolstring(L, -1, NULL));
	memcpy(at, &value, sizeof value);
}

static void take_whole(lua_State *L, unsigned char *at, const struct number *n)
{
	int whole = 0;
	lua_Integer value = lua_tointegerx(L, -1, &whole);
	lua_Integer most = n->size == 1                  ? UINT8_MAX
			   : n->size == sizeof(uint32_t) ? UINT32_MAX
							 : LUA_MAXINTEGER;

	if (!whole || value < 0 || value > most)
		luaL_error(L, "%s = %s is not a whole number from 0 to %I", n->name,
			luaL_tolstring(L, -1, NULL), most);
	number_set(at, n, (uint64_t)value);
}

void numbers_take(lua_State *L, int index, void *base, const struct number *table)
{
	for (const struct number *n = table; n->name != NULL; n++) {
		unsigned char *at = (unsigned char *)base + n->offset;
		if (lua_getfield(L, index, n->name) != LUA_TNIL) {
			if (n->is_double)
				take_double(L, at, n);
			else
				take_whole(L, at, n);
		}
		lua_pop(L, 1);
	}
}

void numbers_give(lua_State *L, const void *base, const struct number *table)
{
	for (const struct number *n = table; n->name != NULL; n++) {
		const unsigned char *at = (const unsigned char *)base + n->offset;
		double value;
		if (n->is_double) {
			memcpy(&value, at, sizeof value);
			lua_pushnumber(L, value);
		} else {
			lua_pushinteger(L, (lua_Integer)number_get(at, n));
		}
		lua_setfield(L, -2, n->name);
	}
}

void flag_take(lua_State *L, int index, const char *name, bool *flag)
{
	if (lua_getfield(L, index, name) != LUA_TNIL)
		*flag = lua_toboolean(L, -1);
	lua_pop(L, 1);
}

void standing_take(lua_State *L, int index, struct standing *standing)
{
	static const struct number numbers[] = {
		NUMBER(standing, at_least),
		NUMBER(standing, at_most),
		NUMBER(standing, spare),
		NUMBER(standing, burst),
		NUMBER(standing, shrink_to),
		NUMBER(standing, mode),
		NUMBER(standing, hold_until),
		NUMBER(standing, as_of),
		NUMBER(standing, throttle_first),
		NUMBER(standing, throttle_most),
		{0},
	};

	standing_init(standing);
	numbers_take(L, index, standing, numbers);
	flag_take(L, index, "on_demand", &standing->on_demand);
}
