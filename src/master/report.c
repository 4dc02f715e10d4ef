/* report: gauges by mark, events by queue, one frame after another for as long as the socket takes
 * them. Nothing here fails; what cannot be sent is sent later or counted. */
#include "master/report.h"

#include "base/clock.h"
#include "base/mem.h"
#include "master/engine.h"

#include <string.h>

#define QUEUE_BYTES (256 * 1024)
#define PACE_MS     20 /* between frames under load; the standing orders need no hurry */
#define BURST       10 /* frames that go at once after a quiet while */

struct report {
	struct master *master;
	struct list services, processes; /* marked */
	unsigned char queue[QUEUE_BYTES];
	size_t queued;
	uint32_t lost;
	uint64_t paced_at; /* a frame may go for each PACE_MS since then, BURST at most */
	struct event timer, writable;
	bool waiting; /* for the socket */
	bool sync_asked;
	uint32_t sync_seq; /* the last one asked for: it answers the earlier ones too */
	unsigned char frame[WIRE_FRAME_MAX];
};

static void send_all(struct report *r);

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	send_all(arg);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct report *r = arg;

	(void)fd;
	(void)what;
	r->waiting = false;
	send_all(r);
}

struct report *report_new(struct master *m)
{
	struct report *r = mem_new(1, sizeof *r);

	r->master = m;
	list_init(&r->services);
	list_init(&r->processes);
	(void)evtimer_assign(&r->timer, m->loop, on_timer, r);
	return r;
}

static void wait_no_more(struct report *r)
{
	if (r->waiting)
		(void)event_del(&r->writable);
	r->waiting = false;
	(void)event_del(&r->timer);
}

void report_free(struct report **r)
{
	if (*r != NULL)
		wait_no_more(*r);
	mem_free(r);
}

void report_service(struct service *s)
{
	if (s->is_dirty || s->number == 0)
		return;
	s->is_dirty = true;
	list_add(&s->master->report->services, &s->dirty);
}

void report_process(struct process *p)
{
	if (p->is_dirty || p->service->number == 0)
		return;
	p->is_dirty = true;
	list_add(&p->service->master->report->processes, &p->dirty);
}

void report_forget_service(struct service *s)
{
	if (s->is_dirty)
		list_remove(&s->master->report->services, &s->dirty);
	s->is_dirty = false;
}

static struct wire_process process_message(const struct process *p)
{
	return (struct wire_process){
		.process = p->id,
		.svc = p->service->number,
		.pid = (uint32_t)p->pid,
		.generation = p->generation,
		.state = p->pool.state,
		.now = clock_ms(),
		.born = p->born,
		.since = p->pool.since,
		.available = p->pool.available,
		.clients = p->pool.clients,
		.served = p->pool.accepted -
			  (p->pool.accepted < p->pool.clients ? p->pool.accepted : p->pool.clients),
		.ready = p->pool.reported,
	};
}

static struct wire_pool pool_message(const struct service *s)
{
	const struct pool *p = &s->pool;

	return (struct wire_pool){
		.svc = s->number,
		.now = clock_ms(),
		.generation = s->generation,
		.waiting = s->waiting,
		.arrivals = p->arrivals,
		.served = p->served,
		.starts = p->starts,
		.start_failures = p->start_failures,
		.exits = p->exits,
		.crashes = p->crashes,
		.dropped = s->dropped,
		.throttled_until = p->throttled_until,
		.stopped = p->stopped,
	};
}

void report_event(struct master *m, enum wire_kind kind, const void *msg)
{
	struct report *r = m->report;

	if (m->engine == NULL || m->engine->phase != WIRE_RUNNING)
		return; /* it will be told everything when it comes */
	if (wire_put(r->queue, QUEUE_BYTES, &r->queued, wire_by_kind(kind), msg) < 0)
		r->lost++;
}

void report_unmark(struct process *p)
{
	if (p->is_dirty)
		list_remove(&p->service->master->report->processes, &p->dirty);
	p->is_dirty = false;
}

void report_forget(struct process *p)
{
	struct master *m = p->service->master;

	if (!p->is_dirty)
		return;
	report_unmark(p);
	if (p->service->number != 0) {
		struct wire_process last = process_message(p);
		report_event(m, WIRE_process, &last);
	}
}

/* ---- sending */

struct taken {
	size_t events; /* bytes of the queue */
	uint32_t services, processes;
};

static size_t message_bytes(const unsigned char *at)
{
	uint32_t length;

	memcpy(&length, at + 4, sizeof length);
	return length;
}

#define ROOM (WIRE_FRAME_MAX - 256) /* leaves space for turn and synced */

static size_t take_events(const struct report *r, unsigned char *frame, size_t at, struct taken *taken)
{
	while (taken->events < r->queued) {
		size_t n = message_bytes(r->queue + taken->events);
		if (at + n > ROOM)
			break;
		memcpy(frame + at, r->queue + taken->events, n);
		at += n;
		taken->events += n;
	}
	return at;
}

static size_t take_gauges(const struct report *r, unsigned char *frame, size_t at, struct taken *taken)
{
	struct service *s;
	struct process *p;

	LIST_EACH (s, &r->services, struct service, dirty) {
		struct wire_pool msg = pool_message(s);
		struct wire_awaits awaits = {s->number, s->sequence.waits};
		size_t before = at;
		if (wire_put(frame, ROOM, &at, wire_by_kind(WIRE_pool), &msg) < 0)
			return at;
		if (s->sequence.needs_n > 0 &&
			wire_put(frame, ROOM, &at, wire_by_kind(WIRE_awaits), &awaits) < 0)
			return before;
		taken->services++;
	}
	LIST_EACH (p, &r->processes, struct process, dirty) {
		struct wire_process msg = process_message(p);
		size_t before = at;
		struct wire_said said = {p->id, p->service->number, p->notice.said};
		if (wire_put(frame, ROOM, &at, wire_by_kind(WIRE_process), &msg) < 0)
			return at;
		if (said.text[0] != '\0' && wire_put(frame, ROOM, &at, wire_by_kind(WIRE_said), &said) < 0)
			return before;
		taken->processes++;
	}
	return at;
}

static size_t finish(struct report *r, size_t at, bool is_last)
{
	uint64_t now = clock_ms();
	int done;

	done = wire_put(r->frame, WIRE_FRAME_MAX, &at, wire_by_kind(WIRE_turn), &(struct wire_turn){now});
	if (done == 0 && is_last && r->sync_asked)
		done = wire_put(r->frame, WIRE_FRAME_MAX, &at, wire_by_kind(WIRE_synced),
			&(struct wire_synced){r->sync_seq, now});
	assert(done == 0); /* ROOM leaves space for them */
	(void)done;
	return at;
}

static void consume(struct report *r, const struct taken *taken)
{
	memmove(r->queue, r->queue + taken->events, r->queued - taken->events);
	r->queued -= taken->events;
	r->lost = 0;
	for (uint32_t i = 0; i < taken->services; i++) {
		struct service *s = LIST_OF(list_first(&r->services), struct service, dirty);
		report_forget_service(s);
	}
	for (uint32_t i = 0; i < taken->processes; i++) {
		struct process *p = LIST_OF(list_first(&r->processes), struct process, dirty);
		report_unmark(p);
	}
}

static bool is_empty(const struct report *r)
{
	return r->queued == 0 && r->lost == 0 && r->services.count == 0 && r->processes.count == 0 &&
	       !r->sync_asked;
}

static void wait_for_socket(struct report *r, const struct engine *en)
{
	if (r->waiting)
		return;
	r->waiting = true;
	(void)event_assign(&r->writable, r->master->loop, en->sock, EV_WRITE, on_writable, r);
	(void)event_add(&r->writable, NULL);
}

static void mark_all(const struct master *m)
{
	struct service *s;
	struct process *p;

	LIST_EACH (s, &m->services, struct service, link) {
		report_service(s);
		LIST_EACH (p, &s->processes, struct process, link)
			report_process(p);
	}
}

/* Events are lost: this comes first, then every gauge follows, so that the engine can tell which
 * processes have gone unseen. */
static size_t put_resync(struct report *r)
{
	size_t at = 0;

	if (r->lost == 0)
		return 0;
	mark_all(r->master);
	if (wire_put(r->frame, ROOM, &at, wire_by_kind(WIRE_resync),
		    &(struct wire_resync){r->lost, clock_ms()}) < 0)
		return 0;
	return at;
}

static void send_all(struct report *r)
{
	struct engine *en = r->master->engine;

	while (en != NULL && en->phase == WIRE_RUNNING && !is_empty(r)) {
		struct taken taken = {0};
		bool is_last;
		size_t at = take_events(r, r->frame, put_resync(r), &taken);
		if (taken.events == r->queued)
			at = take_gauges(r, r->frame, at, &taken);
		is_last = taken.events == r->queued && taken.services == r->services.count &&
			  taken.processes == r->processes.count;
		at = finish(r, at, is_last);
		if (engine_send_frame(en, r->frame, at) < 0) {
			wait_for_socket(r, en);
			return;
		}
		consume(r, &taken);
		r->sync_asked = r->sync_asked && !is_last;
		r->paced_at += PACE_MS;
	}
}

void report_turn(struct master *m)
{
	struct report *r = m->report;
	struct timeval soon = {0, PACE_MS * 1000};
	uint64_t now = clock_ms();

	if (m->engine == NULL || is_empty(r) || r->waiting)
		return;
	if (r->paced_at + BURST * PACE_MS < now)
		r->paced_at = now - BURST * PACE_MS;
	if (r->sync_asked || r->paced_at + PACE_MS <= now)
		send_all(r);
	else if (!event_pending(&r->timer, EV_TIMEOUT, NULL))
		(void)event_add(&r->timer, &soon);
}

void report_sync(struct master *m, uint32_t seq)
{
	m->report->sync_asked = true;
	m->report->sync_seq = seq;
	event_active(&m->turn, EV_TIMEOUT, 1);
}

void report_engine_gone(struct master *m)
{
	wait_no_more(m->report);
	m->report->sync_asked = false;
	m->report->queued = 0;
}

void report_all(struct master *m)
{
	struct report *r = m->report;

	wait_no_more(r);
	r->queued = 0;
	r->lost = 0;
	mark_all(m);
	send_all(r);
}
