/* service: a pool of processes behind listeners, driven by its standing order. */
#include "master/service.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/say.h"
#include "master/environment.h"
#include "master/inetd.h"
#include "master/ladder.h"
#include "master/process.h"
#include "master/report.h"

#include <string.h>

bool service_is_stopped(const struct service *s)
{
	return s->number != 0 && s->pool.stopped;
}

static uint32_t as_u32(int64_t n)
{
	return n >= POOL_NO_LIMIT ? POOL_NO_LIMIT : (uint32_t)n;
}

/* How it is spoken to. plan_check has refused what is none of the tables. */
static void take_contract(struct service *s)
{
	const struct spec_service_settings *set = &s->definition->settings;
	int done;

	s->kind = kind_find(set->type);
	s->contract = contract_find(set->contract, set->wait != 0);
	assert(s->kind != NULL && s->contract != NULL);
	done = ready_parse(set->ready, s->contract, &s->ready, NULL);
	if (done == 0 && set->alive[0] != '\0')
		done = place_parse(set->alive, &s->alive, NULL);
	else
		s->alive.len = 0;
	assert(done == 0);
	(void)done;
	fd_store_resize(&s->store, (size_t)set->fd_store);
}

static void take_limits(struct service *s)
{
	const struct spec_service_settings *set = &s->definition->settings;

	take_contract(s);
	s->pool.process_limit = s->kind->single ? 1 : as_u32(set->process_limit);
	s->pool.client_limit = s->contract->accepts ? 1 : as_u32(set->client_limit);
	s->pool.service_count = set->service_count == TEXT_UNLIMITED ? 0 : (uint64_t)set->service_count;
	s->pool.reports = s->contract->knows_clients;
	s->pool.once = s->kind->once;
	s->pool.again_ms = set->every == TEXT_UNLIMITED ? 0 : (uint64_t)set->every;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct service *s = arg;

	(void)fd;
	(void)what;
	s->next_step = 0;
	service_touch(s);
}

struct service *service_new(struct master *m, struct definition *d)
{
	struct service *s = mem_new(1, sizeof *s);

	s->master = m;
	s->definition = d;
	s->log.fds[0] = s->log.fds[1] = -1;
	login_init(s);
	s->generation = 1;
	pool_init(&s->pool);
	standing_init(&s->standing);
	list_init(&s->processes);
	(void)evtimer_assign(&s->timer, m->loop, on_timer, s);
	list_add(&m->services, &s->link);
	take_limits(s);
	return s;
}

void service_redefine(struct service *s, struct definition *d)
{
	definition_free(&s->definition);
	s->definition = d;
	take_limits(s);
}

struct service *service_find(const struct master *m, const char *name)
{
	struct service *s;

	LIST_EACH (s, &m->services, struct service, link)
		if (strcmp(s->definition->name, name) == 0)
			return s;
	return NULL;
}

struct service *service_of_type(const struct master *m, const char *type)
{
	struct service *s;

	LIST_EACH (s, &m->services, struct service, link)
		if (s->number != 0 && strcmp(s->kind->name, type) == 0)
			return s;
	return NULL;
}

/* ---- listeners */

struct listener *service_listener(const struct master *m, const struct listener_definition *at)
{
	struct service *s;

	LIST_EACH (s, &m->services, struct service, link)
		for (size_t i = 0; i < s->watched_n; i++)
			if (listener_definition_is_same_place(&s->watched[i].listener.at, at))
				return &s->watched[i].listener;
	return NULL;
}

void service_count_waiting(struct service *s)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->watched_n; i++)
		sum += listener_waiting(&s->watched[i].listener, s->master->diag);
	if (sum != s->waiting) {
		s->waiting = sum > UINT32_MAX ? UINT32_MAX : (uint32_t)sum;
		report_service(s);
	}
}

/* Somebody who is up takes the next client by himself. */
static bool somebody_can(const struct service *s)
{
	return s->pool.available > (s->pool.reports ? s->pool.in[POOL_STARTING].count : 0);
}

static void unwatch(struct service *s)
{
	for (size_t i = 0; i < s->watched_n; i++)
		if (s->watched[i].armed) {
			(void)event_del(&s->watched[i].readable);
			s->watched[i].armed = false;
		}
}

/* Edge-triggered: each new connection is one event, however long the queue stays full. Watching
 * ends lazily, at the first event that finds somebody able to take it: a pool that always has
 * room costs us nothing per connection, one that never has costs no epoll_ctl. */
static void watch(struct service *s)
{
	for (size_t i = 0; i < s->watched_n; i++)
		if (!s->watched[i].armed) {
			(void)event_add(&s->watched[i].readable, NULL);
			s->watched[i].armed = true;
		}
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct service *s = arg;

	(void)fd;
	(void)what;
	if (somebody_can(s))
		unwatch(s);
	else
		service_touch(s);
}

void service_close_listeners(struct service *s)
{
	s->master->listeners_epoch++;
	unwatch(s);
	for (size_t i = 0; i < s->watched_n; i++)
		listener_close(&s->watched[i].listener);
	mem_free(&s->watched);
	s->watched_n = 0;
}

void service_set_listeners(struct service *s, struct watched *watched, size_t n)
{
	s->master->listeners_epoch++;
	unwatch(s);
	mem_free(&s->watched);
	s->watched = watched;
	s->watched_n = n;
	for (size_t i = 0; i < n; i++) {
		watched[i].armed = false;
		listener_set_blocking(&watched[i].listener, s->contract->blocks);
		(void)event_assign(&watched[i].readable, s->master->loop, watched[i].listener.fd,
			EV_READ | EV_PERSIST | EV_ET, on_readable, s);
	}
	environment_prepare(s);
}

void service_free(struct service **sp)
{
	struct service *s = *sp;

	assert(s->processes.count == 0);
	service_close_listeners(s);
	(void)event_del(&s->timer);
	report_forget_service(s);
	if (s->is_touched)
		list_remove(&s->master->touched, &s->touched);
	list_remove(&s->master->services, &s->link);
	environment_clear(s);
	login_free(s);
	fd_store_resize(&s->store, 0);
	sequence_free(s);
	logpipe_close(&s->log);
	definition_free(&s->definition);
	mem_free(sp);
}

/* ---- the step */

void service_touch(struct service *s)
{
	report_service(s);
	if (s->is_touched)
		return;
	s->is_touched = true;
	list_add(&s->master->touched, &s->touched);
	event_active(&s->master->turn, EV_TIMEOUT, 1);
}

static void step_at(struct service *s, uint64_t when, uint64_t now)
{
	struct timeval tv;
	uint64_t left = when > now ? when - now : 0;

	if (when == 0 || (s->next_step != 0 && s->next_step <= when))
		return;
	s->next_step = when;
	tv = (struct timeval){(time_t)(left / 1000), (suseconds_t)(left % 1000 * 1000)};
	(void)event_add(&s->timer, &tv);
}

static bool budget_allows(struct master *m, uint64_t now)
{
	if (m->settings.fork_budget == 0)
		return true;
	if (m->budget_second != now / 1000) {
		m->budget_second = now / 1000;
		m->budget_used = 0;
	}
	return m->budget_used++ < (uint64_t)m->settings.fork_budget;
}

static void start(struct service *s, uint32_t n, uint64_t now)
{
	uint32_t accepted = 0;

	if (s->kind->single && s->processes.count > 0)
		return; /* the end of that one makes another step */
	for (; n > 0; n--) {
		if (s->contract->accepts && accepted++ == INETD_ACCEPTS_ATURN) {
			service_touch(s); /* the rest in the next turn */
			return;
		}
		if (!budget_allows(s->master, now)) {
			step_at(s, (now / 1000 + 1) * 1000, now);
			return;
		}
		if (process_start(s) < 0)
			return;
	}
}

/* Clients wait and nobody who has reported can take them. */
static void face_demand(struct service *s, uint64_t now)
{
	uint32_t before = s->waiting;

	watch(s);
	service_count_waiting(s);
	if (s->waiting == 0)
		return;
	if (before == 0 && s->number != 0)
		report_event(s->master, WIRE_demand, &(struct wire_demand){s->number, now, s->waiting});
	if (s->standing.mode == POOL_SHED) {
		for (size_t i = 0; i < s->watched_n; i++)
			s->dropped += listener_drop(&s->watched[i].listener);
		service_count_waiting(s);
	}
}

static void ask(struct service *s, uint32_t n)
{
	for (; n > 0; n--) {
		struct pool_process *victim = pool_victim(&s->pool);
		if (victim == NULL)
			return;
		process_ask(LIST_OF(&victim->link, struct process, pool.link));
	}
}

/* Draining processes fill the room of two generations and nobody is left who takes clients: the oldest of
 * them has had its time. */
static void hurry(struct service *s, uint64_t now)
{
	struct process *p;

	LIST_EACH (p, &s->processes, struct process, link)
		if (p->pool.state == POOL_DRAINING && p->step <= STEP_FINISH) {
			process_retire(p, now);
			return;
		}
}

void service_step(struct service *s)
{
	uint64_t now = clock_ms();
	struct pool_actions a;
	bool allowed = s->sequence.needs_n == 0 || sequence_allows(s);

	s->is_touched = false;
	if (!somebody_can(s) && s->watched_n > 0 && !s->pool.stopped)
		face_demand(s, now);
	else if (s->waiting != 0 && s->pool.reports)
		service_count_waiting(s); /* one is being taken, and its status makes another step */
	else if (s->waiting != 0) {
		s->waiting = 0; /* nobody says when they have been taken */
		report_service(s);
	}
	a = pool_step(&s->pool, &s->standing, s->waiting, now);
	if (a.start > 0 && allowed)
		start(s, a.start, now);
	else if (a.ask > 0)
		ask(s, a.ask);
	/* those that are starting may take them all; whether they do, their status tells */
	if (a.brake == POOL_AT_DOUBLE && pool_live(&s->pool) == 0)
		hurry(s, now);
	/* at the limit in truth: a client of per_source_limit has no process */
	if (a.brake == POOL_AT_LIMIT && s->waiting > 0 && s->pool.available == 0 &&
		pool_live(&s->pool) >= s->pool.process_limit)
		step_at(s, limit_face(s, now), now);
	else
		limit_clear(s, s->pool.available > 0);
	step_at(s, a.wake, now);
	sequence_look(s);
}

/* ---- what operators want */

void service_retire_all(struct service *s)
{
	struct process *p;
	int64_t finish = s->master->settings.shutdown_clients || s->master->life != MASTER_STOPPING
				 ? s->definition->settings.stop_timeout
				 : TEXT_UNLIMITED;
	uint64_t deadline = finish == TEXT_UNLIMITED ? 0 : clock_ms() + (uint64_t)finish;

	LIST_EACH (p, &s->processes, struct process, link)
		process_retire(p, deadline);
}

void service_abandon(struct service *s)
{
	s->pool.stopped = true;
	service_close_listeners(s);
	environment_prepare(s);
	s->waiting = 0;
	service_touch(s);
}

void service_end(struct service *s)
{
	service_abandon(s);
	service_retire_all(s);
}

static int do_start(struct service *s, struct err *e)
{
	const struct definition *d = s->definition;
	struct watched *watched;

	if (!s->pool.stopped)
		return 0;
	watched = mem_new(d->listeners_n, sizeof *watched);
	for (size_t i = 0; i < d->listeners_n; i++)
		if (!manager_listener(&s->master->manager, &watched[i].listener, &d->listeners[i]) &&
			listener_open(&watched[i].listener, &d->listeners[i], definition_backlog(d),
				s->master->settings.base_dir, e) < 0) {
			while (i-- > 0)
				listener_close(&watched[i].listener);
			mem_free(&watched);
			return -1;
		}
	service_set_listeners(s, watched, d->listeners_n);
	s->pool.stopped = false;
	s->pool.done = false;
	pool_reset(&s->pool);
	return sequence_started(s, e);
}

static int do_stop(struct service *s, struct err *e)
{
	(void)e;
	sequence_stop(s);
	return 0;
}

/* One that was stopped is started. */
static int do_restart(struct service *s, struct err *e)
{
	s->generation++;
	s->pool.done = false;
	return do_start(s, e);
}

static int do_drain(struct service *s, struct err *e)
{
	(void)e;
	service_retire_all(s);
	return 0;
}

static int do_reset(struct service *s, struct err *e)
{
	(void)e;
	pool_reset(&s->pool);
	return 0;
}

int service_do(struct service *s, enum service_verb verb, struct err *e)
{
	static int (*const verbs[SERVICE_VERBS])(struct service * s, struct err * e) = {
		[SERVICE_START] = do_start,
		[SERVICE_STOP] = do_stop,
		[SERVICE_RESTART] = do_restart,
		[SERVICE_DRAIN] = do_drain,
		[SERVICE_RESET] = do_reset,
	};
	int done = verbs[verb](s, e);

	service_touch(s);
	return done;
}
