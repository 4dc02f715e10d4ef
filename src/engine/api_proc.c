/* api_proc: reeve.proc, what /proc says of processes and of the machine. It is read through an fd of /proc
 * itself, opened before lock-down; what cannot be read is nil and no error. Reading never waits. */
#include "base/clock.h"
#include "engine/api.h"

#include <fcntl.h>
#include <lauxlib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int proc_fd = -1;
static lua_Integer page_bytes, ticks_per_second, ncpu;

/* The beginning of a file below /proc as a text. Returns its length, or -1. */
static ssize_t read_file(const char *name, char *out, size_t room)
{
	int fd = openat(proc_fd, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, out, room - 1);
	(void)close(fd);
	out[n > 0 ? n : 0] = '\0';
	return n;
}

/* ---- processes */

static void set_integer(lua_State *L, int record, const char *name, lua_Integer n)
{
	lua_pushinteger(L, n);
	lua_setfield(L, record, name);
}

/* "size resident shared ...", in pages */
static bool read_memory(lua_State *L, int record, lua_Integer pid)
{
	char name[32], text[128], *at = text;
	unsigned long long resident, shared;

	(void)snprintf(name, sizeof name, "%lld/statm", (long long)pid);
	if (read_file(name, text, sizeof text) <= 0)
		return false;
	(void)strtoull(at, &at, 10);
	resident = strtoull(at, &at, 10);
	shared = strtoull(at, &at, 10);
	set_integer(L, record, "rss", (lua_Integer)resident * page_bytes);
	set_integer(
		L, record, "private", resident > shared ? (lua_Integer)(resident - shared) * page_bytes : 0);
	return true;
}

static lua_Integer get_integer(lua_State *L, int record, const char *name)
{
	lua_Integer n;

	(void)lua_getfield(L, record, name);
	n = lua_tointeger(L, -1);
	lua_pop(L, 1);
	return n;
}

/* utime + stime in ms, the fields 14 and 15 of "pid (name) state ..."; the name may hold anything. -1:
 * unknown. */
static lua_Integer processor_ms(lua_Integer pid)
{
	enum { NAME = 2, UTIME = 14 };
	char name[32], text[1024], *at;
	unsigned long long ticks;

	(void)snprintf(name, sizeof name, "%lld/stat", (long long)pid);
	if (read_file(name, text, sizeof text) <= 0)
		return -1;
	at = strrchr(text, ')');
	for (int field = NAME; field < UTIME && at != NULL; field++)
		at = strchr(at + 1, ' ');
	if (at == NULL)
		return -1;
	ticks = strtoull(at, &at, 10);
	ticks += strtoull(at, &at, 10);
	return (lua_Integer)(ticks * 1000) / ticks_per_second;
}

static void read_cpu(lua_State *L, int record, lua_Integer pid, lua_Integer now)
{
	lua_Integer ms = processor_ms(pid), span = now - get_integer(L, record, "cpu_at");

	if (ms < 0 || span <= 0)
		return;
	lua_pushnumber(L, (lua_Number)(ms - get_integer(L, record, "cpu_ms")) / (lua_Number)span);
	lua_setfield(L, record, "cpu");
	set_integer(L, record, "cpu_ms", ms);
	set_integer(L, record, "cpu_at", now);
}

/* sample(records, first, last, cpu) -> how many could be read. Each record has a pid and gets rss and private
 * (bytes). With cpu also cpu, the share of one processor since cpu_at (ms), when it had used cpu_ms; both are
 * set anew. */
static int sample(lua_State *L)
{
	lua_Integer first = luaL_checkinteger(L, 2), last = luaL_checkinteger(L, 3), seen = 0;
	lua_Integer now = (lua_Integer)clock_ms();
	bool cpu = lua_toboolean(L, 4);

	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	for (lua_Integer i = first; i <= last; i++) {
		lua_Integer pid;
		luaL_argcheck(L, lua_rawgeti(L, 1, i) == LUA_TTABLE, 1, "a list of records is wanted");
		(void)lua_getfield(L, 2, "pid");
		pid = lua_tointeger(L, 3);
		if (pid > 0 && read_memory(L, 2, pid)) {
			seen++;
			if (cpu)
				read_cpu(L, 2, pid, now);
		}
		lua_settop(L, 1);
	}
	lua_pushinteger(L, seen);
	return 1;
}

/* ---- the machine */

/* The number behind a key, as in "MemAvailable:   123 kB" or "full avg10=0.12". */
static bool find_number(const char *text, const char *key, double *n)
{
	const char *at = strstr(text, key);

	if (at == NULL)
		return false;
	*n = strtod(at + strlen(key), NULL);
	return true;
}

static void set_bytes(lua_State *L, const char *field, const char *meminfo, const char *key)
{
	double kib;

	if (find_number(meminfo, key, &kib))
		set_integer(L, -2, field, (lua_Integer)kib * 1024);
}

static void set_percent(lua_State *L, const char *field, const char *file, const char *key)
{
	char text[256];
	double percent;

	if (read_file(file, text, sizeof text) <= 0 || !find_number(text, key, &percent))
		return;
	lua_pushnumber(L, percent);
	lua_setfield(L, -2, field);
}

/* host() -> {mem_total, mem_avail (bytes), psi_full (% of 10 s in which nobody ran for want of memory),
 * psi_cpu
 * (% in which somebody waited for a processor), load (of a minute), ncpu} */
static int host(lua_State *L)
{
	char text[2048];

	lua_createtable(L, 0, 6);
	if (read_file("meminfo", text, sizeof text) > 0) {
		set_bytes(L, "mem_total", text, "MemTotal:");
		set_bytes(L, "mem_avail", text, "MemAvailable:");
	}
	set_percent(L, "psi_full", "pressure/memory", "full avg10=");
	set_percent(L, "psi_cpu", "pressure/cpu", "some avg10=");
	if (read_file("loadavg", text, sizeof text) > 0) {
		lua_pushnumber(L, strtod(text, NULL));
		lua_setfield(L, -2, "load");
	}
	set_integer(L, -2, "ncpu", ncpu);
	return 1;
}

int luaopen_reeve_proc(lua_State *L)
{
	static const luaL_Reg functions[] = {{"sample", sample}, {"host", host}, {NULL, NULL}};

	if (proc_fd < 0)
		proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	page_bytes = sysconf(_SC_PAGESIZE);
	ticks_per_second = sysconf(_SC_CLK_TCK);
	ncpu = sysconf(_SC_NPROCESSORS_ONLN); /* now: it reads /sys */
	luaL_newlib(L, functions);
	return 1;
}
