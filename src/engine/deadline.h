/* deadline: how long user code may run, in processor time. What somebody at the control socket had evaluated
 * also ends when that long has passed by the wall clock, and it has computed in earnest meanwhile: on a
 * machine that is overloaded, two seconds of the processor's are ten in which no policy is asked.
 *
 * One POSIX timer ticks while user code runs, and a little longer (deadline_rest), so that entering
 * and leaving cost no system call. A tick that finds the time up arms a hook on everything Lua does,
 * and the hook raises each time it runs: a pcall in user code cannot get past it. Until then no hook
 * is armed and the code runs at full speed. C code that ignores hooks (a string pattern, say) ends
 * with the whole process DEADLINE_GRACE_MS later, which says the lines; the master starts another one.
 *
 * A call can also be cancelled from a signal handler: the same hook, at once. Asked a second time it
 * does not wait for the deadline either: code that is deaf to hooks has DEADLINE_DEAF_MS. */
#ifndef REEVE_ENGINE_DEADLINE_H
#define REEVE_ENGINE_DEADLINE_H

#include <lua.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEADLINE_EXIT     75
#define DEADLINE_MOST_MS  600000
#define DEADLINE_TICK_MS  5
#define DEADLINE_GRACE_MS 100
#define DEADLINE_DEAF_MS  20
#define DEADLINE_FRAMES   12 /* of Lua that are named when the process ends */
#define DEADLINE_WALL_MS \
	50 /* of processor time, before the wall clock counts: not what only waited for its turn */

/* One guarded call; lives on the C stack of whoever makes it. */
struct deadline {
	struct deadline *outer;
	uint64_t until_ns;
	uint64_t wall_ns,
		earnest_ns; /* the end by the wall clock, 0: none; and the processor time it counts from */
	uint32_t ms;
	volatile sig_atomic_t expired;   /* a tick has found the time up, and the hook is armed */
	volatile sig_atomic_t cancelled; /* somebody wants it to end, and the hook is armed */
};

/* Makes the timer. Once, before anything else here; dies when there is none. */
void deadline_init(void);

/* From now on L has `ms`, or what is left to the outer call if that is less. */
void deadline_enter(struct deadline *d, lua_State *L, uint32_t ms);

/* The innermost call ends when its time has passed by the wall clock, too. */
void deadline_by_wall(struct deadline *d);

/* Ends it and goes back to the outer one. Returns whether the time was up or it was cancelled: then no
 * result of the call may be trusted. */
bool deadline_leave(struct deadline *d, lua_State *L);

/* No user code runs and none will before the next event: the timer need not tick. */
void deadline_rest(void);

/* Ends all calls that run now, in the middle of Lua; `insist`: and of C that does not hear of it. May be
 * called from a signal handler, and when nothing runs. */
void deadline_cancel(bool insist);

/* Why the innermost call has to end, as a sentence; NULL: it need not. */
const char *deadline_over(char *room, size_t size);

#endif
