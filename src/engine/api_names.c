/* api_names: reeve.names, look-ups of the system before lock-down. Nothing found is nil. */
#include "engine/api.h"

#include <arpa/inet.h>
#include <grp.h>
#include <lauxlib.h>
#include <netdb.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* user(name) -> uid, gid | nil */
static int user(lua_State *L)
{
	const struct passwd *pw = getpwnam(api_text(L, 1));

	if (pw == NULL) {
		lua_pushnil(L);
		return 1;
	}
	lua_pushinteger(L, pw->pw_uid);
	lua_pushinteger(L, pw->pw_gid);
	return 2;
}

/* group(name) -> gid | nil */
static int group(lua_State *L)
{
	const struct group *gr = getgrnam(api_text(L, 1));

	if (gr == NULL)
		lua_pushnil(L);
	else
		lua_pushinteger(L, gr->gr_gid);
	return 1;
}

/* uid_used(uid) -> whether a user has it, or a group the same number */
static int uid_used(lua_State *L)
{
	lua_Integer id = luaL_checkinteger(L, 1);

	luaL_argcheck(L, id >= 0 && id < UINT32_MAX, 1, "a uid is wanted");
	lua_pushboolean(L, getpwuid((uid_t)id) != NULL || getgrgid((gid_t)id) != NULL);
	return 1;
}

/* gid_of(uid) -> the primary group of the user with this uid | nil */
static int gid_of(lua_State *L)
{
	const struct passwd *pw = getpwuid((uid_t)luaL_checkinteger(L, 1));

	if (pw == NULL)
		lua_pushnil(L);
	else
		lua_pushinteger(L, pw->pw_gid);
	return 1;
}

/* uid() -> the effective uid of this process */
static int own_uid(lua_State *L)
{
	lua_pushinteger(L, geteuid());
	return 1;
}

/* gid() -> the effective gid of this process */
static int own_gid(lua_State *L)
{
	lua_pushinteger(L, getegid());
	return 1;
}

static const char *address_text(const struct addrinfo *ai, char *out, socklen_t room)
{
	const void *at;

	if (ai->ai_family == AF_INET) {
		at = &((const struct sockaddr_in *)(const void *)ai->ai_addr)->sin_addr;
		return inet_ntop(AF_INET, at, out, room);
	}
	if (ai->ai_family != AF_INET6)
		return NULL;
	at = &((const struct sockaddr_in6 *)(const void *)ai->ai_addr)->sin6_addr;
	return inet_ntop(AF_INET6, at, out, room);
}

/* addresses(host) -> list of addresses as texts | nil, sentence */
static int addresses(lua_State *L)
{
	const char *host = api_text(L, 1);
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
	int result = getaddrinfo(host, NULL, &hints, &found);
	lua_Integer n = 0;

	if (result != 0)
		return api_refuse(L, "the address of '%s': %s", host, gai_strerror(result));
	lua_newtable(L);
	for (const struct addrinfo *ai = found; ai != NULL; ai = ai->ai_next) {
		char text[INET6_ADDRSTRLEN];
		if (address_text(ai, text, sizeof text) == NULL)
			continue;
		lua_pushstring(L, text);
		lua_rawseti(L, -2, ++n);
	}
	freeaddrinfo(found);
	return 1;
}

/* ncpu() -> processors that are on line */
static int ncpu(lua_State *L)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	lua_pushinteger(L, n > 0 ? n : 1);
	return 1;
}

/* getenv(name) -> text | nil */
static int environment(lua_State *L)
{
	lua_pushstring(L, getenv(api_text(L, 1)));
	return 1;
}

/* time() -> seconds of the wall clock, for the config's frozen clock */
static int wall_time(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer)time(NULL));
	return 1;
}

int luaopen_reeve_names(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{"user", user},
		{"group", group},
		{"uid_used", uid_used},
		{"uid", own_uid},
		{"gid", own_gid},
		{"gid_of", gid_of},
		{"addresses", addresses},
		{"ncpu", ncpu},
		{"getenv", environment},
		{"time", wall_time},
		{NULL, NULL},
	};

	luaL_newlib(L, functions);
	return 1;
}
