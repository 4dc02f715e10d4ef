/* deadline: the timer, its signal and the hook. The handler touches only what is below. */
#include "engine/deadline.h"

#include "base/err.h"

#include <assert.h>
#include <errno.h>
#include <lauxlib.h>
#include <signal.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

static struct {
	timer_t timer;
	bool made;
	lua_State *volatile running;
	volatile sig_atomic_t ticks;
	struct deadline *inner;
} now; /* a signal handler has no other place to look */

static uint64_t clock_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

/* The line that runs: the innermost function that has lines. */
static void push_where(lua_State *L)
{
	lua_Debug ar;

	for (int level = 0; lua_getstack(L, level, &ar) != 0; level++) {
		(void)lua_getinfo(L, "Sl", &ar);
		if (ar.currentline > 0) {
			lua_pushfstring(L, "%s:%d: ", ar.short_src, ar.currentline);
			return;
		}
	}
	lua_pushliteral(L, "");
}

/* Stays armed: whatever catches this error meets the next one. */
static void on_hook(lua_State *L, lua_Debug *ar)
{
	(void)ar;
	push_where(L);
	lua_pushfstring(L, "deadline of %d ms exceeded", (int)deadline_ms());
	lua_concat(L, 2);
	(void)lua_error(L);
}

/* lua_sethook is meant to be called from signal handlers (lua.c does it on SIGINT). */
static void on_tick(int number)
{
	int kept = errno;

	(void)number;
	now.ticks = now.ticks + 1;
	if (now.ticks >= DEADLINE_LAST_TICK)
		_exit(DEADLINE_EXIT);
	if (now.running != NULL)
		lua_sethook(
			now.running, on_hook, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
	errno = kept;
}

void deadline_init(void)
{
	struct sigaction action;
	struct sigevent event;
	sigset_t set;

	memset(&action, 0, sizeof action);
	action.sa_handler = on_tick;
	action.sa_flags = SA_RESTART;
	memset(&event, 0, sizeof event);
	event.sigev_notify = SIGEV_SIGNAL;
	event.sigev_signo = SIGALRM;
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	if (sigaction(SIGALRM, &action, NULL) < 0 || sigprocmask(SIG_UNBLOCK, &set, NULL) < 0 ||
		timer_create(CLOCK_MONOTONIC, &event, &now.timer) < 0)
		die(EX_OSERR, "the timer of deadlines: %s", strerror(errno));
	now.made = true;
}

/* 0 ns: off. A pending tick is delivered on return from the system call, so none comes after. */
static void set_timer(uint64_t ns)
{
	struct itimerspec spec = {
		.it_value = {(time_t)(ns / 1000000000), (long)(ns % 1000000000)},
		.it_interval = {0, ns > 0 ? DEADLINE_TICK_MS * 1000000L : 0},
	};

	(void)timer_settime(now.timer, 0, &spec, NULL);
}

void deadline_enter(struct deadline *d, lua_State *L, uint32_t ms)
{
	uint64_t until = clock_ns() + (uint64_t)ms * 1000000;

	assert(now.made && ms > 0);
	d->outer = now.inner;
	d->owns = d->outer == NULL || (now.ticks == 0 && until < d->outer->until_ns);
	d->until_ns = d->owns ? until : d->outer->until_ns;
	d->ms = d->owns ? ms : d->outer->ms;
	now.inner = d;
	if (!d->owns)
		return;
	set_timer(0);
	now.ticks = 0;
	now.running = L;
	set_timer((uint64_t)ms * 1000000);
}

bool deadline_leave(struct deadline *d, lua_State *L)
{
	bool expired;
	uint64_t at;

	assert(now.inner == d);
	now.inner = d->outer;
	if (!d->owns)
		return now.ticks > 0;
	set_timer(0);
	lua_sethook(L, NULL, 0, 0);
	expired = now.ticks > 0;
	now.ticks = 0;
	if (d->outer == NULL) {
		now.running = NULL;
		return expired;
	}
	at = clock_ns();
	set_timer(d->outer->until_ns > at ? d->outer->until_ns - at : 1);
	return expired;
}

bool deadline_expired(void)
{
	return now.inner != NULL && now.ticks > 0;
}

uint32_t deadline_ms(void)
{
	return now.inner != NULL ? now.inner->ms : 0;
}
