/* vm: the Lua state. An error outside of vm_call is a bug of ours: it is logged and aborts. */
#include "engine/vm.h"

#include "base/say.h"

#include <assert.h>
#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>

/* Only growth is refused: Lua relies on shrinking. With ptr == NULL, `was` is a type, not a size. */
static void *allocate(void *ud, void *ptr, size_t was, size_t size)
{
	struct vm *vm = ud;
	void *p;

	if (ptr == NULL)
		was = 0;
	if (size == 0) {
		free(ptr);
		vm->used -= was;
		return NULL;
	}
	if (size > was && (vm->used > vm->cap || size - was > vm->cap - vm->used)) {
		vm->refused = true;
		return NULL;
	}
	p = realloc(ptr, size);
	if (p == NULL) {
		vm->refused = true;
		return size <= was ? ptr : NULL;
	}
	vm->used = vm->used - was + size;
	if (vm->used > vm->peak)
		vm->peak = vm->used;
	return p;
}

static int on_panic(lua_State *L)
{
	const char *text = lua_tostring(L, -1);

	say(SAY_ERROR, "Lua was entered without protection: %s", text != NULL ? text : "(no text)");
	abort();
}

static void on_warning(void *ud, const char *text, int to_be_continued)
{
	(void)ud;
	(void)to_be_continued;
	if (text[0] != '@')
		say(SAY_WARNING, "Lua: %s", text);
}

/* The text of the error and where it came from. Never calls a metamethod: the object is the user's. */
static int add_traceback(lua_State *L)
{
	if (lua_type(L, 1) != LUA_TSTRING)
		lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
	else
		lua_pushvalue(L, 1);
	luaL_traceback(L, L, lua_tostring(L, -1), 1);
	return 1;
}

/* The environment must not choose what a root process loads. */
static int open_libraries(lua_State *L)
{
	lua_pushboolean(L, 1);
	lua_setfield(L, LUA_REGISTRYINDEX, "LUA_NOENV");
	luaL_openlibs(L);
	return 0;
}

lua_State *vm_new(struct vm *vm, size_t guard_cap, size_t host_cap)
{
	lua_State *L;

	memset(vm, 0, sizeof *vm);
	vm->guard_cap = guard_cap;
	vm->cap = vm->host_cap = host_cap;
	L = lua_newstate(allocate, vm);
	if (L == NULL)
		return NULL;
	memcpy(lua_getextraspace(L), &vm, sizeof vm);
	(void)lua_atpanic(L, on_panic);
	lua_setwarnf(L, on_warning, NULL);
	lua_pushcfunction(L, open_libraries);
	if (vm_call(L, 0, 0, VM_PLAIN) != LUA_OK) {
		lua_close(L);
		return NULL;
	}
	return L;
}

struct vm *vm_of(lua_State *L)
{
	struct vm *vm;

	memcpy(&vm, lua_getextraspace(L), sizeof vm);
	return vm;
}

void vm_guard(struct vm *vm)
{
	if (vm->guarded++ == 0) {
		vm->refused = false;
		vm->cap = vm->guard_cap;
	}
}

void vm_unguard(struct vm *vm)
{
	assert(vm->guarded > 0);
	if (--vm->guarded == 0)
		vm->cap = vm->host_cap;
}

int vm_call(lua_State *L, int args, int results, enum vm_errors errors)
{
	int base = lua_gettop(L) - args; /* where the function stands */
	int handler = 0, status;

	assert(base >= 1);
	if (errors == VM_TRACE) {
		lua_pushcfunction(L, add_traceback);
		lua_insert(L, base);
		handler = base;
	}
	status = lua_pcall(L, args, results, handler);
	if (handler != 0)
		lua_remove(L, handler);
	assert(status == LUA_OK || lua_gettop(L) == base);
	assert(status != LUA_OK || results == LUA_MULTRET || lua_gettop(L) == base - 1 + results);
	return status;
}

static void log_lines(const char *text)
{
	while (*text != '\0') {
		size_t n = strcspn(text, "\n");
		say(SAY_ERROR, "%.*s", (int)n, text);
		text += n + (text[n] == '\n');
	}
}

int vm_enter(lua_State *L, lua_CFunction f, void *ctx)
{
	const char *text;

	lua_pushcfunction(L, f);
	lua_pushlightuserdata(L, ctx);
	if (vm_call(L, 1, 1, VM_TRACE) == LUA_OK)
		return 0;
	text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "an error without text";
	log_lines(text);
	lua_pop(L, 1);
	return -1;
}

void vm_set_path(lua_State *L, const char *lua_dir)
{
	const char *rest;
	luaL_Buffer b;

	(void)lua_getglobal(L, "package");
	(void)lua_getfield(L, -1, "path");
	rest = lua_tostring(L, -1);
	luaL_buffinit(L, &b);
	luaL_addstring(&b, lua_dir);
	luaL_addstring(&b, "/?.lua");
	for (size_t n; *rest != '\0'; rest += n + (rest[n] == ';')) {
		n = strcspn(rest, ";");
		if (*rest != '/')
			continue;
		luaL_addchar(&b, ';');
		luaL_addlstring(&b, rest, n);
	}
	luaL_pushresult(&b);
	lua_setfield(L, -3, "path");
	lua_pushliteral(L, "");
	lua_setfield(L, -3, "cpath");
	lua_pop(L, 2);
}
