/* api_guard: reeve.guard, the fence round user code. Nothing here outlives an error: the deadline
 * and the memory rules are left before any result is made. */
#include "engine/api.h"
#include "engine/deadline.h"
#include "engine/engine.h"
#include "engine/session.h"
#include "engine/vm.h"

#include <lauxlib.h>
#include <string.h>

struct attend {
	struct sessions *sessions;
	uint64_t session;
	uint32_t id;
};

static const char *last_trace(const char *text)
{
	const char *found = NULL;

	for (const char *at = text; (at = strstr(at, "\nstack traceback:")) != NULL; at++)
		found = at;
	return found;
}

static const char *kind_of(const struct vm *vm, int status, const struct deadline *d, bool over)
{
	if (over)
		return d->cancelled ? "cancelled" : "deadline";
	if (status == LUA_ERRMEM || (status == LUA_ERRERR && vm->refused))
		return "memory";
	return "runtime";
}

/* The part of a traceback that lies inside the fence. */
static size_t trace_length(const char *trace)
{
	const char *fence = strstr(trace, "\n\t[C]: in function 'reeve.guard.call'");

	return fence != NULL ? (size_t)(fence - trace) : strlen(trace);
}

/* the error at the top -> false, message, kind, traceback */
static int push_failure(lua_State *L, const char *kind, const char *otherwise)
{
	const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : otherwise;
	const char *trace = last_trace(text);

	lua_pushboolean(L, 0);
	lua_pushlstring(L, text, trace != NULL ? (size_t)(trace - text) : strlen(text));
	lua_pushstring(L, kind);
	lua_pushlstring(L, trace != NULL ? trace + 1 : "", trace != NULL ? trace_length(trace + 1) : 0);
	return 4;
}

/* ms, f, ... are on the stack. `attend`: somebody at the control socket may cancel it. */
static int guarded(lua_State *L, const struct attend *attend)
{
	lua_Integer ms = luaL_checkinteger(L, 1);
	struct vm *vm = vm_of(L);
	struct deadline d;
	int status;
	bool over;

	luaL_argcheck(L, ms > 0 && ms <= DEADLINE_MOST_MS, 1, "1 to 600000 ms are wanted");
	luaL_checkany(L, 2);
	lua_pushboolean(L, 1);
	lua_replace(L, 1);
	vm_guard(vm);
	deadline_enter(&d, L, (uint32_t)ms);
	if (attend != NULL)
		deadline_by_wall(&d);
	if (attend != NULL)
		session_attend(attend->sessions, attend->session, attend->id);
	status = vm_call(L, lua_gettop(L) - 2, LUA_MULTRET, VM_TRACE);
	if (attend != NULL)
		session_leave_alone();
	over = deadline_leave(&d, L);
	vm_unguard(vm);
	if (status == LUA_OK && !over)
		return lua_gettop(L);
	if (status == LUA_OK) {
		lua_settop(L, 1);
		if (d.cancelled)
			lua_pushliteral(L, "cancelled");
		else
			lua_pushfstring(L, "deadline of %d ms exceeded", (int)d.ms);
	}
	if (vm->refused && vm->guarded == 0) /* the next one must not pay for this one's rubbish */
		(void)lua_gc(L, LUA_GCCOLLECT);
	return push_failure(L, kind_of(vm, status, &d, over), "not enough memory");
}

/* call(ms, f, ...) -> true, results... | false, message, kind, traceback */
static int guard_call(lua_State *L)
{
	return guarded(L, NULL);
}

/* evaluate(session, id, ms, f, ...): as call, for a job of a session of the control socket: a `cancel`
 * that the session sends meanwhile ends it (kind "cancelled"), and so does its end */
static int guard_evaluate(lua_State *L)
{
	struct engine *engine = engine_of(L);
	struct attend attend = {engine != NULL ? engine->sessions : NULL, 0, 0};

	attend.session = (uint64_t)luaL_checkinteger(L, 1);
	attend.id = (uint32_t)luaL_checkinteger(L, 2);
	lua_rotate(L, 1, -2);
	lua_pop(L, 2);
	return guarded(L, attend.sessions != NULL ? &attend : NULL);
}

static int protected_call(lua_State *L, enum vm_errors errors)
{
	char room[64];
	const char *over;
	int status;

	luaL_checkany(L, 1);
	lua_pushboolean(L, 1);
	lua_insert(L, 1);
	status = vm_call(L, lua_gettop(L) - 2, LUA_MULTRET, errors);
	over = deadline_over(room, sizeof room);
	if (over != NULL)
		return luaL_error(L, "%s", over);
	if (status == LUA_OK)
		return lua_gettop(L);
	lua_pushboolean(L, 0);
	lua_replace(L, 1);
	return lua_gettop(L);
}

/* pcall(f, ...): as Lua's, but it cannot catch a deadline */
static int guard_pcall(lua_State *L)
{
	return protected_call(L, VM_PLAIN);
}

/* try(f, ...): as pcall; the error is a text with a traceback */
static int guard_try(lua_State *L)
{
	return protected_call(L, VM_TRACE);
}

static bool is_ours(lua_State *L, const char *source)
{
	lua_Integer n = luaL_len(L, lua_upvalueindex(3));

	if (strcmp(source, "=[C]") == 0)
		return true;
	for (lua_Integer i = 1; i <= n; i++) {
		const char *prefix;
		bool same;
		(void)lua_rawgeti(L, lua_upvalueindex(3), i);
		prefix = lua_tostring(L, -1);
		same = strncmp(source, prefix, strlen(prefix)) == 0;
		lua_pop(L, 1);
		if (same)
			return true;
	}
	return false;
}

/* ("text").name: our own chunks get Lua's functions, all others the sandbox's.
 * upvalues: Lua's string table, the sandbox's, the sources that are ours */
static int string_index(lua_State *L)
{
	lua_Debug ar;
	int which = 2;

	if (lua_getstack(L, 1, &ar) != 0) {
		(void)lua_getinfo(L, "S", &ar);
		which = is_ours(L, ar.source) ? 1 : 2;
	}
	lua_settop(L, 2);
	(void)lua_gettable(L, lua_upvalueindex(which));
	return 1;
}

/* strings(functions, sources): from now on the methods of strings are `functions` for chunks whose
 * source begins with none of `sources` (a list), and getmetatable("") is false */
static int guard_strings(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	luaL_checktype(L, 2, LUA_TTABLE);
	lua_settop(L, 2);
	lua_pushliteral(L, "");
	lua_createtable(L, 0, 2);
	(void)lua_getglobal(L, "string");
	lua_pushvalue(L, 1);
	lua_pushvalue(L, 2);
	lua_pushcclosure(L, string_index, 3);
	lua_setfield(L, -2, "__index");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	(void)lua_setmetatable(L, -2);
	return 0;
}

/* memory() -> bytes in use, most ever in use */
static int guard_memory(lua_State *L)
{
	const struct vm *vm = vm_of(L);

	lua_pushinteger(L, (lua_Integer)vm->used);
	lua_pushinteger(L, (lua_Integer)vm->peak);
	return 2;
}

int luaopen_reeve_guard(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{"call", guard_call},
		{"evaluate", guard_evaluate},
		{"pcall", guard_pcall},
		{"try", guard_try},
		{"strings", guard_strings},
		{"memory", guard_memory},
		{NULL, NULL},
	};

	luaL_newlib(L, functions);
	return 1;
}
