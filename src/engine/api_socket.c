/* api_socket: reeve.socket, the control socket for Lua. An error in what Lua does with a session
 * ends that session alone. */
#include "base/say.h"
#include "engine/api.h"
#include "engine/engine.h"
#include "engine/session.h"

#include <lauxlib.h>

struct arrival {
	uint64_t session;
	const struct session_peer *peer;
	const struct frame *frame;
};

static void set_number(lua_State *L, const char *key, lua_Integer n)
{
	lua_pushinteger(L, n);
	lua_setfield(L, -2, key);
}

/* {uid, gid, pid, groups = {…}} */
static void push_peer(lua_State *L, const struct session_peer *peer)
{
	lua_createtable(L, 0, 4);
	set_number(L, "uid", peer->uid);
	set_number(L, "gid", peer->gid);
	set_number(L, "pid", peer->pid);
	lua_createtable(L, (int)peer->groups_n, 0);
	for (size_t i = 0; i < peer->groups_n; i++) {
		lua_pushinteger(L, peer->groups[i]);
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
	lua_setfield(L, -2, "groups");
}

static int push_session(lua_State *L, void *arg)
{
	const struct arrival *a = arg;

	lua_pushinteger(L, (lua_Integer)a->session);
	if (a->peer != NULL) {
		push_peer(L, a->peer);
		return 2;
	}
	if (a->frame == NULL)
		return 1;
	lua_pushstring(L, a->frame->verb);
	lua_pushinteger(L, a->frame->id);
	lua_pushlstring(L, a->frame->payload, a->frame->length);
	return 4;
}

static void tell(struct engine *engine, const char *name, struct arrival *arrival)
{
	if (engine_call(engine, name, push_session, arrival) == 0)
		return;
	say(SAY_ERROR, "that was session %llu: closed", (unsigned long long)arrival->session);
	session_close(engine->sessions, arrival->session);
}

static void on_connect(void *arg, uint64_t session, const struct session_peer *peer)
{
	struct arrival arrival = {session, peer, NULL};

	tell(arg, "on_connect", &arrival);
}

static void on_frame(void *arg, uint64_t session, const struct frame *frame)
{
	struct arrival arrival = {session, NULL, frame};

	tell(arg, "on_frame", &arrival);
}

static void on_close(void *arg, uint64_t session)
{
	struct arrival arrival = {session, NULL, NULL};

	tell(arg, "on_close", &arrival);
}

static void on_turn(void *arg)
{
	engine_flush(arg);
}

static struct engine *check_engine(lua_State *L)
{
	struct engine *engine = engine_of(L);

	if (engine == NULL)
		(void)luaL_error(L, "there is a control socket only in a running instance");
	return engine;
}

/* listen(fd): takes the listening socket */
static int socket_listen(lua_State *L)
{
	static const struct session_events events = {on_connect, on_frame, on_close, on_turn};
	struct engine *engine = check_engine(L);
	int fd = (int)luaL_checkinteger(L, 1);
	struct err e;

	if (engine->sessions != NULL)
		return luaL_error(L, "there is a control socket already");
	engine->sessions = sessions_new(engine->base, fd, &events, engine, &e);
	return engine->sessions != NULL ? 0 : luaL_error(L, "%s", e.text);
}

/* send(session, bytes) -> whether the session is still there */
static int socket_send(lua_State *L)
{
	struct engine *engine = check_engine(L);
	uint64_t session = (uint64_t)luaL_checkinteger(L, 1);
	size_t len;
	const char *bytes = luaL_checklstring(L, 2, &len);

	lua_pushboolean(L, engine->sessions != NULL && session_send(engine->sessions, session, bytes, len));
	return 1;
}

/* behind(session) -> bytes that it has not taken yet */
static int socket_behind(lua_State *L)
{
	struct engine *engine = check_engine(L);
	uint64_t session = (uint64_t)luaL_checkinteger(L, 1);

	lua_pushinteger(
		L, engine->sessions != NULL ? (lua_Integer)session_behind(engine->sessions, session) : 0);
	return 1;
}

/* close(session): once everything was sent */
static int socket_close(lua_State *L)
{
	struct engine *engine = check_engine(L);
	uint64_t session = (uint64_t)luaL_checkinteger(L, 1);

	if (engine->sessions != NULL)
		session_close(engine->sessions, session);
	return 0;
}

int luaopen_reeve_socket(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{"listen", socket_listen},
		{"send", socket_send},
		{"behind", socket_behind},
		{"close", socket_close},
		{NULL, NULL},
	};

	luaL_newlib(L, functions);
	return 1;
}
