/* lua_handover: passing connections, and what a PROXY header said, for Lua. What goes wrong is nil and a
 * sentence. */
#include "worker/lua_client.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MINUTE 60

/* Seconds of the argument as milliseconds. */
static int milliseconds(lua_State *L, int at)
{
	lua_Number seconds = luaL_optnumber(L, at, MINUTE);

	luaL_argcheck(L, seconds >= 0 && seconds < 1e6, at, "must be seconds, 0 or more");
	return (int)(seconds * 1000);
}

void lua_handover_forget(struct lua_client *c)
{
	if (c->passed != NULL && c->passed->fd >= 0)
		(void)close(c->passed->fd);
	free(c->passed);
	c->passed = NULL;
}

/* worker.send_fd(path, client, payload, [seconds]) -> true | nil, sentence. The client is closed here when it
 * was taken there. */
int lua_send_fd(lua_State *L)
{
	const char *path = luaL_checkstring(L, 1), *payload;
	struct lua_client *c = luaL_checkudata(L, 2, CLIENT);
	struct reeve_error error;
	size_t size;
	int r;

	luaL_argcheck(L, c->client.fd >= 0, 2, "is closed already");
	payload = luaL_optlstring(L, 3, "", &size);
	r = reeve_send_fd(path, c->client.fd, payload, size, milliseconds(L, 4), &error);
	if (r < 0)
		return lua_fail_text(L, error.text);
	reeve_end(c->worker, &c->client);
	lua_pushboolean(L, 1);
	return 1;
}

/* client:receive_fd([seconds]) -> payload | nil, sentence. Then client:answer. */
static int client_receive_fd(lua_State *L)
{
	struct lua_client *c = lua_client_open(L);
	struct reeve_error error = {"nothing has come in time"};
	int r;

	lua_handover_forget(c);
	c->passed = malloc(sizeof *c->passed);
	if (c->passed == NULL)
		return luaL_error(L, "not enough memory");
	*c->passed = REEVE_PASSED_NONE;
	r = reeve_receive_fd(&c->client, c->passed, milliseconds(L, 2), &error);
	if (r <= 0) {
		lua_handover_forget(c);
		return lua_fail_text(L, error.text);
	}
	lua_pushlstring(L, (const char *)c->passed->payload, c->passed->size);
	return 1;
}

/* client:answer() -> true: the client is the passed connection from now on. client:answer(sentence): it is
 * refused. | nil, sentence */
static int client_answer(lua_State *L)
{
	struct lua_client *c = lua_client_open(L);
	const char *refusal = luaL_optstring(L, 2, NULL);
	int r;

	luaL_argcheck(L, c->passed != NULL, 1, "has received nothing: call receive_fd first");
	r = reeve_answer(&c->client, c->passed, refusal);
	lua_handover_forget(c);
	c->used = 0;
	if (r < 0)
		return lua_fail_text(L, "the sender has gone");
	lua_pushboolean(L, 1);
	return 1;
}

static void set_text(lua_State *L, const char *name, const char *text)
{
	if (text[0] == '\0')
		return;
	lua_pushstring(L, text);
	lua_setfield(L, -2, name);
}

static void set_flag(lua_State *L, const char *name, bool flag)
{
	lua_pushboolean(L, flag);
	lua_setfield(L, -2, name);
}

static void set_port(lua_State *L, const char *name, uint16_t port)
{
	lua_pushinteger(L, port);
	lua_setfield(L, -2, name);
}

/* client:proxy() -> what the PROXY header said | nil: the listener has none. Texts that it did not have are
 * nil. */
static int client_proxy(lua_State *L)
{
	const struct reeve_proxy *p = lua_client_open(L)->client.proxy;

	if (p == NULL) {
		lua_pushnil(L);
		return 1;
	}
	lua_newtable(L);
	set_flag(L, "is_local", p->local);
	set_flag(L, "ssl", p->ssl);
	set_flag(L, "certificate", p->certificate);
	set_flag(L, "verified", p->verified);
	set_text(L, "source", p->source);
	set_text(L, "destination", p->destination);
	set_port(L, "source_port", p->source_port);
	set_port(L, "destination_port", p->destination_port);
	set_text(L, "authority", p->authority);
	set_text(L, "alpn", p->alpn);
	set_text(L, "ssl_version", p->ssl_version);
	set_text(L, "cipher", p->cipher);
	set_text(L, "common_name", p->common_name);
	return 1;
}

void lua_handover_install(lua_State *L)
{
	static const luaL_Reg methods[] = {
		{"receive_fd", client_receive_fd},
		{"answer", client_answer},
		{"proxy", client_proxy},
		{NULL, NULL},
	};

	luaL_setfuncs(L, methods, 0);
}
