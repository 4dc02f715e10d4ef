/* lua_client: what the parts of the Lua module share. */
#ifndef REEVE_WORKER_LUA_CLIENT_H
#define REEVE_WORKER_LUA_CLIENT_H

#include "worker/reeve.h"

#include <lauxlib.h>
#include <lua.h>

#define CLIENT     "reeve.client"
#define LINE_LIMIT 65536

/* `buffer` holds what client:line has read too much. */
struct lua_client {
	struct reeve_worker *worker;
	struct reeve_client client;
	struct reeve_passed *passed; /* between receive_fd and answer */
	size_t used;
	char buffer[4096];
};

/* The worker of this Lua state, started when it is asked for first; an error with a sentence. */
struct reeve_worker *lua_worker(lua_State *L);
struct reeve_worker *lua_worker_if_any(lua_State *L);

/* The argument 1. The second: it must be open. */
struct lua_client *lua_client(lua_State *L);
struct lua_client *lua_client_open(lua_State *L);

/* Pushes a new userdata for a client that has come. */
struct lua_client *lua_client_new(
	lua_State *L, struct reeve_worker *worker, const struct reeve_client *client);

/* The class of clients: once for a Lua state. */
void lua_client_install(lua_State *L);

/* Pushes what is known of a listener. */
void lua_push_listener(lua_State *L, const struct reeve_listener *listener);

/* nil and a sentence. */
int lua_fail(lua_State *L, int error);
int lua_fail_text(lua_State *L, const char *sentence);

/* lua_handover.c, lua_loop.c: their functions, put into the table at the top. */
void lua_handover_install(lua_State *L); /* of a client */
int lua_send_fd(lua_State *L);
int lua_loop(lua_State *L);

/* Frees what it still has of a hand-over. */
void lua_handover_forget(struct lua_client *c);

#endif
