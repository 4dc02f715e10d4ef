/* reload: check all and open all before anything changes. Failures are -1 and a sentence; commit.c
 * does the rest, which cannot fail. */
#include "master/reload.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/say.h"
#include "master/base_dir.h"
#include "master/chroots.h"
#include "master/control.h"
#include "master/service.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

int reload_begin(struct master *m, uint32_t ticket, bool dry, struct err *e)
{
	if (m->life != MASTER_RUNNING)
		return err_set(e, "the daemon is not running yet, or is ending");
	if (m->next != NULL)
		return err_set(e, "a reload is under way already; wait for it");
	if (upgrade_is_under_way(m))
		return err_set(e, "an upgrade is under way; wait for it");
	m->reload_began = clock_ms();
	if (engine_start(m, true, &m->next, e) < 0)
		return -1;
	m->reload_ticket = ticket;
	m->next->is_dry = dry;
	if (!dry) {
		say(SAY_INFO, "reloading %s", m->config_path);
		manager_reloading(m);
	}
	return 0;
}

/* ---- prepare */

static void must_restart(const struct spec_row *row, void *arg)
{
	const char **first = arg;

	if (row->on_change == SPEC_RESTART && *first == NULL)
		*first = row->name;
}

static int check_globals(const struct master *m, const struct plan *plan, struct err *e)
{
	const char *name = NULL;

	if (m->life == MASTER_BOOTING)
		return 0;
	(void)spec_diff(SPEC_global, &m->settings, &plan->settings, must_restart, &name);
	if (name != NULL)
		return err_set(e, "%s cannot change while the daemon runs; stop it and start it again", name);
	return 0;
}

/* A socket in force is kept, but one whose path somebody removed is of no use and made anew. */
static int open_one(struct master *m, struct watched *w, const struct plan *plan, const struct definition *d,
	const struct listener_definition *at, struct err *e)
{
	const struct listener *have = service_listener(m, at);

	if (have == NULL && manager_listener(&m->manager, &w->listener, at))
		return 0;
	if (have == NULL || !listener_is_there(have))
		return listener_open(&w->listener, at, definition_backlog(d), plan->settings.base_dir, e);
	w->listener = *have;
	w->listener.at = *at;
	w->borrowed = true;
	return 0;
}

static int open_files(struct plan *plan, struct err *e)
{
	for (size_t i = 0; i < plan->services_n; i++)
		if (definition_open_files(plan->services[i], e) < 0)
			return err_prefix(e, "service %s", plan->services[i]->name);
	return 0;
}

static int open_listeners(struct engine *en, struct err *e)
{
	struct plan *plan = en->plan;

	en->opened_in = en->master->listeners_epoch;
	en->opened = mem_new(plan->services_n, sizeof *en->opened);
	for (size_t i = 0; i < plan->services_n; i++) {
		const struct definition *d = plan->services[i];
		const struct service *s = service_find(en->master, d->name);
		en->opened[i] = mem_new(d->listeners_n, sizeof **en->opened);
		for (size_t n = 0; n < d->listeners_n; n++)
			en->opened[i][n].listener.fd = -1;
		if (s != NULL && service_is_stopped(s))
			continue; /* by an operator, and stays so until its start */
		for (size_t n = 0; n < d->listeners_n; n++)
			if (open_one(en->master, &en->opened[i][n], plan, d, &d->listeners[n], e) < 0)
				return err_prefix(e, "service %s", d->name);
	}
	return 0;
}

void reload_discard(struct engine *en)
{
	if (en->opened == NULL)
		return;
	for (size_t i = 0; i < en->plan->services_n; i++) {
		for (size_t n = 0; en->opened[i] != NULL && n < en->plan->services[i]->listeners_n; n++)
			if (!en->opened[i][n].borrowed)
				listener_close(&en->opened[i][n].listener);
		mem_free(&en->opened[i]);
	}
	mem_free(&en->opened);
}

int reload_look_again(struct engine *en, struct err *e)
{
	if (en->opened_in == en->master->listeners_epoch)
		return 0;
	reload_discard(en);
	return open_listeners(en, e);
}

/* An engine that resumes must have read the plan in force out of the bundle. */
static int check_resumed(const struct master *m, const struct plan *plan, struct err *e)
{
	if (plan->services_n != m->services_n)
		return err_set(e, "the plan of the bundle is not the one in force");
	for (size_t i = 0; i < plan->services_n; i++)
		if (strcmp(plan->services[i]->name, m->by_number[i]->definition->name) != 0)
			return err_set(e, "the plan of the bundle is not the one in force");
	return 0;
}

int reload_prepare(struct engine *en, int *exit_code, struct err *e)
{
	struct master *m = en->master;
	struct plan *plan = en->plan;

	*exit_code = EX_CONFIG;
	if (!en->is_reload && m->life == MASTER_RUNNING)
		return check_resumed(m, plan, e);
	if (plan_check(plan, m->is_root, e) < 0 || check_globals(m, plan, e) < 0 || open_files(plan, e) < 0)
		return -1;
	if (m->life == MASTER_BOOTING) {
		m->lock = base_dir_lock(plan->settings.base_dir, exit_code, e);
		if (m->lock < 0)
			return -1;
		m->base_dir = mem_text(plan->settings.base_dir);
		*exit_code = EX_OSERR;
		if (chdir(plan->settings.base_dir) < 0 || control_open(m, plan, e) < 0 ||
			(plan->settings.doveadm && doveadm_open(&m->doveadm, m->base_dir, e) < 0))
			return -1;
	}
	*exit_code = EX_OSERR;
	if (en->is_dry)
		return 0;
	return chroots_make(plan, m->is_root, e) < 0 ? -1 : open_listeners(en, e);
}

void reload_failed(struct master *m, int exit_code, const char *text)
{
	if (m->life == MASTER_BOOTING) {
		size_t n = strlen(text);
		(void)fprintf(stderr, "%s%s", text, n > 0 && text[n - 1] == '\n' ? "" : "\n");
		master_abort(m, exit_code);
		return;
	}
	if (m->next == NULL || !m->next->is_dry)
		say(SAY_ERROR, "reload refused; generation %u stays in force: %.1500s", m->generation, text);
	engine_end(&m->next);
	reload_answer(m, false, text);
}

void reload_answer(struct master *m, bool ok, const char *text)
{
	struct engine *who = m->engine;

	manager_reloaded(m);
	char cut[WIRE_FRAME_MAX / 2];

	(void)snprintf(cut, sizeof cut, "%s", text);
	if (who != NULL && who->phase == WIRE_RUNNING)
		(void)engine_send(m->engine, WIRE_reload_done,
			&(struct wire_reload_done){m->reload_ticket, ok, m->generation, cut});
}
