/* api_lock: reeve.lock. Dies when a privilege stays. */
#include "engine/api.h"
#include "engine/lockdown.h"

#include <lauxlib.h>
#include <unistd.h>

static lua_Integer take_id(lua_State *L, const char *key)
{
	lua_Integer id;
	int whole;

	(void)lua_getfield(L, 1, key);
	id = lua_tointegerx(L, -1, &whole);
	if (!whole || id < -1 || id >= UINT32_MAX)
		return luaL_error(L, "lock.enter: %s is not an id", key);
	lua_pop(L, 1);
	return id;
}

/* enter{uid, gid, file_most}: gives up every privilege; -1: stay who we are */
static int enter(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_Integer most;

	(void)lua_getfield(L, 1, "file_most");
	most = lua_tointeger(L, -1);
	lua_pop(L, 1);
	lockdown(take_id(L, "uid"), take_id(L, "gid"), most > 0 ? (uint64_t)most : 0);
	return 0;
}

/* pid() -> our own */
static int pid(lua_State *L)
{
	lua_pushinteger(L, getpid());
	return 1;
}

int luaopen_reeve_lock(lua_State *L)
{
	static const luaL_Reg functions[] = {{"enter", enter}, {"pid", pid}, {NULL, NULL}};

	luaL_newlib(L, functions);
	return 1;
}
