/* lua_loop: many clients at a time for Lua, on libreeve's own epoll. One table of callbacks:
 *
 *     worker.loop {
 *       open  = function(client) … end,         -- a client has come
 *       data  = function(client, text) … end,   -- it wrote something
 *       close = function(client) … end,         -- it has gone, or was closed
 *       full  = function() … end,               -- all processes are full: end somebody (type login)
 *     }
 *
 * client:send never waits here: nil and "timeout" of a client who does not read; close it. An error in a
 * callback ends the loop. */
#include "worker/lua_client.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH    64
#define HANDLERS 1 /* of the stack: the argument */
#define CLIENTS  2 /* number -> userdata */

struct loop {
	lua_State *L;
	struct reeve_worker *worker;
	bool failed; /* an error value is on the top of the stack */
};

static void call(struct loop *loop, const char *name, int arguments)
{
	lua_State *L = loop->L;

	if (loop->failed || lua_getfield(L, HANDLERS, name) == LUA_TNIL) {
		lua_settop(L, loop->failed ? lua_gettop(L) : CLIENTS);
		return;
	}
	lua_insert(L, -arguments - 1);
	loop->failed = lua_pcall(L, arguments, 0, 0) != LUA_OK;
}

static void forget(struct loop *loop, struct lua_client *c)
{
	lua_State *L = loop->L;

	if (loop->failed || lua_rawgetp(L, CLIENTS, c) != LUA_TUSERDATA) {
		lua_settop(L, loop->failed ? lua_gettop(L) : CLIENTS);
		return;
	}
	lua_pushnil(L);
	lua_rawsetp(L, CLIENTS, c);
	reeve_end(c->worker, &c->client);
	call(loop, "close", 1);
}

/* After `open`, which may have received another descriptor in its place. What it closed, the sweep finds. */
static void watch(struct loop *loop, struct lua_client *c)
{
	struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = c}};

	if (c->client.fd >= 0 &&
		epoll_ctl(reeve_poll_fd(loop->worker), EPOLL_CTL_ADD, c->client.fd, &event) < 0)
		reeve_end(loop->worker, &c->client);
}

static void on_client(struct reeve_worker *worker, struct reeve_client *client, void *context)
{
	struct loop *loop = context;
	lua_State *L = loop->L;
	struct lua_client *c;

	if (loop->failed) {
		reeve_end(worker, client);
		return;
	}
	c = lua_client_new(L, worker, client);
	lua_pushvalue(L, -1);
	lua_rawsetp(L, CLIENTS, c);
	call(loop, "open", 1);
	watch(loop, c);
}

static void on_full(struct reeve_worker *worker, void *context)
{
	(void)worker;
	call(context, "full", 0);
}

static void on_data(struct loop *loop, struct lua_client *c)
{
	lua_State *L = loop->L;
	ssize_t n = c->client.fd < 0 ? 0 : recv(c->client.fd, c->buffer, sizeof c->buffer, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		forget(loop, c);
		return;
	}
	(void)lua_rawgetp(L, CLIENTS, c);
	lua_pushlstring(L, c->buffer, (size_t)n);
	call(loop, "data", 2);
}

/* Those whom a callback has closed: their descriptor is gone, so no event tells. */
static void sweep(struct loop *loop)
{
	lua_State *L = loop->L;
	bool again = true;

	while (again && !loop->failed) {
		again = false;
		lua_pushnil(L);
		while (!again && lua_next(L, CLIENTS) != 0) {
			struct lua_client *c = lua_touserdata(L, -1);

			lua_pop(L, 1);
			if (c->client.fd < 0) {
				lua_settop(L, CLIENTS);
				forget(loop, c);
				again = true;
			}
		}
	}
}

/* Is it still one of ours? A callback of the same batch may have ended it. */
static bool is_here(lua_State *L, const struct lua_client *c)
{
	bool here = lua_rawgetp(L, CLIENTS, c) == LUA_TUSERDATA;

	lua_pop(L, 1);
	return here;
}

int lua_loop(lua_State *L)
{
	struct loop loop = {.L = L, .worker = lua_worker(L)};
	struct epoll_event events[BATCH];

	luaL_checktype(L, HANDLERS, LUA_TTABLE);
	lua_settop(L, HANDLERS);
	lua_newtable(L);
	if (lua_getfield(L, HANDLERS, "full") == LUA_TFUNCTION)
		reeve_on_full(loop.worker, on_full, &loop);
	lua_settop(L, CLIENTS);
	if (reeve_listen(loop.worker, on_client, &loop) < 0)
		return lua_fail(L, errno);
	while (!loop.failed && reeve_running(loop.worker)) {
		int n = reeve_wait(loop.worker, events, BATCH, -1);

		for (int i = 0; i < n && !loop.failed; i++)
			if (is_here(L, events[i].data.ptr))
				on_data(&loop, events[i].data.ptr);
		sweep(&loop);
	}
	reeve_on_full(loop.worker, NULL, NULL);
	return loop.failed ? lua_error(L) : 0;
}
