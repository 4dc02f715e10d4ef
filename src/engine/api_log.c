/* api_log: reeve.log. A format that does not fit its values raises, as string.format does. */
#include "base/say.h"
#include "engine/api.h"

#include <lauxlib.h>

/* (format, ...): without values the text is taken as it is */
static int log_line(lua_State *L)
{
	enum say_level level = (enum say_level)lua_tointeger(L, lua_upvalueindex(1));

	(void)luaL_checkstring(L, 1);
	if (lua_gettop(L) > 1) {
		lua_pushvalue(L, lua_upvalueindex(2));
		lua_insert(L, 1);
		lua_call(L, lua_gettop(L) - 1, 1);
	}
	say(level, "%s", lua_tostring(L, 1));
	return 0;
}

int luaopen_reeve_log(lua_State *L)
{
	static const char *const names[] = {
		[SAY_DEBUG] = "debug",
		[SAY_INFO] = "info",
		[SAY_WARNING] = "warn",
		[SAY_ERROR] = "error",
	};

	lua_createtable(L, 0, 4);
	for (int i = 0; i < 4; i++) {
		lua_pushinteger(L, i);
		(void)lua_getglobal(L, "string");
		(void)lua_getfield(L, -1, "format");
		lua_remove(L, -2);
		lua_pushcclosure(L, log_line, 2);
		lua_setfield(L, -2, names[i]);
	}
	return 1;
}
