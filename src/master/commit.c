/* commit: puts a prepared plan into force, in one go. Behind the last look at its listeners nothing can fail.
 */
#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/say.h"
#include "master/changes.h"
#include "master/control.h"
#include "master/environment.h"
#include "master/instances.h"
#include "master/log_process.h"
#include "master/neighbours.h"
#include "master/process.h"
#include "master/process_table.h"
#include "master/recording.h"
#include "master/reload.h"
#include "master/report.h"

#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

/* One that is kept may need another queue, owner or mode. */
static void take_listener(const struct master *m, struct watched *w, const struct definition *d)
{
	struct listener *mine = &w->listener, *old = service_listener(m, &mine->at);
	struct err e;

	old->fd = -1;
	w->borrowed = false;
	if (mine->at.kind != LISTENER_FIFO)
		(void)listen(mine->fd, definition_backlog(d));
	if (mine->at.kind != LISTENER_INET && !mine->is_managers &&
		listener_set_owner(mine, &mine->at, &e) < 0)
		say(SAY_ERROR, "service %s: %s", d->name, e.text);
}

/* The listeners of the new plan own their fds from here on; the old ones forget theirs. */
static void take_listeners(struct engine *en)
{
	for (size_t i = 0; i < en->plan->services_n; i++)
		for (size_t n = 0; n < en->plan->services[i]->listeners_n; n++)
			if (en->opened[i][n].borrowed)
				take_listener(en->master, &en->opened[i][n], en->plan->services[i]);
}

/* A listener of its own that is still open was not taken over: the file of a socket was gone, and
 * its processes listen where nobody can come. */
static bool lost_its_place(const struct service *s, const struct definition *d)
{
	for (size_t i = 0; i < s->watched_n; i++)
		for (size_t n = 0; s->watched[i].listener.fd >= 0 && n < d->listeners_n; n++)
			if (listener_definition_is_same_place(&s->watched[i].listener.at, &d->listeners[n]))
				return true;
	return false;
}

static void retire_missing(struct master *m, const struct plan *plan, struct buf *text)
{
	struct service *s;
	struct process *p;

	LIST_EACH (s, &m->services, struct service, link) {
		if (s->number == 0 || plan_has(plan, s->definition->name))
			continue;
		buf_print(text, "stop   %s\n", s->definition->name);
		LIST_EACH (p, &s->processes, struct process, link)
			report_unmark(p);
		report_forget_service(s);
		s->number = 0;
		if (s->kind->keeps_stderr)
			service_abandon(s); /* it has to read what others still write */
		else
			service_end(s);
	}
}

/* What services learn of each other has changed: of the plan, so that no single definition shows it. */
static void prepare_all(struct master *m, const char *before, struct buf *text)
{
	char *after = neighbours_summary(m);
	bool renew = before != NULL && strcmp(before, after) != 0;
	struct service *s;

	LIST_EACH (s, &m->services, struct service, link) {
		if (s->number == 0)
			continue;
		environment_prepare(s);
		if (!renew || s->processes.count == 0 || s->kind->single || !s->contract->reports)
			continue;
		s->generation++;
		buf_print(text, "renew  %s (log or config of all services)\n", s->definition->name);
		service_touch(s);
	}
	mem_free(&after);
}

static enum spec_change lost_listener(struct buf *names)
{
	buf_print(names, "%sthe file of a listener was removed", names->used > 0 ? ", " : "");
	return SPEC_RENEW;
}

static void put_service(struct engine *en, size_t i, struct buf *text)
{
	struct master *m = en->master;
	struct definition *d = plan_take(en->plan, i);
	struct service *s = service_find(m, d->name);
	struct watched *watched = en->opened[i];
	size_t n = d->listeners_n;
	struct buf names = {0};

	en->opened[i] = NULL;
	if (s == NULL) {
		s = service_new(m, d);
		buf_print(text, "start  %s\n", d->name);
	} else {
		enum spec_change change = changes_of(en, s->definition, d, &names);
		if (lost_its_place(s, d))
			change = lost_listener(&names);
		if (service_is_stopped(s)) {
			mem_free(&watched);
			n = 0;
		}
		changes_print(text, s, change, &names);
		if (change >= SPEC_RENEW || s->number == 0)
			s->generation++;
		if (change >= SPEC_RENEW && kind_find(d->settings.type)->outdates)
			service_retire_all(s); /* whoever starts now is told by a new one */
		if (s->number == 0)
			s->pool.stopped = s->pool.done = false;
		service_close_listeners(s);
		service_redefine(s, d);
	}
	buf_free(&names);
	s->number = (uint32_t)i + 1;
	m->by_number[i] = s;
	service_set_listeners(s, watched, n);
	service_touch(s);
}

void reload_reserve(struct master *m)
{
	uint64_t fds = 256, processes = 0;
	struct service *s;

	LIST_EACH (s, &m->services, struct service, link) {
		fds += s->watched_n + 6 * (uint64_t)s->pool.process_limit;
		processes += s->pool.process_limit < 64 ? s->pool.process_limit : 64;
	}
	if (fd_raise_limit(fds) < fds / 2)
		say(SAY_WARNING,
			"the limit of open files allows fewer processes than the process_limits together; "
			"raise `ulimit -Hn` "
			"to %llu, or lower them",
			(unsigned long long)fds);
	process_reserve(m, (uint32_t)processes);
}

static void renumber(struct master *m, size_t n)
{
	mem_free(&m->by_number);
	m->by_number = mem_new(n, sizeof(struct service *));
	m->services_n = n;
}

static void put_plan(struct engine *en, struct buf *text)
{
	struct master *m = en->master;
	struct plan *plan = en->plan;
	struct spec_global_settings old = m->settings;
	char *shared = m->life == MASTER_RUNNING ? neighbours_summary(m) : NULL;

	remote_load(&m->remote);
	control_redefine(m, plan);
	take_listeners(en);
	retire_missing(m, plan, text);
	m->settings = plan->settings;
	plan->settings = old; /* freed with the plan */
	renumber(m, plan->services_n);
	for (size_t i = 0; i < plan->services_n; i++)
		put_service(en, i, text);
	mem_free(&en->opened);
	log_process_plan(m);
	anvil_plan(m);
	prepare_all(m, shared, text);
	mem_free(&shared);
	plan->services_n = 0;
	sequence_plan(m);
	if (m->life == MASTER_BOOTING)
		manager_plan(&m->manager);
	fd_close(&m->bundle);
	m->bundle = plan->bundle;
	plan->bundle = -1;
	reload_reserve(m);
	instances_enter(m);
}

/* ---- the engines change places */

/* What an engine needs to work. It has just been idle, so its socket has room for these. */
static void hand_over(struct engine *en, bool resumed)
{
	struct master *m = en->master;
	struct wire_begin begin = {m->generation, clock_ms(), (uint32_t)getpid(), resumed, m->engine_blame};

	en->phase = WIRE_RUNNING;
	en->since = m->engine_seen = begin.now;
	m->engine_asked = 0;
	m->engine_blame = false;
	m->withdrawn = false;
	(void)event_del(&en->timer);
	plan_free(&en->plan);
	en->plan = plan_new();
	recording_forget(m);
	recording_offer(m);
	if (engine_send(en, WIRE_state, &(struct wire_state){m->state}) < 0 ||
		engine_send(en, WIRE_control, &(struct wire_control){m->control.fd}) < 0 ||
		(m->tail >= 0 && engine_send(en, WIRE_tail, &(struct wire_tail){m->tail}) < 0) ||
		(m->doveadm.fd >= 0 &&
			engine_send(en, WIRE_doveadm, &(struct wire_doveadm){m->doveadm.fd}) < 0) ||
		engine_send(en, WIRE_begin, &begin) < 0)
		say(SAY_ERROR, "the engine does not read its socket; engine_timeout will tell");
	report_all(m);
}

void reload_commit(struct engine *en)
{
	struct master *m = en->master;
	struct buf text = {0};
	struct err why;

	if (!en->is_reload && m->life == MASTER_RUNNING) {
		say(SAY_INFO, "the engine is back (pid %d)", (int)en->pid);
		hand_over(en, true);
		return;
	}
	if (reload_look_again(en, &why) < 0) {
		reload_failed(m, EX_OSERR, why.text);
		return;
	}
	m->generation++;
	put_plan(en, &text);
	if (en->is_reload) {
		say(SAY_INFO, "generation %u is in force", m->generation);
		reload_answer(m, true, buf_text(&text)); /* before the one who asked is retired */
		engine_retire(m);
		m->engine = en;
		m->next = NULL;
	} else {
		m->life = MASTER_RUNNING;
		say(SAY_INFO, "Reeve %s runs %zu services in %s", REEVE_VERSION, m->services_n,
			m->settings.base_dir);
	}
	en->is_reload = false;
	hand_over(en, false);
	buf_free(&text);
}
