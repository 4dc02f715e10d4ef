/* api_memory: reeve.memory, texts that outlive the engine: the bundle and the policies' state. */
#include "base/fd.h"
#include "base/tail.h"
#include "engine/api.h"
#include "engine/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_MOST (64 << 20)

/* bundle(text) -> fd of a sealed memfd with it; whoever sends it gives it away */
static int bundle(lua_State *L)
{
	size_t len;
	const char *text = luaL_checklstring(L, 1, &len);
	int fd = memfd_create("reeve-bundle", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return luaL_error(L, "memfd_create: %s", strerror(errno));
	if (fd_write_all(fd, text, len) < 0 ||
		fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0) {
		fd_close(&fd);
		return luaL_error(L, "the bundle: %s", strerror(errno));
	}
	lua_pushinteger(L, fd);
	return 1;
}

/* The bytes go into a userdata, so that an error in Lua cannot lose them. */
static ssize_t read_into(lua_State *L, int fd, size_t size)
{
	char *to = lua_newuserdatauv(L, size + 1, 0);
	size_t n = 0;

	while (n < size) {
		ssize_t got = pread(fd, to + n, size - n, (off_t)n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -1 : (ssize_t)n;
		n += (size_t)got;
	}
	return (ssize_t)n;
}

/* read(fd) -> text; closes the fd */
static int memory_read(lua_State *L)
{
	int fd = (int)luaL_checkinteger(L, 1);
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0 || st.st_size > READ_MOST) {
		fd_close(&fd);
		return luaL_error(L, "a text of the master's cannot be read, or is too long");
	}
	n = read_into(L, fd, (size_t)st.st_size);
	fd_close(&fd);
	if (n < 0)
		return luaL_error(L, "a text of the master's: %s", strerror(errno));
	lua_pushlstring(L, lua_touserdata(L, -1), (size_t)n);
	return 1;
}

static struct state *state_of(lua_State *L)
{
	struct engine *engine = engine_of(L);

	if (engine == NULL)
		(void)luaL_error(L, "policies have a memory only in a running instance");
	return &engine->state;
}

/* state_attach(fd): takes it */
static int attach(lua_State *L)
{
	struct err e;

	if (state_attach(state_of(L), (int)luaL_checkinteger(L, 1), &e) < 0)
		return luaL_error(L, "%s", e.text);
	return 0;
}

/* state_load() -> text | nil when there is none | nil, sentence */
static int load(lua_State *L)
{
	char *bytes = NULL;
	size_t len = 0;
	struct err e;
	int found = state_load(state_of(L), &bytes, &len, &e);

	if (found < 0)
		return api_refuse(L, "%s", e.text);
	if (found == 0) {
		lua_pushnil(L);
		return 1;
	}
	lua_pushlstring(L, bytes, len); /* if it raises the engine ends: the leak does not matter */
	free(bytes);
	return 1;
}

/* state_save(text) -> true | nil, sentence */
static int save(lua_State *L)
{
	size_t len;
	const char *text = luaL_checklstring(L, 1, &len);
	struct err e;

	if (state_save(state_of(L), text, len, &e) < 0)
		return api_refuse(L, "%s", e.text);
	lua_pushboolean(L, 1);
	return 1;
}

/* mark(text): what runs from now on; "" when nothing does. Without a memory: nothing */
static int mark(lua_State *L)
{
	struct engine *engine = engine_of(L);

	if (engine != NULL)
		state_mark(&engine->state, luaL_checkstring(L, 1));
	return 0;
}

/* last_mark() -> text | nil */
static int last_mark(lua_State *L)
{
	char text[STATE_PAGE];
	size_t n = state_last_mark(state_of(L), text, sizeof text);

	if (n == 0)
		lua_pushnil(L);
	else
		lua_pushlstring(L, text, n);
	return 1;
}

/* tail_attach(fd): takes the file of the last log lines */
static int attach_tail(lua_State *L)
{
	struct engine *engine = engine_of(L);

	if (engine != NULL) {
		fd_close(&engine->tail);
		engine->tail = (int)luaL_checkinteger(L, 1);
	}
	return 0;
}

/* tail(service) -> the text that the log process left (base/tail.h) | nil */
static int tail(lua_State *L)
{
	const struct engine *engine = engine_of(L);
	const char *name = luaL_checkstring(L, 1);
	char text[TAIL_TEXT];
	int len = engine != NULL && engine->tail >= 0 ? tail_read(engine->tail, name, text) : -1;

	if (len < 0)
		lua_pushnil(L);
	else
		lua_pushlstring(L, text, (size_t)len);
	return 1;
}

int luaopen_reeve_memory(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{"bundle", bundle},
		{"read", memory_read},
		{"state_attach", attach},
		{"state_load", load},
		{"state_save", save},
		{"mark", mark},
		{"last_mark", last_mark},
		{"tail_attach", attach_tail},
		{"tail", tail},
		{NULL, NULL},
	};

	luaL_newlib(L, functions);
	return 1;
}
