/* lua_client: a client of reeve.worker: what a program reads from it and says to it. */
#include "worker/lua_client.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

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
	if (c->client.fd >= 0 && lua_worker_if_any(L) == c->worker)
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

void lua_push_listener(lua_State *L, const struct reeve_listener *listener)
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
	lua_push_listener(L, lua_client_open(L)->client.listener);
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

void lua_client_install(lua_State *L)
{
	luaL_newmetatable(L, CLIENT);
	luaL_setfuncs(L, client_methods, 0);
	lua_handover_install(L);
	lua_pushvalue(L, -1);
	lua_setfield(L, -2, "__index");
}
