/* upgrade: probe, retire, exec, or back. A program that will not do leaves everything as it was and a
 * sentence. */
#include "master/upgrade.h"

#include "base/fd.h"
#include "base/say.h"
#include "master/carry.h"
#include "master/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void upgrade_init(struct master *m)
{
	trial_init(&m->upgrade.trial);
}

bool upgrade_is_under_way(const struct master *m)
{
	return m->upgrade.phase != UPGRADE_NONE;
}

/* ---- answers */

/* How the last one ended. */
static void tell(struct engine *en, uint32_t ticket)
{
	const struct upgrade *u = &en->master->upgrade;
	bool ok = u->why[0] == '\0';

	(void)engine_send(en, WIRE_upgrade_done,
		&(struct wire_upgrade_done){.ticket = ticket,
			.ok = ok,
			.from = ok ? u->from : REEVE_VERSION,
			.to = REEVE_VERSION,
			.processes = en->master->alive,
			.text = u->why});
}

bool upgrade_answer(struct engine *en, uint32_t ticket, const char *id)
{
	const struct upgrade *u = &en->master->upgrade;

	if (id[0] == '\0' || strcmp(id, u->id) != 0 || u->phase != UPGRADE_NONE)
		return false;
	tell(en, ticket);
	return true;
}

/* It ends here; whoever waits at the engine that works is told. */
static void refuse(struct master *m, const char *why)
{
	struct upgrade *u = &m->upgrade;

	u->phase = UPGRADE_NONE;
	(void)snprintf(u->why, sizeof u->why, "%s", why);
	say(SAY_ERROR, "upgrade refused, %s goes on: %s", REEVE_VERSION, u->why);
	if (u->ticket != 0 && m->engine != NULL && m->engine->phase == WIRE_RUNNING)
		tell(m->engine, u->ticket);
	u->ticket = 0;
}

/* ---- may it be now? */

static int check_time(const struct master *m, struct err *e)
{
	if (m->life == MASTER_STOPPING)
		return err_set(e, "the daemon is ending");
	if (m->life != MASTER_RUNNING || m->ready >= 0)
		return err_set(e, "the daemon is still starting; try again");
	if (m->next != NULL)
		return err_set(e, "a reload is under way; wait for it");
	return 0;
}

int upgrade_begin(struct master *m, uint32_t ticket, const char *id, struct err *e)
{
	struct upgrade *u = &m->upgrade;

	if (upgrade_is_under_way(m))
		return err_set(e, "an upgrade is under way already; wait for it");
	if (check_time(m, e) < 0 || trial_begin(m, e) < 0)
		return -1;
	say(SAY_INFO, "upgrading: trying %s", m->program);
	u->phase = UPGRADE_TRIED;
	u->ticket = ticket;
	u->why[0] = '\0';
	(void)snprintf(u->id, sizeof u->id, "%s", id);
	return 0;
}

/* ---- it will do: the engine leaves, and the loop */

/* A signal that is caught from here on waits for the new program; those caught before are handled in the turn
 * that is still to come. */
static void make_due(struct master *m)
{
	sigset_t all;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	m->upgrade.phase = UPGRADE_DUE;
	(void)event_base_loopexit(m->loop, NULL);
}

void upgrade_engine_left(struct master *m)
{
	if (m->upgrade.phase == UPGRADE_LEAVING && m->engine == NULL && m->retiring == NULL)
		make_due(m);
}

void upgrade_tried(struct master *m, const char *why)
{
	struct err e;

	if (why != NULL || check_time(m, &e) < 0) {
		refuse(m, why != NULL ? why : e.text);
		return;
	}
	m->upgrade.phase = UPGRADE_LEAVING;
	(void)event_del(&m->engine_timer);
	engine_retire(m);
	upgrade_engine_left(m); /* there was none */
}

/* ---- the exec */

static void become(struct master *m, int state, struct err *e)
{
	char number[12], base_dir[] = "--base-dir";
	char *argv[8] = {
		(char[]){"reeved"}, (char[]){"--config"}, m->config_path, (char[]){"--state"}, number};

	(void)snprintf(number, sizeof number, "%d", state);
	if (m->base_dir_override != NULL) {
		argv[5] = base_dir;
		argv[6] = m->base_dir_override;
	}
	if (carry_keep(m, true) < 0 || fcntl(state, F_SETFD, 0) < 0)
		(void)err_set(e, "a descriptor cannot be kept: %s", strerror(errno));
	else if (execve(m->program, argv, environ) < 0)
		(void)err_set(e, "%s cannot be run: %s", m->program, strerror(errno));
	if (carry_keep(m, false) < 0) /* we are still here */
		say(SAY_ERROR, "a descriptor stays open in services: %s", strerror(errno));
}

static void try_it(struct master *m, struct err *e)
{
	struct upgrade *u = &m->upgrade;
	int state;

	if (check_time(m, e) < 0)
		return;
	if (!trial_holds(m)) {
		(void)err_set(e, "%s has changed since it was tried", m->program);
		return;
	}
	u->is_hangup = event_pending(&m->hangup_timer, EV_TIMEOUT, NULL);
	manager_reloading(m);
	state = carry_write(m, e);
	if (state >= 0)
		become(m, state, e);
	fd_close(&state);
	manager_reloaded(m);
}

bool upgrade_take_over(struct master *m)
{
	static const struct timeval now = {0, 0};
	struct err e = {"it did not come to it"};
	bool stays = !event_base_got_break(m->loop);
	sigset_t none;

	if (m->upgrade.phase != UPGRADE_DUE)
		return false;
	if (stays)
		try_it(m, &e);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	refuse(m, e.text);
	(void)event_add(&m->engine_timer, &now);
	return stays;
}
