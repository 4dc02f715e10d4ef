/* api_spec: the settings table for Lua (module reeve.spec). A wrong value is nil and a sentence; a
 * scope or setting that does not exist is a bug of the caller and raises. */
#include "spec/spec.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>
#include <string.h>

int luaopen_reeve_spec(lua_State *L);

static const struct {
	const char *name;
	enum spec_scope scope;
} scopes[] = {
	{"global", SPEC_global},
	{"service", SPEC_service},
	{"inet_listener", SPEC_inet},
	{"unix_listener", SPEC_path},
	{"fifo_listener", SPEC_path},
};

static enum spec_scope check_scope(lua_State *L, int at)
{
	const char *name = luaL_checkstring(L, at);

	for (size_t i = 0; i < sizeof scopes / sizeof scopes[0]; i++)
		if (strcmp(scopes[i].name, name) == 0)
			return scopes[i].scope;
	return (enum spec_scope)luaL_argerror(L, at, "no such scope");
}

static const struct spec_row *check_row(lua_State *L)
{
	const struct spec_row *row = spec_find(check_scope(L, 1), luaL_checkstring(L, 2));

	if (row == NULL)
		luaL_argerror(L, 2, "no such setting");
	return row;
}

static int is_id(const struct spec_row *row)
{
	return row->type == SPEC_T_user || row->type == SPEC_T_group;
}

/* parse(scope, name, text) -> canonical text | nil, sentence. Names of users and groups stay names:
 * who runs the look-ups is the caller's choice. */
static int parse(lua_State *L)
{
	const struct spec_row *row = check_row(L);
	const char *text = luaL_checkstring(L, 3);
	struct spec_value value;
	struct err e;

	if (spec_parse(row, text, &value, &e) < 0) {
		lua_pushnil(L);
		lua_pushstring(L, e.text);
		return 2;
	}
	if (spec_is_number(row->type) && !is_id(row)) {
		lua_pushinteger(L, value.number);
		lua_tostring(L, -1);
		return 1;
	}
	lua_pushvalue(L, 3);
	return 1;
}

/* print(scope, name, canonical) -> the user's form */
static int print(lua_State *L)
{
	const struct spec_row *row = check_row(L);
	const char *canonical = luaL_checkstring(L, 3);
	struct spec_value value = {0, canonical};
	char out[64];

	if (!spec_is_number(row->type)) {
		lua_pushvalue(L, 3);
		return 1;
	}
	value.number = strtoll(canonical, NULL, 10);
	spec_print(row, &value, out, sizeof out);
	lua_pushstring(L, out);
	return 1;
}

/* suggest(scope, name) -> name | nil */
static int suggest(lua_State *L)
{
	const char *name = spec_suggest(check_scope(L, 1), luaL_checkstring(L, 2));

	lua_pushstring(L, name);
	return 1;
}

static void set_text(lua_State *L, const char *key, const char *text)
{
	lua_pushstring(L, text);
	lua_setfield(L, -2, key);
}

static void set_bound(lua_State *L, const char *key, int64_t n)
{
	lua_pushinteger(L, n);
	lua_setfield(L, -2, key);
}

/* "a|b" as the list {"a", "b"} */
static void set_words(lua_State *L, const char *words)
{
	lua_Integer n = 0;

	lua_newtable(L);
	for (const char *end;; words = end + 1) {
		end = strchrnul(words, '|');
		lua_pushlstring(L, words, (size_t)(end - words));
		lua_rawseti(L, -2, ++n);
		if (*end == '\0')
			break;
	}
	lua_setfield(L, -2, "words");
}

static void push_row(lua_State *L, const struct spec_row *row)
{
	lua_newtable(L);
	set_text(L, "scope", spec_scope_name(row->scope));
	set_text(L, "name", row->name);
	set_text(L, "type", spec_type_name(row->type));
	set_text(L, "default", row->fallback);
	set_text(L, "change", spec_change_name(row->on_change));
	set_text(L, "help", row->help);
	if (row->bounds.words != NULL)
		set_words(L, row->bounds.words);
	else if (row->bounds.least != INT64_MIN) {
		set_bound(L, "least", row->bounds.least);
		set_bound(L, "most", row->bounds.most);
	}
}

static const luaL_Reg functions[] = {
	{"parse", parse},
	{"print", print},
	{"suggest", suggest},
	{NULL, NULL},
};

int luaopen_reeve_spec(lua_State *L)
{
	luaL_newlib(L, functions);
	lua_createtable(L, (int)spec_settings_n, 0);
	for (size_t i = 0; i < spec_settings_n; i++) {
		push_row(L, &spec_settings[i]);
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
	lua_setfield(L, -2, "settings");
	return 1;
}
