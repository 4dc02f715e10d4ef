/* vm: the one Lua state, its memory, and the only door into it.
 *
 * User code (whatever runs inside guard.call) may fill the heap up to `guard_cap` bytes in all; the
 * host has head-room beyond that, so that it can still say what happened. Lua is entered through
 * vm_call alone (`make lint` looks for others). */
#ifndef REEVE_ENGINE_VM_H
#define REEVE_ENGINE_VM_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

#define VM_GUARD_CAP ((size_t)64 << 20)
#define VM_HEAD_ROOM ((size_t)16 << 20)

struct vm {
	size_t used, peak;
	size_t cap; /* in force now */
	size_t guard_cap, host_cap;
	unsigned guarded; /* depth of guard.call */
	bool refused;     /* memory was refused since the outermost guard began */
	void *owner;      /* the struct engine */
};

/* A state with the standard libraries; the environment's LUA_PATH and LUA_CPATH are not heeded.
 * NULL: no memory. */
lua_State *vm_new(struct vm *vm, size_t guard_cap, size_t host_cap);

struct vm *vm_of(lua_State *L);

/* Memory rules for user code, from now until the matching vm_unguard. */
void vm_guard(struct vm *vm);
void vm_unguard(struct vm *vm);

enum vm_errors {
	VM_PLAIN, /* the error value as it is */
	VM_TRACE, /* a text, with a traceback behind it */
};

/* Calls the function below the `args` topmost values. LUA_OK and the results, or the status and
 * one error value in their place. */
int vm_call(lua_State *L, int args, int results, enum vm_errors errors);

/* Calls f(ctx as light userdata) from outside of Lua; one result stays on the stack. Returns 0, or
 * -1: the error and its traceback were logged, nothing stays. */
int vm_enter(lua_State *L, lua_CFunction f, void *ctx);

/* Sets package.path to <lua_dir>/?.lua and Lua's own places, without the current directory. */
void vm_set_path(lua_State *L, const char *lua_dir);

#endif
