/* api_file: reeve.file, reading what an administrator wrote. A file that others could have written
 * is refused with a sentence. Gone after lock-down: nothing can be opened then. */
#include "base/fd.h"
#include "engine/api.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <lauxlib.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MOST (1 << 20)

static bool is_trusted(uid_t owner)
{
	return owner == 0 || owner == geteuid();
}

/* A symbolic link counts when its maker is trusted; what it points to is opened without following
 * another one. -1: errno. */
static int open_file(const char *path)
{
	int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
	int fd = open(path, flags);
	char real[PATH_MAX];
	struct stat st;

	if (fd >= 0 || errno != ELOOP)
		return fd;
	if (lstat(path, &st) < 0)
		return -1;
	if (!is_trusted(st.st_uid)) {
		errno = EPERM;
		return -1;
	}
	return realpath(path, real) == NULL ? -1 : open(real, flags);
}

static int check_file(const char *path, const struct stat *st, struct err *e)
{
	if (!S_ISREG(st->st_mode))
		return err_set(e, "%s is not a regular file", path);
	if (!is_trusted(st->st_uid))
		return err_set(e,
			"%s belongs to uid %u, who could change what Reeve does: it must belong to root%s",
			path, (unsigned)st->st_uid, geteuid() == 0 ? " (chown root)" : " or to you");
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return err_set(e, "%s can be written by %s: take that away (chmod go-w)", path,
			st->st_mode & S_IWOTH ? "everybody" : "its group");
	if (st->st_size > FILE_MOST)
		return err_set(
			e, "%s has %lld bytes; at most %d are read", path, (long long)st->st_size, FILE_MOST);
	return 0;
}

/* The whole file into `bytes` of FILE_MOST + 1; it may grow meanwhile. Its length, or -1. */
static ssize_t read_file(int fd, const char *path, char *bytes, struct err *e)
{
	struct stat st;
	size_t n = 0;

	if (fstat(fd, &st) < 0)
		return err_set(e, "%s: %s", path, strerror(errno));
	if (check_file(path, &st, e) < 0)
		return -1;
	while (n <= FILE_MOST) {
		ssize_t got = read(fd, bytes + n, FILE_MOST + 1 - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(e, "%s: %s", path, strerror(errno));
		if (got == 0)
			return (ssize_t)n;
		n += (size_t)got;
	}
	return err_set(e, "%s has more than %d bytes", path, FILE_MOST);
}

/* read(path) -> text | nil, sentence */
static int file_read(lua_State *L)
{
	const char *path = api_text(L, 1);
	char *bytes = lua_newuserdatauv(L, FILE_MOST + 1, 0); /* before the fd: this may raise */
	struct err e;
	int fd = open_file(path);
	ssize_t n;

	if (fd < 0 && errno == EPERM)
		return api_refuse(L, "%s is a link made by somebody else than root or you", path);
	if (fd < 0)
		return api_refuse(L, "%s: %s", path, strerror(errno));
	n = read_file(fd, path, bytes, &e);
	fd_close(&fd);
	if (n < 0)
		return api_refuse(L, "%s", e.text);
	lua_pushlstring(L, bytes, (size_t)n);
	return 1;
}

/* glob(pattern) -> sorted list of paths, hidden ones left out */
static int file_glob(lua_State *L)
{
	glob_t found;
	int result;

	memset(&found, 0, sizeof found);
	lua_newtable(L);
	result = glob(api_text(L, 1), GLOB_NOSORT, NULL, &found);
	for (size_t i = 0; result == 0 && i < found.gl_pathc; i++) {
		lua_pushstring(L, found.gl_pathv[i]);
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
	globfree(&found);
	(void)lua_getglobal(L, "table");
	(void)lua_getfield(L, -1, "sort");
	lua_pushvalue(L, -3);
	lua_call(L, 1, 0);
	lua_pop(L, 1);
	return 1;
}

/* real(path) -> absolute path without links | nil, sentence */
static int file_real(lua_State *L)
{
	const char *path = api_text(L, 1);
	char real[PATH_MAX];

	if (realpath(path, real) == NULL)
		return api_refuse(L, "%s: %s", path, strerror(errno));
	lua_pushstring(L, real);
	return 1;
}

/* probe(path) -> "ok" | "missing" | "not executable" | "not a file" | nil when nobody may look */
static int file_probe(lua_State *L)
{
	struct stat st;

	if (stat(api_text(L, 1), &st) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			lua_pushliteral(L, "missing");
		else
			lua_pushnil(L);
	} else if (!S_ISREG(st.st_mode)) {
		lua_pushliteral(L, "not a file");
	} else if ((st.st_mode & 0111) == 0) {
		lua_pushliteral(L, "not executable");
	} else {
		lua_pushliteral(L, "ok");
	}
	return 1;
}

/* mkdir(path) -> true, also when it is there | nil, sentence */
static int file_mkdir(lua_State *L)
{
	const char *path = api_text(L, 1);
	struct stat st;

	if (mkdir(path, 0755) < 0 && (errno != EEXIST || stat(path, &st) < 0 || !S_ISDIR(st.st_mode)))
		return api_refuse(L, "%s: %s", path, strerror(errno));
	lua_pushboolean(L, 1);
	return 1;
}

int luaopen_reeve_file(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{"read", file_read},
		{"glob", file_glob},
		{"real", file_real},
		{"probe", file_probe},
		{"mkdir", file_mkdir},
		{NULL, NULL},
	};

	luaL_newlib(L, functions);
	return 1;
}
