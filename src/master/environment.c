/* environment: from a definition to a struct spawn. Allocates; runs when a service is defined. */
#include "master/environment.h"

#include "base/mem.h"
#include "master/limits.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_LISTENER_FD 7
#define LOG_FD            2

struct texts_out {
	char **text;
	size_t count;
};

static void add(struct texts_out *out, char *text)
{
	out->text = mem_grow(out->text, out->count + 2, sizeof *out->text);
	out->text[out->count++] = text;
	out->text[out->count] = NULL;
}

static void add_format(struct texts_out *out, const char *format, ...) PRINTF(2, 3);

static void add_format(struct texts_out *out, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		abort();
	va_end(args);
	add(out, text);
}

static void append(char *out, size_t room, const char *text)
{
	size_t n = strlen(out);

	if (n + 1 < room)
		(void)snprintf(out + n, room - n, "%s", text);
}

/* The line protocols' escape: 001 and then '0' NUL, '1' 001, 't' TAB, 'r' CR, 'n' LF. */
static void append_escaped(char *out, size_t room, const char *text)
{
	static const char from[] = "\001\t\r\n", to[] = "1trn";
	char piece[3];

	for (; *text != '\0'; text++) {
		const char *found = strchr(from, *text);
		(void)snprintf(piece, sizeof piece, found != NULL ? "\001%c" : "%c",
			found != NULL ? to[found - from] : *text);
		append(out, room, piece);
	}
}

static void add_listener(struct texts_out *out, size_t i, const struct listener_definition *l)
{
	char value[1024] = "";

	append_escaped(value, sizeof value, l->name);
	if (l->ssl)
		append(value, sizeof value, "\tssl");
	if (l->haproxy)
		append(value, sizeof value, "\thaproxy");
	add_format(out, "SOCKET%zu_SETTINGS=%s", i, value);
}

/* The environment of contract reeve; its slot for GENERATION is rewritten before each start. */
static void add_native(struct texts_out *out, struct service *s)
{
	const struct spec_service_settings *set = &s->definition->settings;
	uint64_t idle = (uint64_t)set->idle_kill / 1000;

	s->generation_text = mem_new(32, 1);
	add(out, s->generation_text);
	add_format(out, "CLIENT_LIMIT=%" PRId64, set->client_limit);
	add_format(out, "PROCESS_LIMIT=%" PRId64, set->process_limit);
	add_format(out, "PROCESS_MIN_AVAIL=%" PRId64, set->process_min_avail);
	add_format(out, "IDLE_KILL=%" PRIu64, idle < UINT32_MAX ? idle : UINT32_MAX);
	if (set->service_count > 0 && set->service_count < UINT32_MAX)
		add_format(out, "SERVICE_COUNT=%" PRId64, set->service_count);
	add_format(out, "SOCKET_COUNT=%zu", s->watched_n);
	for (size_t i = 0; i < s->watched_n; i++)
		add_listener(out, i, &s->watched[i].listener.at);
}

static void add_numbers(struct spawn *sp, const char *words)
{
	char *end;

	while (*words != '\0' && sp->groups_n < SPAWN_GROUPS) {
		sp->groups[sp->groups_n++] = (gid_t)strtoul(words, &end, 10);
		if (end == words)
			break;
		words = *end != '\0' ? end + 1 : end;
	}
}

static void add_late_drop(struct texts_out *out, const struct spec_service_settings *set)
{
	if (set->user > 0)
		add_format(out, "RESTRICT_SETUID=%" PRId64, set->user);
	if (set->group >= 0)
		add_format(out, "RESTRICT_SETGID=%" PRId64, set->group);
	if (set->privileged_group >= 0)
		add_format(out, "RESTRICT_SETGID_PRIV=%" PRId64, set->privileged_group);
	if (set->extra_groups[0] != '\0')
		add_format(out, "RESTRICT_SETEXTRAGROUPS=%s", set->extra_groups);
}

static void prepare_privileges(struct service *s, struct texts_out *env)
{
	const struct spec_service_settings *set = &s->definition->settings;
	struct spawn *sp = &s->spawn;

	sp->uid = (uid_t)-1;
	sp->gid = (gid_t)-1;
	sp->umask = (mode_t)set->umask;
	sp->nice = (int)set->nice;
	sp->oom_score_adj = (int)set->oom_score_adj;
	sp->no_new_privs = set->no_new_privs != 0;
	sp->limits_n = limits_read(set->rlimits, sp->limits);
	sp->open_files = s->master->open_files;
	sp->address_space =
		set->vsz_limit > 0 && set->vsz_limit != TEXT_UNLIMITED ? (uint64_t)set->vsz_limit : 0;
	sp->chroot = set->chroot[0] != '\0' ? set->chroot : NULL;
	sp->directory = set->working_directory[0] != '\0' ? set->working_directory
			: sp->chroot != NULL              ? NULL
							  : s->master->settings.base_dir;
	if (!s->master->is_root)
		return;
	if (!set->drop_priv_before_exec) {
		add_late_drop(env, set);
		return;
	}
	sp->uid = (uid_t)set->user;
	sp->gid = set->group >= 0 ? (gid_t)set->group : (gid_t)set->user;
	sp->groups[sp->groups_n++] = sp->gid;
	add_numbers(sp, set->extra_groups);
}

static void prepare_fds(struct service *s)
{
	struct spawn *sp = &s->spawn;
	bool native = service_reports(s);

	sp->fds_n = native ? FIRST_LISTENER_FD + s->watched_n : LOG_FD + 1;
	sp->fds = mem_new(sp->fds_n, sizeof *sp->fds);
	sp->fds[0] = sp->fds[1] = SPAWN_NULL;
	sp->fds[LOG_FD] = LOG_FD;
	if (!native)
		return;
	sp->fds[3] = SPAWN_NULL;   /* the anvil pipe, where there is one */
	sp->fds[4] = SPAWN_CLOSED; /* the notice of type login */
	for (size_t i = 0; i < s->watched_n; i++)
		sp->fds[FIRST_LISTENER_FD + i] = s->watched[i].listener.fd;
}

void environment_prepare(struct service *s)
{
	const struct definition *d = s->definition;
	struct texts_out argv = {NULL, 0}, env = {NULL, 0};

	environment_clear(s);
	add_format(&env, "SERVICE_NAME=%s", d->name);
	if (service_reports(s))
		add_native(&env, s);
	prepare_privileges(s, &env);
	for (size_t i = 0; i < d->environment.count; i++)
		add(&env, mem_text(d->environment.text[i]));
	for (size_t i = 0; i < d->arguments.count; i++)
		add(&argv, mem_text(d->arguments.text[i]));
	s->spawn.argv = argv.text;
	s->spawn.envp = env.text;
	s->spawn.program = argv.text[0];
	prepare_fds(s);
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
	memset(&s->spawn, 0, sizeof s->spawn);
	s->generation_text = NULL;
}
