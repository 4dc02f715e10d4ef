/* api: what the modules share. Wrong arguments raise: they are bugs of the Lua side. */
#include "engine/api.h"

#include <lauxlib.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *api_text(lua_State *L, int index)
{
	size_t len;
	const char *text;

	luaL_checktype(L, index, LUA_TSTRING);
	text = lua_tolstring(L, index, &len);
	luaL_argcheck(L, strlen(text) == len, index, "a text without NUL bytes is wanted");
	return text;
}

int api_refuse(lua_State *L, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	lua_pushnil(L);
	lua_pushstring(L, text);
	return 2;
}
