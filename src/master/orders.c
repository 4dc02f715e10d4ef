/* orders: everything the engine may ask of root, one function a row of wire.def; a missing one is
 * named by the linker. They answer -1 when the engine broke the rules: that is fatal for it. What
 * merely came too late (a process that is gone by now) is no mistake. */
#include "base/clock.h"
#include "base/fd.h"
#include "base/say.h"
#include "master/changes.h"
#include "master/engine.h"
#include "master/ladder.h"
#include "master/log_process.h"
#include "master/mode.h"
#include "master/process.h"
#include "master/process_table.h"
#include "master/reload.h"
#include "master/report.h"
#include "master/stopping.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* every handler's prototype */
#define ORDER(name, id, phases, doc, ...) \
	int order_##name(struct engine *en, const struct wire_##name *o, struct err *e);
#define REPORT(name, id, doc, ...)
#include "wire/wire.def"
#undef ORDER
#undef REPORT

static struct service *service_of(const struct master *m, uint32_t svc, struct err *e)
{
	if (svc >= 1 && svc <= m->services_n)
		return m->by_number[svc - 1];
	(void)err_set(e, "there is no service number %u", svc);
	return NULL;
}

/* ---- greeting and plan */

int order_hello(struct engine *en, const struct wire_hello *o, struct err *e)
{
	const struct master *m = en->master;
	bool resumes = !en->is_reload && m->bundle >= 0;
	struct wire_welcome w = {wire_hash(), m->generation, resumes};

	if (o->hash != wire_hash())
		return err_set(e, "it was built from another message table; reeved and reeve-engine must be "
				  "of one build: after an update of Reeve run `reeve upgrade`");
	en->phase = WIRE_LOADING;
	if (engine_send(en, WIRE_welcome, &w) < 0)
		return err_set(e, "it does not read its socket");
	if (resumes && engine_send(en, WIRE_bundle, &(struct wire_bundle){m->bundle}) < 0)
		return err_set(e, "it does not read its socket");
	return 0;
}

int order_global(struct engine *en, const struct wire_global *o, struct err *e)
{
	return plan_global(en->plan, o, e);
}

int order_service(struct engine *en, const struct wire_service *o, struct err *e)
{
	return plan_service(en->plan, o, e);
}

int order_setting(struct engine *en, const struct wire_setting *o, struct err *e)
{
	return plan_setting(en->plan, o, e);
}

int order_argument(struct engine *en, const struct wire_argument *o, struct err *e)
{
	return plan_argument(en->plan, o, e);
}

int order_environment(struct engine *en, const struct wire_environment *o, struct err *e)
{
	return plan_environment(en->plan, o, e);
}

int order_inet_listener(struct engine *en, const struct wire_inet_listener *o, struct err *e)
{
	return plan_inet(en->plan, o, e);
}

int order_control_socket(struct engine *en, const struct wire_control_socket *o, struct err *e)
{
	return plan_control(en->plan, o, e);
}

int order_path_listener(struct engine *en, const struct wire_path_listener *o, struct err *e)
{
	return plan_path(en->plan, o, e);
}

int order_open_file(struct engine *en, const struct wire_open_file *o, struct err *e)
{
	return plan_file(en->plan, o, e);
}

/* The plan was wanted for its description only. */
static int tell_plan(struct engine *en)
{
	struct master *m = en->master;
	struct buf text = {0};

	changes_describe(en, &text);
	reload_answer(m, true, buf_text(&text));
	buf_free(&text);
	engine_end(&m->next);
	return 0;
}

/* What stands in it now stands in it for ever: it is what the next engine loads, still as root. */
static bool is_sealed(int fd)
{
	const int all = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK;
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & all) == all;
}

int order_plan_end(struct engine *en, const struct wire_plan_end *o, struct err *e)
{
	struct wire_plan_taken taken = {o->engine_uid, o->engine_gid};
	struct err why;
	int code;

	fd_close(&en->plan->bundle);
	en->plan->bundle = o->bundle; /* ours now */
	if (!is_sealed(o->bundle))
		return err_set(e, "its bundle is no sealed memfd");
	if (o->services != en->plan->services_n)
		return err_set(e, "it counts %u services and sent %zu", o->services, en->plan->services_n);
	if (o->engine_uid < -1 || o->engine_uid >= UINT32_MAX || o->engine_gid < -1 ||
		o->engine_gid >= UINT32_MAX)
		return err_set(e, "its own ids are out of range");
	en->plan->engine_uid = (uid_t)o->engine_uid;
	en->plan->engine_gid = (gid_t)o->engine_gid;
	if (reload_prepare(en, &code, &why) < 0) {
		reload_failed(en->master, code, why.text);
		return 0;
	}
	if (en->is_dry)
		return tell_plan(en);
	en->phase = WIRE_LOCKING;
	return engine_send(en, WIRE_plan_taken, &taken) < 0 ? err_set(e, "it does not read its socket") : 0;
}

int order_plan_failed(struct engine *en, const struct wire_plan_failed *o, struct err *e)
{
	if (en->plan->services_n > 0)
		return err_set(e, "it says that there is no plan after sending some of it");
	if (!en->is_reload && en->master->life == MASTER_RUNNING)
		return err_set(e, "it cannot load the plan in force: %.400s", o->text);
	reload_failed(en->master, EX_CONFIG, o->text);
	return 0;
}

int order_locked(struct engine *en, const struct wire_locked *o, struct err *e)
{
	(void)o;
	(void)e;
	reload_commit(en);
	return 0;
}

/* ---- running */

static struct standing standing_of(const struct wire_standing *o)
{
	return (struct standing){
		.at_least = o->at_least,
		.at_most = o->at_most,
		.spare = o->spare,
		.burst = o->burst,
		.shrink_to = o->shrink_to,
		.on_demand = o->on_demand,
		.mode = (uint8_t)o->mode,
		.hold_until = o->hold_until,
		.as_of = o->as_of,
		.throttle_first = o->throttle_first,
		.throttle_most = o->throttle_most,
	};
}

int order_standing(struct engine *en, const struct wire_standing *o, struct err *e)
{
	struct service *s = service_of(en->master, o->svc, e);

	if (s == NULL)
		return -1;
	if (o->mode > POOL_SHED)
		return err_set(e, "service %s: there is no mode %u", s->definition->name, o->mode);
	s->standing = standing_of(o);
	standing_clip(&s->standing, clock_ms());
	mode_tell_all(s);
	service_touch(s);
	return 0;
}

int order_retire(struct engine *en, const struct wire_retire *o, struct err *e)
{
	struct process *p = process_find(en->master, o->process);

	(void)e;
	if (p != NULL)
		process_retire(p, o->deadline);
	return 0;
}

int order_kill(struct engine *en, const struct wire_kill *o, struct err *e)
{
	struct process *p = process_find(en->master, o->process);

	(void)e;
	if (p != NULL)
		process_kill(p);
	return 0;
}

int order_service_do(struct engine *en, const struct wire_service_do *o, struct err *e)
{
	struct service *s = service_of(en->master, o->svc, e);
	struct err why = {""};
	int done;

	if (s == NULL)
		return -1;
	if (o->verb >= SERVICE_VERBS)
		return err_set(e, "service %s: there is no verb %u", s->definition->name, o->verb);
	done = service_do(s, (enum service_verb)o->verb, &why);
	if (done < 0)
		say(SAY_ERROR, "service %s: %s", s->definition->name, why.text);
	if (o->ticket != 0)
		(void)engine_send(
			en, WIRE_service_done, &(struct wire_service_done){o->ticket, done == 0, why.text});
	return 0;
}

int order_reload(struct engine *en, const struct wire_reload *o, struct err *e)
{
	struct err why;

	(void)e;
	if (reload_begin(en->master, o->ticket, o->dry, &why) < 0)
		(void)engine_send(en, WIRE_reload_done,
			&(struct wire_reload_done){o->ticket, 0, en->master->generation, why.text});
	return 0;
}

int order_upgrade(struct engine *en, const struct wire_upgrade *o, struct err *e)
{
	struct master *m = en->master;
	struct err why;

	if (strlen(o->id) >= UPGRADE_ID)
		return err_set(e, "an id of %zu bytes", strlen(o->id));
	if (!upgrade_answer(en, o->ticket, o->id) && upgrade_begin(m, o->ticket, o->id, &why) < 0)
		(void)engine_send(en, WIRE_upgrade_done,
			&(struct wire_upgrade_done){
				o->ticket, 0, REEVE_VERSION, REEVE_VERSION, m->alive, why.text});
	return 0;
}

int order_stop(struct engine *en, const struct wire_stop *o, struct err *e)
{
	(void)e;
	master_stop(en->master, o->now);
	return 0;
}

int order_pong(struct engine *en, const struct wire_pong *o, struct err *e)
{
	struct master *m = en->master;

	if (o->seq > m->ping_seq)
		return err_set(e, "it answers ping %u before it was sent", o->seq);
	m->engine_seen = clock_ms();
	m->engine_asked = 0;
	m->withdrawn = false;
	manager_alive(m);
	return 0;
}

int order_quarantine(struct engine *en, const struct wire_quarantine *o, struct err *e)
{
	const struct service *s = service_of(en->master, o->svc, e);

	if (s == NULL)
		return -1;
	say(SAY_ERROR, "service %s: quarantined until the next reload or `reeve service reset %s`: %.400s",
		s->definition->name, s->definition->name, o->text);
	return 0;
}

int order_sync(struct engine *en, const struct wire_sync *o, struct err *e)
{
	(void)e;
	report_sync(en->master, o->seq);
	return 0;
}

int order_reopen_logs(struct engine *en, const struct wire_reopen_logs *o, struct err *e)
{
	(void)o;
	(void)e;
	if (!log_process_reopen(en->master))
		say(SAY_INFO, "reopen-logs: no log process runs; the next one opens its files anyway");
	return 0;
}

/* ---- the table */

#define ORDER(name, id, phases, doc, ...)                                                   \
	static int call_##name(struct engine *en, const union wire_any *msg, struct err *e) \
	{                                                                                   \
		return order_##name(en, &msg->name, e);                                     \
	}
#define REPORT(name, id, doc, ...)
#include "wire/wire.def"
#undef ORDER
#undef REPORT

static const struct {
	enum wire_kind kind;
	int (*call)(struct engine *en, const union wire_any *msg, struct err *e);
} handlers[] = {
#define ORDER(name, id, phases, doc, ...) {WIRE_##name, call_##name},
#define REPORT(name, id, doc, ...)
#include "wire/wire.def"
#undef ORDER
#undef REPORT
};

static const char *phase_name(uint32_t phase)
{
	switch (phase) {
	case WIRE_GREETING:
		return "before its greeting";
	case WIRE_LOADING:
		return "while it loads";
	case WIRE_LOCKING:
		return "before it is locked in";
	default:
		return "once it runs";
	}
}

int engine_obey(struct engine *en, const struct wire_info *info, const union wire_any *msg, struct err *e)
{
	if (info->phases == 0)
		return err_set(e, "%s is no order", info->name);
	if ((info->phases & en->phase) == 0)
		return err_set(e, "order %s is not taken %s", info->name, phase_name(en->phase));
	for (size_t i = 0; i < sizeof handlers / sizeof handlers[0]; i++)
		if (handlers[i].kind == info->kind) {
			if (handlers[i].call(en, msg, e) == 0)
				return 0;
			return err_prefix(e, "order %s", info->name);
		}
	return err_set(e, "%s is no order", info->name);
}
