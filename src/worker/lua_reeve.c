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
#include <sys/socket.h>
#include <sys/time.h>
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

/* ---- client */

struct lua_client *lua_client(lua_State *L)
{
	return luaL_checkudata(L, 1, CLIENT);
}

struct lua_client *lua_client_open(lua_State *L)
{
	struct lua_client *c = lua_client(L);

	if (c->client.fd < 0)
		luaL_error(L, "the client is closed already");
	return c;
}

int lua_fail(lua_State *L, int error)
{
	luaL_pushfail(L);
	lua_pushstring(L, error == EAGAIN ? "timeout" : strerror(error));
	return 2;
}

int lua_fail_text(lua_State *L, const char *sentence)
{
	luaL_pushfail(L);
	lua_pushstring(L, sentence);
	return 2;
}

static ssize_t read_some(int fd, char *buffer, size_t room)
{
	ssize_t n;

	do {
		n = read(fd, buffer, room);
	} while (n < 0 && errno == EINTR);
	return n;
}

/* client:recv([most]) -> text | nil at the end | nil, sentence */
static int client_recv(lua_State *L)
{
	struct lua_client *c = lua_client_open(L);
	lua_Integer most = luaL_optinteger(L, 2, (lua_Integer)sizeof c->buffer);
	size_t room;
	ssize_t n;

	luaL_argcheck(L, most > 0, 2, "must be at least 1");
	room = (lua_Unsigned)most < sizeof c->buffer ? (size_t)most : sizeof c->buffer;
	if (c->used == 0) {
		n = read_some(c->client.fd, c->buffer, sizeof c->buffer);
		if (n < 0)
			return lua_fail(L, errno);
		c->used = (size_t)n;
	}
	if (c->used == 0) {
		luaL_pushfail(L);
		return 1;
	}
	room = room < c->used ? room : c->used;
	lua_pushlstring(L, c->buffer, room);
	c->used -= room;
	memmove(c->buffer, c->buffer + room, c->used);
	return 1;
}

/* Moves the buffer, up to and with a line feed, into `line`. true: the line is whole. */
static bool take_line(struct lua_client *c, luaL_Buffer *line)
{
	char *end = memchr(c->buffer, '\n', c->used);
	size_t len = end != NULL ? (size_t)(end - c->buffer) + 1 : c->used;

	luaL_addlstring(line, c->buffer, end != NULL ? len - 1 : len);
	c->used -= len;
	memmove(c->buffer, c->buffer + len, c->used);
	return end != NULL;
}

/* client:line() -> text without its line end (LF or CR LF) | nil at the end | nil, sentence */
static int client_line(lua_State *L)
{
	struct lua_client *c = lua_client_open(L);
	luaL_Buffer line;
	ssize_t n = 1;
	bool whole;

	luaL_buffinit(L, &line);
	while (!(whole = take_line(c, &line)) && luaL_bufflen(&line) <= LINE_LIMIT) {
		n = read_some(c->client.fd, c->buffer, sizeof c->buffer);
		if (n <= 0)
			break;
		c->used = (size_t)n;
	}
	if (n < 0)
		return lua_fail(L, errno);
	if (luaL_bufflen(&line) > LINE_LIMIT)
		return lua_fail(L, EMSGSIZE);
	if (!whole && luaL_bufflen(&line) == 0) {
		luaL_pushfail(L);
		return 1;
	}
	if (luaL_bufflen(&line) > 0 && luaL_buffaddr(&line)[luaL_bufflen(&line) - 1] == '\r')
		luaL_buffsub(&line, 1);
	luaL_pushresult(&line);
	return 1;
}

/* client:send(text) -> true | nil, sentence. All of it, or an error. */
static int client_send(lua_State *L)
{
	struct lua_client *c = lua_client_open(L);
	size_t len;
	const char *text = luaL_checklstring(L, 2, &len);

	while (len > 0) {
		ssize_t n = write(c->client.fd, text, len);

		if (n < 0 && errno != EINTR)
			return lua_fail(L, errno);
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
	lua_pushboolean(L, 1);
	return 1;
}

/* client:timeout(seconds): the longest that recv, line and send wait; 0: for ever */
static int client_timeout(lua_State *L)
{
	struct lua_client *c = lua_client_open(L);
	lua_Number seconds = luaL_checknumber(L, 2);
	struct timeval t;

	luaL_argcheck(L, seconds >= 0 && seconds < 1e9, 2, "must be seconds, 0 or more");
	t.tv_sec = (time_t)seconds;
	t.tv_usec = (suseconds_t)((seconds - (lua_Number)t.tv_sec) * 1e6);
	if (setsockopt(c->client.fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t) < 0 ||
		setsockopt(c->client.fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t) < 0)
		return lua_fail(L, errno);
	lua_pushboolean(L, 1);
	return 1;
}

/* client:close(); also when the loop goes on, and at the end of its scope. Twice is no mistake. */
static int client_close(lua_State *L)
{
	struct lua_client *c = lua_client(L);

	lua_handover_forget(c);
	if (c->worker != NULL)
		reeve_end(c->worker, &c->client);
	return 0;
}

/* Garbage: if the loop was left by an error the worker may be gone already. */
static int client_gc(lua_State *L)
{
	struct lua_client *c = lua_client(L);

	lua_handover_forget(c);
	if (c->client.fd >= 0 && the_worker(L)->worker == c->worker)
		reeve_end(c->worker, &c->client);
	return 0;
}

static int client_number(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer)lua_client(L)->client.number);
	return 1;
}

static int client_fd(lua_State *L)
{
	lua_pushinteger(L, lua_client_open(L)->client.fd);
	return 1;
}

static void push_listener(lua_State *L, const struct reeve_listener *listener)
{
	lua_createtable(L, 0, 4);
	lua_pushstring(L, listener->name);
	lua_setfield(L, -2, "name");
	lua_pushboolean(L, listener->ssl);
	lua_setfield(L, -2, "ssl");
	lua_pushboolean(L, listener->haproxy);
	lua_setfield(L, -2, "haproxy");
	lua_pushboolean(L, listener->fifo);
	lua_setfield(L, -2, "fifo");
}

static int client_listener(lua_State *L)
{
	push_listener(L, lua_client_open(L)->client.listener);
	return 1;
}

struct lua_client *lua_client_new(
	lua_State *L, struct reeve_worker *worker, const struct reeve_client *client)
{
	struct lua_client *c = lua_newuserdatauv(L, sizeof *c, 0);

	c->worker = worker;
	c->client = *client;
	c->passed = NULL;
	c->used = 0;
	luaL_setmetatable(L, CLIENT);
	return c;
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
		push_listener(L, &service->listeners[i]);
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

static const luaL_Reg client_methods[] = {
	{"recv", client_recv},
	{"line", client_line},
	{"send", client_send},
	{"timeout", client_timeout},
	{"close", client_close},
	{"number", client_number},
	{"fd", client_fd},
	{"listener", client_listener},
	{"__close", client_close},
	{"__gc", client_gc},
	{NULL, NULL},
};

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
	luaL_newmetatable(L, CLIENT);
	luaL_setfuncs(L, client_methods, 0);
	lua_handover_install(L);
	lua_pushvalue(L, -1);
	lua_setfield(L, -2, "__index");
	luaL_newmetatable(L, WORKER);
	lua_pushcfunction(L, worker_gc);
	lua_setfield(L, -2, "__gc");
	luaL_newlib(L, worker_functions);
	return 1;
}
