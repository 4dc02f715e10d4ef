/* api_socket: reeve.socket, the control socket and one for a protocol of lines, for Lua. An error in what Lua
 * does with a session ends that session alone. */
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
	if (a->session >= SESSION_LINES_FROM) {
		lua_pushlstring(L, a->frame->payload, a->frame->length);
		return 2;
	}
	lua_pushstring(L, a->frame->verb);
	lua_pushinteger(L, a->frame->id);
	lua_pushlstring(L, a->frame->payload, a->frame->length);
	return 4;
}

static struct sessions *sessions_of(const struct engine *engine, uint64_t session)
{
	return session >= SESSION_LINES_FROM ? engine->lines : engine->sessions;
}

static void tell(struct engine *engine, const char *name, struct arrival *arrival)
{
	if (engine_call(engine, name, push_session, arrival) == 0)
		return;
	say(SAY_ERROR, "that was session %llu: closed", (unsigned long long)arrival->session);
	session_close(sessions_of(engine, arrival->session), arrival->session);
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

static void on_line_connect(void *arg, uint64_t session, const struct session_peer *peer)
{
	struct arrival arrival = {session, peer, NULL};

	tell(arg, "on_line_connect", &arrival);
}

static void on_line(void *arg, uint64_t session, const struct frame *frame)
{
	struct arrival arrival = {session, NULL, frame};

	tell(arg, "on_line", &arrival);
}

static void on_line_close(void *arg, uint64_t session)
{
	struct arrival arrival = {session, NULL, NULL};

	tell(arg, "on_line_close", &arrival);
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
	engine->sessions = sessions_new(engine->base, fd, SESSION_FRAMES, &events, engine, &e);
	return engine->sessions != NULL ? 0 : luaL_error(L, "%s", e.text);
}

/* lines(fd): takes a listening socket whose clients speak in lines */
static int socket_lines(lua_State *L)
{
	static const struct session_events events = {on_line_connect, on_line, on_line_close, on_turn};
	struct engine *engine = check_engine(L);
	int fd = (int)luaL_checkinteger(L, 1);
	struct err e;

	if (engine->lines != NULL)
		return luaL_error(L, "there is a socket for lines already");
	engine->lines = sessions_new(engine->base, fd, SESSION_LINES, &events, engine, &e);
	return engine->lines != NULL ? 0 : luaL_error(L, "%s", e.text);
}

/* send(session, bytes) -> whether the session is still there */
static int socket_send(lua_State *L)
{
	struct engine *engine = check_engine(L);
	uint64_t session = (uint64_t)luaL_checkinteger(L, 1);
	struct sessions *sessions = sessions_of(engine, session);
	size_t len;
	const char *bytes = luaL_checklstring(L, 2, &len);

	lua_pushboolean(L, sessions != NULL && session_send(sessions, session, bytes, len));
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

	struct sessions *sessions = sessions_of(engine, session);

	if (sessions != NULL)
		session_close(sessions, session);
	return 0;
}

/* deaf(): takes no new clients */
static int socket_deaf(lua_State *L)
{
	struct engine *engine = check_engine(L);

	if (engine->sessions != NULL)
		sessions_deaf(engine->sessions);
	if (engine->lines != NULL)
		sessions_deaf(engine->lines);
	return 0;
}

int luaopen_reeve_socket(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{"listen", socket_listen},
		{"lines", socket_lines},
		{"send", socket_send},
		{"behind", socket_behind},
		{"close", socket_close},
		{"deaf", socket_deaf},
		{NULL, NULL},
	};

	luaL_newlib(L, functions);
	return 1;
}
