/* lua_reeve: the Lua module reeve.worker. A mistake of the world (not started by Reeve, a client that has
 * gone) is nil and a sentence or an error with a sentence; a mistake of the program is an error.
 *
 *     local worker = require "reeve.worker"
 *     for client in worker.clients() do
 *       client:send("you said " .. (client:line() or "nothing") .. "\n")
 *     end */
#include "worker/lua_client.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#define WORKER "reeve.worker"

int luaopen_reeve_worker(lua_State *L);

struct lua_worker {
	struct reeve_worker *worker;
};

/* ---- the worker: one for each Lua state, made at the first use, stopped by its __gc */

static const char worker_key; /* its address is the key in the registry */

static struct lua_worker *the_worker(lua_State *L)
{
	struct lua_worker *w;

	if (lua_rawgetp(L, LUA_REGISTRYINDEX, &worker_key) != LUA_TNIL) {
		w = lua_touserdata(L, -1);
		lua_pop(L, 1);
		return w;
	}
	lua_pop(L, 1);
	w = lua_newuserdatauv(L, sizeof *w, 0);
	w->worker = NULL;
	luaL_setmetatable(L, WORKER);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &worker_key);
	return w;
}

struct reeve_worker *lua_worker_if_any(lua_State *L)
{
	return the_worker(L)->worker;
}

struct reeve_worker *lua_worker(lua_State *L)
{
	struct lua_worker *w = the_worker(L);
	struct reeve_error error;

	if (w->worker == NULL && reeve_start(&w->worker, &error) < 0) {
		lua_pushstring(L, error.text);
		lua_error(L);
	}
	return w->worker;
}

static int worker_gc(lua_State *L)
{
	struct lua_worker *w = luaL_checkudata(L, 1, WORKER);

	reeve_stop(&w->worker);
	return 0;
}

/* ---- module */

/* The iterator's step: ends the last client (upvalue 1), waits for the next. */
static int next_client(lua_State *L)
{
	struct reeve_worker *worker = lua_worker(L);
	struct lua_client *c = lua_touserdata(L, lua_upvalueindex(1));
	struct reeve_client client;
	int r;

	if (c != NULL)
		reeve_end(worker, &c->client);
	r = reeve_accept(worker, &client);
	if (r < 0)
		return luaL_error(L, "waiting for clients: %s", strerror(errno));
	if (r == 0)
		return 0;
	(void)lua_client_new(L, worker, &client);
	lua_copy(L, -1, lua_upvalueindex(1));
	return 1;
}

/* worker.clients() -> iterator over clients, one at a time. It ends when the process should. */
static int worker_clients(lua_State *L)
{
	const struct reeve_service *service = reeve_service(lua_worker(L));

	if (service->client_limit != 1 && !service->alone) {
		lua_pushfstring(L,
			"service '%s' has client_limit %I, but this program serves one client at a time: "
			"write client_limit = 1",
			service->name, (LUAI_UACINT)service->client_limit);
		return lua_error(L);
	}
	lua_pushnil(L);
	lua_pushcclosure(L, next_client, 1);
	return 1;
}

static void set_number(lua_State *L, const char *name, uint32_t value)
{
	lua_pushinteger(L, value);
	lua_setfield(L, -2, name);
}

/* worker.service() -> { name, id, client_limit, service_count, process_limit, process_min_avail,
 * idle_kill (seconds, math.huge: never), alone, listeners = { { name, ssl, haproxy, fifo }, … } } */
static int worker_service(lua_State *L)
{
	const struct reeve_service *service = reeve_service(lua_worker(L));

	lua_newtable(L);
	lua_pushstring(L, service->name);
	lua_setfield(L, -2, "name");
	set_number(L, "id", service->id);
	set_number(L, "client_limit", service->client_limit);
	set_number(L, "service_count", service->service_count);
	set_number(L, "process_limit", service->process_limit);
	set_number(L, "process_min_avail", service->process_min_avail);
	lua_pushnumber(
		L, service->idle_kill_secs == REEVE_NEVER ? (lua_Number)HUGE_VAL : service->idle_kill_secs);
	lua_setfield(L, -2, "idle_kill");
	lua_pushboolean(L, service->alone);
	lua_setfield(L, -2, "alone");
	lua_newtable(L);
	for (size_t i = 0; i < service->n_listeners; i++) {
		lua_push_listener(L, &service->listeners[i]);
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
	lua_setfield(L, -2, "listeners");
	return 1;
}

static int worker_pid(lua_State *L)
{
	lua_pushinteger(L, getpid());
	return 1;
}

/* worker.log(level, text): level is "debug", "info", "warning" or "error" */
static int worker_log(lua_State *L)
{
	static const char *const names[] = {"debug", "info", "warning", "error", NULL};
	int level = luaL_checkoption(L, 1, NULL, names);

	reeve_log(
		the_worker(L)->worker, (enum reeve_level)(REEVE_DEBUG + level), "%s", luaL_checkstring(L, 2));
	return 0;
}

/* worker.drop_privileges() -> true; an error with a sentence: a program that has not given them up must not
 * go on */
static int worker_drop_privileges(lua_State *L)
{
	struct reeve_error error;

	if (reeve_drop_privileges(&error) < 0) {
		lua_pushstring(L, error.text);
		return lua_error(L);
	}
	lua_pushboolean(L, 1);
	return 1;
}

/* worker.file(name) -> the text of a file of open_files | nil, sentence */
static int worker_file(lua_State *L)
{
	const char *name = luaL_checkstring(L, 1);
	int fd = reeve_file(name);
	luaL_Buffer text;
	off_t at = 0;
	ssize_t n;

	if (fd < 0)
		return lua_fail_text(L, lua_pushfstring(L, "open_files of the service has no '%s'", name));
	luaL_buffinit(L, &text);
	while ((n = pread(fd, luaL_prepbuffer(&text), LUAL_BUFFERSIZE, at)) > 0) {
		luaL_addsize(&text, (size_t)n);
		at += n;
	}
	luaL_pushresult(&text);
	return n < 0 ? lua_fail(L, errno) : 1;
}

static const luaL_Reg worker_functions[] = {
	{"clients", worker_clients},
	{"service", worker_service},
	{"log", worker_log},
	{"pid", worker_pid},
	{"loop", lua_loop},
	{"send_fd", lua_send_fd},
	{"drop_privileges", worker_drop_privileges},
	{"file", worker_file},
	{NULL, NULL},
};

__attribute__((visibility("default"))) int luaopen_reeve_worker(lua_State *L)
{
	lua_client_install(L);
	luaL_newmetatable(L, WORKER);
	lua_pushcfunction(L, worker_gc);
	lua_setfield(L, -2, "__gc");
	luaL_newlib(L, worker_functions);
	return 1;
}
