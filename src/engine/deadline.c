/* deadline: the timer, its signal and the hook. The handler touches only what is below. */
#include "engine/deadline.h"

#include "base/err.h"

#include <assert.h>
#include <errno.h>
#include <lauxlib.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

static struct {
	timer_t timer;
	bool made, ticking;
	lua_State *volatile running;
	struct deadline *volatile inner;
	volatile uint64_t insisted_ns; /* when a second cancel came; 0: none */
} now;                                 /* a signal handler has no other place to look */

/* The processor's time, not the wall's: user code cannot wait for anything, so on a machine that is
 * overloaded only what it computed itself is held against it. */
static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

static uint64_t spent_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static bool is_up(const struct deadline *d, uint64_t spent)
{
	return spent >= d->until_ns ||
	       (d->wall_ns != 0 && spent >= d->earnest_ns && clock_ns(CLOCK_MONOTONIC) >= d->wall_ns);
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

/* "  FILE:LINE", with write(2) alone. */
static void tell_line(const lua_Debug *ar)
{
	char text[LUA_IDSIZE + 16], *at = text + sizeof text;
	size_t name_n = strlen(ar->short_src);

	*--at = '\n';
	for (int n = ar->currentline; n > 0; n /= 10)
		*--at = (char)('0' + n % 10);
	*--at = ':';
	at = memcpy(at - name_n, ar->short_src, name_n);
	*--at = ' ';
	*--at = ' ';
	(void)!write(STDERR_FILENO, at, (size_t)(text + sizeof text - at));
}

/* Ends the process, from the signal handler, and says where. Lua's stack is only read, and stands still: C
 * code that hears of no hook is running. */
static void end_here(lua_State *L)
{
	static const char head[] =
		"reeve-engine: user code does not end (a string pattern?); innermost first:\n";
	lua_Debug ar;

	(void)!write(STDERR_FILENO, head, sizeof head - 1);
	for (int level = 0; level < DEADLINE_FRAMES && lua_getstack(L, level, &ar) != 0; level++) {
		(void)lua_getinfo(L, "Sl", &ar);
		if (ar.currentline > 0)
			tell_line(&ar);
	}
	_exit(DEADLINE_EXIT);
}

const char *deadline_over(char *room, size_t size)
{
	const struct deadline *d = now.inner;

	if (d == NULL || (!d->expired && !d->cancelled))
		return NULL;
	if (d->cancelled)
		return "cancelled";
	(void)snprintf(room, size, "deadline of %u ms exceeded", d->ms);
	return room;
}

/* Stays armed: whatever catches this error meets the next one. */
static void on_hook(lua_State *L, lua_Debug *ar)
{
	char room[64];
	const char *why = deadline_over(room, sizeof room);

	(void)ar;
	push_where(L);
	lua_pushstring(L, why != NULL ? why : "interrupted");
	lua_concat(L, 2);
	(void)lua_error(L);
}

/* lua_sethook is meant to be called from signal handlers (lua.c does it on SIGINT). */
static void arm(void)
{
	lua_sethook(now.running, on_hook, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

static void on_tick(int number)
{
	int kept = errno;
	struct deadline *d = now.inner;
	uint64_t at = spent_ns();

	(void)number;
	if (d != NULL && now.insisted_ns != 0 && at - now.insisted_ns >= DEADLINE_DEAF_MS * UINT64_C(1000000))
		end_here(now.running);
	if (d != NULL && is_up(d, at)) {
		if (at >= d->until_ns + DEADLINE_GRACE_MS * UINT64_C(1000000))
			end_here(now.running);
		d->expired = 1;
		arm();
	}
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

static void tick(bool on)
{
	struct timespec every = {0, on ? DEADLINE_TICK_MS * 1000000L : 0};
	struct itimerspec spec = {every, every};

	now.ticking = on;
	(void)timer_settime(now.timer, 0, &spec, NULL);
}

void deadline_enter(struct deadline *d, lua_State *L, uint32_t ms)
{
	assert(now.made && ms > 0);
	d->outer = now.inner;
	d->until_ns = spent_ns() + (uint64_t)ms * 1000000;
	d->wall_ns = d->outer != NULL ? d->outer->wall_ns : 0;
	d->earnest_ns = d->outer != NULL ? d->outer->earnest_ns : 0;
	d->ms = ms;
	d->expired = d->cancelled = 0;
	if (d->outer != NULL && d->outer->until_ns < d->until_ns) {
		d->until_ns = d->outer->until_ns;
		d->ms = d->outer->ms;
	}
	now.running = L;
	now.inner = d;
	if (!now.ticking)
		tick(true);
}

void deadline_by_wall(struct deadline *d)
{
	d->earnest_ns = spent_ns() + DEADLINE_WALL_MS * UINT64_C(1000000);
	d->wall_ns = clock_ns(CLOCK_MONOTONIC) + (uint64_t)d->ms * 1000000;
}

bool deadline_leave(struct deadline *d, lua_State *L)
{
	assert(now.inner == d);
	now.inner = d->outer; /* from here on no tick can arm the hook for this call */
	if (d->outer == NULL)
		now.insisted_ns = 0;
	if (d->expired || d->cancelled)
		lua_sethook(L, NULL, 0, 0); /* an outer call that is late too is found at the next tick */
	if (d->outer != NULL && d->outer->cancelled)
		arm();
	return d->expired || d->cancelled || is_up(d, spent_ns());
}

void deadline_cancel(bool insist)
{
	for (struct deadline *d = now.inner; d != NULL; d = d->outer)
		d->cancelled = 1;
	if (now.inner == NULL)
		return;
	if (insist && now.insisted_ns == 0)
		now.insisted_ns = spent_ns();
	arm();
}

void deadline_rest(void)
{
	if (now.ticking && now.inner == NULL)
		tick(false);
}
