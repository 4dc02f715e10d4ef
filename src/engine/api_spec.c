/* api_spec: reeve.spec, the settings table for Lua. Stands alone: it is also built as a module. */
#include "spec/spec.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>
#include <string.h>

int luaopen_reeve_spec(lua_State *L);

static enum spec_scope check_scope(lua_State *L, int index)
{
	const char *name = luaL_checkstring(L, index);

	for (int i = 0; i < SPEC_SCOPES; i++)
		if (strcmp(spec_scope_name((enum spec_scope)i), name) == 0)
			return (enum spec_scope)i;
	(void)luaL_error(L, "there is no scope '%s'", name);
	return SPEC_global;
}

static const struct spec_row *check_row(lua_State *L)
{
	enum spec_scope scope = check_scope(L, 1);
	const char *name = luaL_checkstring(L, 2);
	const struct spec_row *row = spec_find(scope, name);

	if (row == NULL)
		(void)luaL_error(L, "there is no setting '%s' of %s", name, spec_scope_name(scope));
	return row;
}

/* parse(scope, name, text) -> canonical | nil, sentence */
static int parse(lua_State *L)
{
	const struct spec_row *row = check_row(L);
	size_t len;
	const char *text = luaL_checklstring(L, 3, &len);
	struct spec_value value;
	struct err e;

	if (strlen(text) != len) {
		lua_pushnil(L);
		lua_pushliteral(L, "the text has a NUL byte inside");
		return 2;
	}
	if (spec_parse(row, text, &value, &e) < 0) {
		lua_pushnil(L);
		lua_pushstring(L, e.text);
		return 2;
	}
	if (!spec_is_number(row->type) || row->type == SPEC_T_user || row->type == SPEC_T_group)
		lua_pushstring(L, value.text); /* names of users are resolved by the config */
	else
		lua_pushfstring(L, "%I", (LUAI_UACINT)value.number);
	return 1;
}

/* print(scope, name, canonical) -> the user's form */
static int print(lua_State *L)
{
	const struct spec_row *row = check_row(L);
	struct spec_value value = {0, luaL_checkstring(L, 3)};
	char out[64];
	int is_number;

	if (!spec_is_number(row->type)) {
		lua_pushvalue(L, 3);
		return 1;
	}
	value.number = lua_tointegerx(L, 3, &is_number);
	if (!is_number)
		return luaL_error(L, "%s: '%s' is not a canonical number", row->name, value.text);
	spec_print(row, &value, out, sizeof out);
	lua_pushstring(L, out);
	return 1;
}

/* suggest(scope, name) -> name | nil */
static int suggest(lua_State *L)
{
	lua_pushstring(L, spec_suggest(check_scope(L, 1), luaL_checkstring(L, 2)));
	return 1;
}

static void set_text(lua_State *L, const char *key, const char *text)
{
	lua_pushstring(L, text);
	lua_setfield(L, -2, key);
}

static void set_bound(lua_State *L, const char *key, int64_t n)
{
	if (n == INT64_MIN)
		return;
	lua_pushinteger(L, n);
	lua_setfield(L, -2, key);
}

static void push_row(lua_State *L, const struct spec_row *row)
{
	lua_createtable(L, 0, 9);
	set_text(L, "scope", spec_scope_name(row->scope));
	set_text(L, "name", row->name);
	set_text(L, "type", spec_type_name(row->type));
	set_text(L, "default", row->fallback);
	if (row->bounds.words != NULL) {
		set_text(L, "words", row->bounds.words);
	} else {
		set_bound(L, "least", row->bounds.least);
		set_bound(L, "most", row->bounds.most);
	}
	set_text(L, "change", spec_change_name(row->on_change));
	set_text(L, "help", row->help);
}

int luaopen_reeve_spec(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{"parse", parse},
		{"print", print},
		{"suggest", suggest},
		{NULL, NULL},
	};

	luaL_newlib(L, functions);
	lua_createtable(L, (int)spec_settings_n, 0);
	for (size_t i = 0; i < spec_settings_n; i++) {
		push_row(L, &spec_settings[i]);
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
	lua_setfield(L, -2, "settings");
#ifdef REEVE_MUTANTS /* build-mutants/ alone: the row whose effect is taken away (make mutants) */
	lua_pushstring(L, getenv("REEVE_MUTANT"));
	lua_setfield(L, -2, "mutant");
#endif
	return 1;
}
