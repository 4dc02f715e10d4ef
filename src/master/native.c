/* native: contract "reeve". Its environment is also the first part of contract "dovecot"'s. */
#include "master/native.h"

#include "base/buf.h"
#include "base/fd.h"
#include "base/tabs.h"
#include "master/environment.h"
#include "master/neighbours.h"
#include "master/process.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define STATUS_FD 5
#define DEAD_FD   6

/* Dovecot's master tells only the last part of a path: by it auth knows what a client of login/login may do.
 */
static const char *told_name(const struct service *s, const struct listener_definition *l)
{
	const char *slash =
		s->contract->short_names && l->kind != LISTENER_INET ? strrchr(l->name, '/') : NULL;

	return slash != NULL ? slash + 1 : l->name;
}

static void add_listener(
	struct outfit *o, size_t i, const struct service *s, const struct listener_definition *l)
{
	const char *name = told_name(s, l);
	struct buf value = {0};

	tabs_escape(&value, name, strlen(name));
	if (l->ssl)
		buf_print(&value, "\tssl");
	if (l->haproxy)
		buf_print(&value, "\thaproxy");
	outfit_add(o, "SOCKET%zu_SETTINGS=%s", i, buf_text(&value));
	buf_free(&value);
}

/* What root has opened for them stands behind everything else. */
static void add_files(struct outfit *o, const struct service *s)
{
	const struct definition *d = s->definition;

	for (size_t i = 0; i < d->files_n; i++)
		outfit_add(o, "REEVE_FILE_%s=%zu", d->files[i].name, outfit_behind(o, d->files[i].fd));
}

void native_environment(struct service *s, struct outfit *o)
{
	const struct spec_service_settings *set = &s->definition->settings;
	uint64_t idle = (uint64_t)set->idle_kill / 1000;

	s->slots.generation = outfit_slot(o, "GENERATION=", 16);
	outfit_add(o, "CLIENT_LIMIT=%" PRId64, set->client_limit);
	outfit_add(o, "PROCESS_LIMIT=%" PRId64, set->process_limit);
	outfit_add(o, "PROCESS_MIN_AVAIL=%" PRId64, set->process_min_avail);
	outfit_add(o, "IDLE_KILL=%" PRIu64, idle < UINT32_MAX ? idle : UINT32_MAX);
	if (set->service_count > 0 && set->service_count < UINT32_MAX)
		outfit_add(o, "SERVICE_COUNT=%" PRId64, set->service_count);
	if (s->kind->dress != NULL)
		s->kind->dress(s, o);
	if (s->kind->full != NULL) /* fd 4 says when all processes are full */
		outfit_add(o, "LOGIN_NOTICE=1");
	add_files(o, s);
	outfit_add(o, "SOCKET_COUNT=%zu", o->fds_n + s->watched_n);
	for (size_t i = 0; i < s->watched_n; i++)
		add_listener(o, o->fds_n + i, s, &s->watched[i].listener.at);
	neighbours_add(o, s);
}

/* ---- descriptors */

/* Where the anvil pipe is, everybody has it as fd 3 but those who serve it. */
static int anvil_pipe(const struct service *s)
{
	const struct anvil *a = &s->master->anvil;

	return a->is_open && !s->kind->without_anvil ? a->shared[1] : SPAWN_NULL;
}

static int extra_of_type(struct service *s)
{
	int fd = s->kind->extra != NULL ? s->kind->extra(s) : -1;

	return fd >= 0 ? fd : SPAWN_CLOSED;
}

static void place(int *fds, size_t *at, const int *more, size_t n)
{
	if (n > 0)
		memcpy(fds + *at, more, n * sizeof *fds);
	*at += n;
}

void native_fds(struct service *s, const struct outfit *o)
{
	struct spawn *sp = &s->spawn;
	size_t at = OUTFIT_FIRST_FD;

	environment_plain_fds(s, o);
	sp->fds[3] = anvil_pipe(s);
	sp->fds[4] = extra_of_type(s);
	place(sp->fds, &at, o->fds, o->fds_n);
	for (size_t i = 0; i < s->watched_n; i++)
		sp->fds[at++] = s->watched[i].listener.fd;
	place(sp->fds, &at, o->behind, o->behind_n);
	s->fds_fixed = at;
}

enum kit_result native_kit(struct process *p, struct kit *k)
{
	struct service *s = p->service;
	int status[2], dead[2];

	if (fd_pipe(status, 1) < 0)
		return KIT_STARVED;
	p->status_fd = status[0];
	kit_add(k, status[1]);
	if (fd_pipe(dead, 1) < 0)
		return KIT_STARVED;
	p->dead_fd = dead[0];
	kit_add(k, dead[1]);
	s->spawn.fds[STATUS_FD] = status[1];
	s->spawn.fds[DEAD_FD] = dead[1];
	(void)sprintf(s->slots.generation, "%" PRIu32, (uint32_t)p->id);
	return KIT_COMPLETE;
}
