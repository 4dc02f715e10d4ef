/* api: the C modules that Lua sees; what each has is in docs/HOUSE.md. */
#ifndef REEVE_ENGINE_API_H
#define REEVE_ENGINE_API_H

#include <lua.h>

int luaopen_reeve_certificate(lua_State *L);
int luaopen_reeve_file(lua_State *L);
int luaopen_reeve_guard(lua_State *L);
int luaopen_reeve_lock(lua_State *L);
int luaopen_reeve_log(lua_State *L);
int luaopen_reeve_memory(lua_State *L);
int luaopen_reeve_names(lua_State *L);
int luaopen_reeve_pool(lua_State *L);
int luaopen_reeve_recorder(lua_State *L);
int luaopen_reeve_sim(lua_State *L);
int luaopen_reeve_proc(lua_State *L);
int luaopen_reeve_socket(lua_State *L);
int luaopen_reeve_spec(lua_State *L);
int luaopen_reeve_time(lua_State *L);
int luaopen_reeve_wire(lua_State *L);

/* The text at `index`, without a NUL inside; raises otherwise. */
const char *api_text(lua_State *L, int index);

/* nil and the sentence: two results. */
int api_refuse(lua_State *L, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
