/* engine: the host. It owns the Lua state and the loop, and takes what comes from the link and the
 * control socket to lua/reeve/engine.lua. */
#ifndef REEVE_ENGINE_ENGINE_H
#define REEVE_ENGINE_ENGINE_H

#include "engine/outlink.h"
#include "engine/state.h"
#include "engine/vm.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#define ENGINE_LINK_FD 3

struct sessions;

struct engine {
	struct vm vm;
	lua_State *L;
	struct event_base *base;
	struct event *readable, *writable, *timer;
	struct outlink out;
	struct state state;
	int tail;                  /* the last log lines (base/tail.h); -1: none */
	struct sessions *sessions; /* NULL until the control socket came */
	struct sessions *lines;    /* NULL without a socket for doveadm */
	unsigned char *in;         /* WIRE_FRAME_MAX bytes */
	size_t collect_at;         /* bytes in use from which rubbish is collected */
	bool leaving;
	int exit_code;
};

/* The engine of a Lua state. */
struct engine *engine_of(lua_State *L);

/* Calls engine.<name>(...) of engine.lua; `push` puts the arguments on the stack and says how many.
 * An integer that it returns ends the loop with that exit code. Returns 0, or -1: it failed and that
 * was logged. */
int engine_call(struct engine *engine, const char *name, int (*push)(lua_State *L, void *arg), void *arg);

/* Sends the orders of this turn. Called at the end of every event; a broken link ends the loop. */
void engine_flush(struct engine *engine);

/* Ends the loop with this exit code. */
void engine_leave(struct engine *engine, int code);

/* Wires up link and timer and runs until engine_leave. Returns the exit code. */
int engine_run(struct engine *engine);

/* Calls on_timer at `ms` of the monotonic clock; 0: not. */
void engine_wake(struct engine *engine, uint64_t ms);

/* The table that engine.lua returned is at the top: keeps it for engine_call, pops it. */
void engine_keep(lua_State *L);

#endif
