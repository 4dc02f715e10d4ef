/* engine: the loop. A frame that breaks the message table, or an error of our own Lua, is logged
 * and ends the process: the master keeps every pool going and starts a new engine. */
#include "engine/engine.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/say.h"
#include "engine/api_wire.h"
#include "engine/deadline.h"

#include <errno.h>
#include <lauxlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define FRAMES_AT_ONCE 32
#define LAST_WORDS_MS  2000

static const char engine_key; /* its address is the registry's key of engine.lua's table */

struct engine *engine_of(lua_State *L)
{
	return vm_of(L)->owner;
}

void engine_keep(lua_State *L)
{
	lua_rawsetp(L, LUA_REGISTRYINDEX, &engine_key);
}

void engine_leave(struct engine *engine, int code)
{
	engine->exit_code = code;
	engine->leaving = true;
	if (engine->base != NULL)
		(void)event_base_loopbreak(engine->base);
}

struct entry {
	const char *name;
	int (*push)(lua_State *L, void *arg);
	void *arg;
};

static int call_entry(lua_State *L)
{
	const struct entry *entry = lua_touserdata(L, 1);

	(void)lua_rawgetp(L, LUA_REGISTRYINDEX, &engine_key);
	(void)lua_getfield(L, -1, entry->name);
	lua_call(L, entry->push != NULL ? entry->push(L, entry->arg) : 0, 1);
	return 1;
}

int engine_call(struct engine *engine, const char *name, int (*push)(lua_State *L, void *arg), void *arg)
{
	struct entry entry = {name, push, arg};

	if (vm_enter(engine->L, call_entry, &entry) < 0)
		return -1;
	if (lua_isinteger(engine->L, -1))
		engine_leave(engine, (int)lua_tointeger(engine->L, -1));
	lua_pop(engine->L, 1);
	return 0;
}

void engine_flush(struct engine *engine)
{
	struct err e;
	int left = outlink_flush(&engine->out, &e);

	if (left > 0) {
		(void)event_add(engine->writable, NULL);
	} else if (left < 0) {
		say(SAY_ERROR, "%s", e.text);
		engine_leave(engine, EX_IOERR);
	}
}

struct report {
	const struct wire_info *info;
	const union wire_any *msg;
};

static int push_report(lua_State *L, void *arg)
{
	const struct report *report = arg;

	lua_pushstring(L, report->info->name);
	api_wire_push(L, report->info, report->msg);
	return 2;
}

/* -1: the loop ends, and why was logged. */
static int take_frame(struct engine *engine, size_t len, int *fd)
{
	union wire_any msg;
	struct err e;

	for (size_t at = 0; at < len && !engine->leaving;) {
		const struct wire_info *info = wire_get(engine->in, len, &at, fd, &msg, &e);
		struct report report = {info, &msg};
		if (info == NULL || info->phases != 0) {
			say(SAY_ERROR, "the master sent nonsense: %s", info == NULL ? e.text : info->name);
			engine_leave(engine, EX_PROTOCOL);
			return -1;
		}
		if (engine_call(engine, "report", push_report, &report) < 0) {
			say(SAY_ERROR, "that was report %s; a new engine will do better", info->name);
			engine_leave(engine, EX_SOFTWARE);
			return -1;
		}
	}
	if (*fd < 0)
		return 0;
	say(SAY_ERROR, "the master sent an fd that no message took");
	engine_leave(engine, EX_PROTOCOL);
	return -1;
}

static void on_readable(evutil_socket_t sock, short what, void *arg)
{
	struct engine *engine = arg;

	(void)what;
	for (int i = 0; i < FRAMES_AT_ONCE && !engine->leaving; i++) {
		int fd, good;
		ssize_t n = fd_receive(sock, engine->in, WIRE_FRAME_MAX, &fd);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n <= 0) {
			if (n < 0 && errno != ECONNRESET)
				say(SAY_ERROR, "the link to the master: %s", strerror(errno));
			engine_leave(engine, n == 0 || errno == ECONNRESET ? 0 : EX_IOERR);
			return;
		}
		good = take_frame(engine, (size_t)n, &fd);
		fd_close(&fd);
		if (good < 0)
			return;
	}
	engine_flush(engine);
}

static void on_writable(evutil_socket_t sock, short what, void *arg)
{
	(void)sock;
	(void)what;
	engine_flush(arg);
}

static void on_timer(evutil_socket_t sock, short what, void *arg)
{
	struct engine *engine = arg;

	(void)sock;
	(void)what;
	if (engine_call(engine, "on_timer", NULL, NULL) < 0)
		engine_leave(engine, EX_SOFTWARE);
	engine_flush(engine);
}

void engine_wake(struct engine *engine, uint64_t ms)
{
	uint64_t now = clock_ms();
	uint64_t in = ms > now ? ms - now : 0;
	struct timeval tv = {(time_t)(in / 1000), (suseconds_t)(in % 1000) * 1000};

	if (engine->timer == NULL)
		return;
	if (ms == 0)
		(void)event_del(engine->timer);
	else
		(void)event_add(engine->timer, &tv);
}

/* Rubbish is collected between events, so that policies pay less of it: once there is half as much again as
 * the last time, a step an event. (A step without need begins a new cycle: that cost more than all policies.)
 */
static void collect(struct engine *engine)
{
	if (engine->vm.used >= engine->collect_at && lua_gc(engine->L, LUA_GCSTEP, 0) != 0)
		engine->collect_at = engine->vm.used + engine->vm.used / 2;
}

int engine_run(struct engine *engine)
{
	struct err e;

	engine->readable = event_new(engine->base, engine->out.fd, EV_READ | EV_PERSIST, on_readable, engine);
	engine->writable = event_new(engine->base, engine->out.fd, EV_WRITE, on_writable, engine);
	engine->timer = event_new(engine->base, -1, 0, on_timer, engine);
	if (engine->readable == NULL || engine->writable == NULL || engine->timer == NULL ||
		event_add(engine->readable, NULL) < 0)
		die(EX_OSERR, "the event loop: no memory");
	engine_flush(engine);
	for (; !engine->leaving && event_base_loop(engine->base, EVLOOP_ONCE) >= 0; deadline_rest())
		collect(engine);
	if (engine->exit_code != 0 && outlink_drain(&engine->out, LAST_WORDS_MS, &e) < 0)
		say(SAY_WARNING, "%s", e.text);
	return engine->exit_code;
}
