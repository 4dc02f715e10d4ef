/* pool: standing order + state of the pool -> actions. Nothing here can fail. */
#include "pool/pool.h"

#include <string.h>

#define HOLD_MOST     60000 /* ms: nobody holds a service down for longer without saying so again */
#define FIRST_DELAY   2000
#define MOST_DELAY    60000
#define FAILURES_MOST 10 /* in one second, for a service that never worked */
#define STARVED_FIRST 100
#define STARVED_MOST  1000
#define DOUBT_MS      1000  /* a process that said 0 when it was asked to go has ended by then */
#define HEALTHY_AGE   10000 /* ms of life that prove that a service works */

void pool_init(struct pool *p)
{
	memset(p, 0, sizeof *p);
	for (int i = 0; i < POOL_STATES; i++)
		list_init(&p->in[i]);
	p->process_limit = POOL_NO_LIMIT;
	p->client_limit = 1;
	p->reports = true;
}

void standing_init(struct standing *s)
{
	memset(s, 0, sizeof *s);
	s->at_most = s->burst = s->shrink_to = POOL_NO_LIMIT;
}

void standing_clip(struct standing *s, uint64_t now)
{
	if (s->hold_until > now + HOLD_MOST)
		s->hold_until = now + HOLD_MOST;
}

bool standing_withdraw(struct standing *s)
{
	bool any = s->hold_until != 0 || s->at_most != POOL_NO_LIMIT || s->mode != POOL_NORMAL;

	s->hold_until = 0;
	s->at_most = POOL_NO_LIMIT;
	s->mode = POOL_NORMAL;
	return any;
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t most(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static uint32_t minus(uint32_t a, uint32_t b)
{
	return a > b ? a - b : 0;
}

static uint32_t plus(uint32_t a, uint32_t b)
{
	return a > POOL_NO_LIMIT - b ? POOL_NO_LIMIT : a + b;
}

static uint32_t ceiling(const struct pool *p, const struct standing *s)
{
	return least(s->at_most, p->process_limit);
}

/* A job that has ended well and is not to run again yet. Sets *again to when it is, 0: never. */
static bool is_done(const struct pool *p, uint64_t now, uint64_t *again)
{
	*again = p->again_ms > 0 ? p->job_began + p->again_ms : 0;
	return p->once && p->done && (*again == 0 || now < *again);
}

static uint32_t floor_of(const struct pool *p, const struct standing *s, uint64_t now)
{
	uint32_t taken = pool_live(p) - p->available;
	uint64_t again;

	if (is_done(p, now, &again))
		return 0; /* at once, not when a policy has heard of it: a job must not run twice */
	if (!p->reports)
		return most(s->at_least, s->spare);
	return most(s->at_least, s->spare > 0 ? plus(taken, s->spare) : 0);
}

/* Clients that wait and that no starting process will take. With an idle or half-full process
 * there are none: it takes them itself. Without status messages nobody knows how many a process
 * can take, so the first one is for all. */
static uint32_t unserved(const struct pool *p, uint32_t waiting)
{
	uint32_t starting = p->in[POOL_STARTING].count;
	uint64_t coming = (uint64_t)starting * p->client_limit;

	if (!p->reports)
		return pool_live(p) == 0 ? 1 : 0;
	if (p->available > starting || waiting <= coming)
		return 0;
	return waiting - (uint32_t)coming;
}

static uint32_t wanted(const struct pool *p, const struct standing *s, uint32_t waiting, uint64_t now)
{
	uint32_t need = minus(floor_of(p, s, now), pool_live(p));

	if (s->on_demand && waiting > 0) {
		uint32_t per = p->client_limit > 0 ? p->client_limit : 1;
		uint32_t clients = unserved(p, waiting);
		need = most(need, clients / per + (clients % per != 0));
	}
	return need;
}

static void brake(struct pool_actions *a, uint32_t room, enum pool_brake why)
{
	if (a->start <= room)
		return;
	a->start = room;
	a->brake = why;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

static void grow(struct pool_actions *a, const struct pool *p, const struct standing *s, uint64_t now)
{
	uint32_t live = pool_live(p), all = plus(live, p->in[POOL_DRAINING].count);

	brake(a, minus(s->at_most, live), POOL_AT_CEILING);
	brake(a, minus(p->process_limit, live), POOL_AT_LIMIT);
	brake(a, minus(plus(p->process_limit, p->process_limit), all), POOL_AT_DOUBLE);
	if (p->throttled_until > now) {
		brake(a, 0, POOL_THROTTLED);
		a->wake = sooner(a->wake, p->throttled_until);
	}
	if (s->hold_until > now) {
		brake(a, 0, POOL_HELD);
		a->wake = sooner(a->wake, s->hold_until);
	}
	if (p->stopped)
		brake(a, 0, POOL_STOPPED);
	if (a->start > s->burst) {
		/* last, so that nobody is woken each millisecond while nothing may start */
		brake(a, s->burst, POOL_BURST);
		a->wake = s->burst > 0 ? now + 1 : 0;
	}
}

/* How many of the longest idle have been idle since before the vote was made. */
static uint32_t ripe(const struct pool *p, uint64_t as_of, uint32_t enough)
{
	uint32_t n = 0;

	for (const struct link *at = list_first(&p->in[POOL_IDLE]); at != NULL && n < enough;
		at = list_next(&p->in[POOL_IDLE], at)) {
		const struct pool_process *pp = LIST_OF(at, const struct pool_process, link);
		if (pp->since >= as_of)
			break;
		n++;
	}
	return n;
}

/* Those of whom it will be known in a moment whether they have taken a client, or end: they are not made up
 * for by asking others. Sets *again to when it must be known. */
static uint32_t doubtful(const struct pool *p, uint64_t now, uint64_t *again)
{
	uint32_t n = 0;

	if (p->doubtful == 0)
		return 0;
	for (const struct link *at = list_first(&p->in[POOL_BUSY]); at != NULL;
		at = list_next(&p->in[POOL_BUSY], at)) {
		const struct pool_process *pp = LIST_OF(at, const struct pool_process, link);
		if (!pp->doubtful || now >= pp->since + DOUBT_MS)
			continue;
		*again = sooner(*again, pp->since + DOUBT_MS);
		n++;
	}
	return n;
}

/* While clients wait nobody is let go by permission: the idle ones are about to take them, and without them
 * the next step would start others. */
static uint32_t shrink(
	const struct pool *p, const struct standing *s, uint32_t waiting, uint64_t now, uint64_t *again)
{
	uint32_t staying = pool_live(p) - p->in[POOL_LEAVING].count - doubtful(p, now, again);
	uint32_t over = least(minus(staying, ceiling(p, s)), p->in[POOL_IDLE].count);
	uint32_t may = 0;

	if (s->shrink_to != POOL_NO_LIMIT && !(s->on_demand && waiting > 0)) {
		may = minus(staying, most(s->shrink_to, s->at_least));
		may = least(may, minus(p->available, s->spare));
		may = ripe(p, s->as_of, may);
	}
	return most(over, may);
}

struct pool_actions pool_step(const struct pool *p, const struct standing *s, uint32_t waiting, uint64_t now)
{
	struct pool_actions a = {0};
	uint64_t again;

	a.start = wanted(p, s, waiting, now);
	if (a.start > 0)
		grow(&a, p, s, now);
	if (a.start == 0)
		a.ask = shrink(p, s, waiting, now, &a.wake);
	if (is_done(p, now, &again))
		a.wake = sooner(a.wake, again);
	return a;
}

struct pool_process *pool_victim(const struct pool *p)
{
	return LIST_OF(list_first(&p->in[POOL_IDLE]), struct pool_process, link);
}

static bool is_counted(const struct pool_process *pp)
{
	return pp->available > 0 && pp->state <= POOL_BUSY;
}

static void doubt(struct pool *p, struct pool_process *pp, bool doubtful)
{
	p->doubtful += (uint32_t)doubtful - (uint32_t)pp->doubtful;
	pp->doubtful = doubtful;
}

/* Every change of a process goes through here, so the sums are always those of the lists. */
static void move(struct pool *p, struct pool_process *pp, uint8_t state, uint32_t available, uint64_t now)
{
	bool was_asked = pp->state == POOL_LEAVING || pp->doubtful;

	if (is_counted(pp))
		p->available--;
	p->clients -= pp->clients;
	pp->available = available;
	doubt(p, pp, was_asked && state == POOL_BUSY && available == 0 && !pp->deaf);
	if (pp->state != state) {
		list_remove(&p->in[pp->state], &pp->link);
		pp->state = state;
		pp->since = now;
		list_add(&p->in[state], &pp->link);
	}
	if (pp->reports)
		pp->clients = pp->reported && !pp->deaf ? minus(pp->limit, available) : 0;
	p->clients += pp->clients;
	if (is_counted(pp))
		p->available++;
}

void pool_started(struct pool *p, struct pool_process *pp, uint64_t now)
{
	memset(pp, 0, sizeof *pp);
	pp->state = POOL_STARTING;
	pp->since = now;
	pp->limit = p->client_limit;
	pp->available = p->reports ? pp->limit : 0;
	pp->reports = p->reports;
	p->starved_next = 0;
	list_add(&p->in[POOL_STARTING], &pp->link);
	p->available += is_counted(pp);
	p->starts++;
	p->job_began = now;
	p->done = false;
}

void pool_resumed(struct pool *p, struct pool_process *pp)
{
	list_add(&p->in[pp->state], &pp->link);
	p->available += is_counted(pp);
	p->clients += pp->clients;
	p->doubtful += pp->doubtful;
}

void pool_up(struct pool *p, struct pool_process *pp, uint64_t now)
{
	pp->reported = true;
	if (pp->state == POOL_STARTING)
		move(p, pp, POOL_IDLE, pp->limit, now);
}

/* Clients come and go between two messages unseen; what the difference proves is counted. One that was deaf
 * was idle when it last spoke. */
static void count(struct pool *p, struct pool_process *pp, uint32_t available)
{
	uint32_t before = pp->deaf ? pp->limit : pp->available;

	if (available < before) {
		pp->accepted += before - available;
		p->arrivals += before - available;
	} else {
		p->served += available - before;
	}
}

static bool is_used_up(const struct pool *p, const struct pool_process *pp, uint32_t available)
{
	return p->service_count > 0 && pp->limit > 1 && available == 0 && pp->accepted >= p->service_count;
}

bool pool_status(struct pool *p, struct pool_process *pp, uint32_t available, uint64_t now)
{
	bool in_range = available <= pp->limit;
	uint8_t state;

	if (!in_range)
		available = pp->limit;
	if (pp->state == POOL_DRAINING && available == 0) {
		pp->reported = true;
		return true; /* "nobody else": not how many it has */
	}
	count(p, pp, available);
	pp->deaf = false;
	pp->reported = true;
	if (pp->state == POOL_DRAINING || is_used_up(p, pp, available))
		state = POOL_DRAINING;
	else if (available == pp->limit)
		state = POOL_IDLE;
	else
		state = POOL_BUSY;
	move(p, pp, state, available, now);
	return in_range;
}

void pool_asked(struct pool *p, struct pool_process *pp, uint64_t now)
{
	if (pp->state == POOL_IDLE)
		move(p, pp, POOL_LEAVING, pp->available, now);
}

void pool_refused(struct pool *p, struct pool_process *pp, uint64_t now)
{
	if (pp->state != POOL_LEAVING)
		return;
	pp->deaf = true;
	move(p, pp, POOL_BUSY, 0, now);
}

void pool_silent(struct pool *p, struct pool_process *pp, uint64_t now)
{
	uint32_t clients = pp->clients;

	if (!pp->reported || pp->state == POOL_DRAINING)
		return;
	move(p, pp, POOL_BUSY, 0, now);
	p->clients = p->clients - pp->clients + clients; /* nobody came or went */
	pp->clients = clients;
}

void pool_drain(struct pool *p, struct pool_process *pp, uint64_t now)
{
	if (pp->state != POOL_DRAINING)
		move(p, pp, POOL_DRAINING, pp->available, now);
}

static void throttle(struct pool *p, const struct standing *s, uint64_t now)
{
	uint32_t first = s->throttle_first > 0 ? s->throttle_first : FIRST_DELAY;
	uint32_t last = most(first, s->throttle_most > 0 ? s->throttle_most : MOST_DELAY);
	uint32_t delay = least(most(p->throttle_next, first), last);

	if (p->throttled_until > now)
		return; /* one failure of several that were started together */
	p->throttled_until = now + delay;
	p->throttle_next = least(plus(delay, delay), last);
}

static bool is_storm(struct pool *p, uint64_t now)
{
	if (p->failure_second != now / 1000) {
		p->failure_second = now / 1000;
		p->failures_in_second = 0;
	}
	return ++p->failures_in_second > FAILURES_MOST && !p->ever_ok;
}

bool pool_gone(struct pool *p, struct pool_process *pp, const struct standing *s, const struct pool_end *end,
	uint64_t now)
{
	bool reported = pp->reported, bad = !end->ok && !end->asked;

	if (is_counted(pp))
		p->available--;
	p->clients -= pp->clients;
	if (end->ok)
		p->served += pp->clients; /* the last ones of a service_count */
	doubt(p, pp, false);
	list_remove(&p->in[pp->state], &pp->link);
	p->exits++;
	if (end->ok && !end->too_soon) {
		p->ever_ok = true;
		p->throttle_next = 0;
	}
	if (end->ok && !end->asked)
		p->done = true;
	if (reported && end->age >= HEALTHY_AGE)
		p->ever_ok = true;
	if (bad)
		p->crashes++;
	if (end->too_soon || (bad && !reported))
		p->start_failures++;
	else if (!bad || !is_storm(p, now))
		return false;
	throttle(p, s, now);
	return true;
}

void pool_start_failed(struct pool *p, const struct standing *s, uint64_t now)
{
	p->start_failures++;
	throttle(p, s, now);
}

void pool_starved(struct pool *p, uint64_t now)
{
	uint32_t delay = most(p->starved_next, STARVED_FIRST);

	p->throttled_until = now + delay > p->throttled_until ? now + delay : p->throttled_until;
	p->starved_next = least(plus(delay, delay), STARVED_MOST);
}

void pool_reset(struct pool *p)
{
	p->starved_next = 0;
	p->throttled_until = 0;
	p->throttle_next = 0;
	p->failures_in_second = 0;
	p->done = false;
}

const char *pool_state_name(enum pool_state state)
{
	static const char *const names[] = {"starting", "idle", "busy", "leaving", "draining"};

	return names[state];
}

const char *pool_brake_name(enum pool_brake brake)
{
	static const char *const names[] = {
		"free", "process_limit", "at_most", "draining", "hold", "throttle", "stopped", "burst"};

	return names[brake];
}
