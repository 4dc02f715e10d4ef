/* environment: from a definition to a struct spawn. Allocates; runs when a service is defined. */
#include "master/environment.h"

#include "base/mem.h"
#include "master/dovecot.h"
#include "master/mode.h"
#include "master/notice.h"
#include "master/privileges.h"
#include "master/service.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_FD    2
#define OWN_FILES 64 /* that a process with many inherited ones may open */

void environment_plain_fds(struct service *s, const struct outfit *o)
{
	struct spawn *sp = &s->spawn;

	(void)o;
	sp->fds[0] = SPAWN_NULL;
	sp->fds[LOG_FD] = s->log.fds[1] >= 0 && !s->kind->keeps_stderr ? s->log.fds[1] : LOG_FD;
	sp->fds[1] = s->contract->logs_stdout ? sp->fds[LOG_FD] : SPAWN_NULL;
	s->fds_fixed = LOG_FD + 1;
}

static void prepare_arguments(struct service *s)
{
	const struct texts *words = &s->definition->arguments;
	const char *program = words->text[0];
	struct outfit argv = {0};

	outfit_take(&argv, s->contract->drops_by_itself
				   ? dovecot_shown_name(s->master->settings.instance_name, program)
				   : mem_text(program));
	for (size_t i = 1; i < words->count; i++)
		outfit_take(&argv, mem_text(words->text[i]));
	s->spawn.argv = argv.text;
	s->spawn.program = program;
}

/* Room for the most that a process can get: what all have, what is stored, and NOTIFY_FD. */
static void prepare_fds(struct service *s, const struct outfit *o)
{
	struct spawn *sp = &s->spawn;
	size_t most = OUTFIT_FIRST_FD + o->fds_n + s->watched_n + o->behind_n + s->store.room + 1;

	sp->fds = mem_new(most, sizeof *sp->fds);
	s->contract->fds(s, o);
	sp->fds_n = s->fds_fixed;
	if (sp->open_files > 0 && sp->open_files < sp->fds_n + OWN_FILES)
		sp->open_files = sp->fds_n + OWN_FILES;
}

static bool is_remote(const struct service *s, const char *path)
{
	const char *root = s->spawn.chroot != NULL ? s->spawn.chroot : "";
	char whole[PATH_MAX];

	(void)snprintf(whole, sizeof whole, "%s%s", root, path);
	return remote_has(&s->master->remote, whole);
}

/* Without memory for it: as everybody else. */
static void prepare_way(struct service *s)
{
	struct spawn *sp = &s->spawn;

	if (is_remote(s, sp->program) || is_remote(s, "") ||
		(sp->directory != NULL && is_remote(s, sp->directory)))
		sp->apart = spawn_share();
}

void environment_prepare(struct service *s)
{
	const struct definition *d = s->definition;
	struct outfit o = {.listeners_n = s->watched_n};

	assert(d->arguments.count > 0); /* plan_check */
	environment_clear(s);
	s->spawn.own_session = s->contract->own_session;
	outfit_add(&o, "SERVICE_NAME=%s", d->name);
	s->slots.mode = outfit_slot(&o, "REEVE_MODE=", MODE_ROOM);
	if (s->contract->environment != NULL)
		s->contract->environment(s, &o);
	notice_environment(s, &o);
	if (s->ready.kind == READY_FD)
		s->slots.notify_fd = outfit_slot(&o, "NOTIFY_FD=", 16);
	privileges_prepare(s, &o);
	for (size_t i = 0; i < d->environment.count; i++)
		outfit_take(&o, mem_text(d->environment.text[i]));
	s->spawn.envp = o.text;
	prepare_arguments(s);
	prepare_way(s);
	prepare_fds(s, &o);
	outfit_clear(&o);
}

static void free_texts(char ***texts)
{
	for (char **t = *texts; t != NULL && *t != NULL; t++)
		free(*t);
	mem_free(texts);
}

void environment_clear(struct service *s)
{
	free_texts(&s->spawn.argv);
	free_texts(&s->spawn.envp);
	mem_free(&s->spawn.fds);
	spawn_unshare(&s->spawn.apart);
	memset(&s->spawn, 0, sizeof s->spawn);
	memset(&s->slots, 0, sizeof s->slots);
}
