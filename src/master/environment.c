/* environment: from a definition to a struct spawn. Allocates; runs when a service is defined. */
#include "master/environment.h"

#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"
#include "master/login.h"
#include "master/mode.h"
#include "master/notice.h"
#include "master/process.h"
#include "master/rlimits.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define FIRST_LISTENER_FD 7
#define LOG_FD            2
#define STATUS_FD         5
#define DEAD_FD           6
#define OWN_FILES         64 /* that a process with many inherited ones may open */

static void add(struct outfit *out, char *text)
{
	out->text = mem_grow(out->text, out->count + 2, sizeof *out->text);
	out->text[out->count++] = text;
	out->text[out->count] = NULL;
}

void environment_add(struct outfit *out, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		abort();
	va_end(args);
	add(out, text);
}

char *environment_slot(struct outfit *out, const char *name, size_t room)
{
	size_t n = strlen(name);
	char *text = mem_new(n + room, 1);

	(void)snprintf(text, n + room, "%s", name);
	add(out, text);
	return text + n;
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

/* Dovecot's master tells only the last part of a path: by it auth knows what a client of login/login may do.
 */
static const char *told_name(const struct service *s, const struct listener_definition *l)
{
	const char *slash =
		s->contract->short_names && l->kind != LISTENER_INET ? strrchr(l->name, '/') : NULL;

	return slash != NULL ? slash + 1 : l->name;
}

static void add_listener(
	struct outfit *out, size_t i, const struct service *s, const struct listener_definition *l)
{
	char value[1024] = "";

	append_escaped(value, sizeof value, told_name(s, l));
	if (l->ssl)
		append(value, sizeof value, "\tssl");
	if (l->haproxy)
		append(value, sizeof value, "\thaproxy");
	environment_add(out, "SOCKET%zu_SETTINGS=%s", i, value);
}

/* What root has opened for them stands behind everything else. */
static void add_files(struct outfit *out, const struct service *s)
{
	const struct definition *d = s->definition;

	for (size_t i = 0; i < d->files_n; i++) {
		out->behind = mem_grow(out->behind, out->behind_n + 1, sizeof(int));
		out->behind[out->behind_n++] = d->files[i].fd;
		environment_add(out, "REEVE_FILE_%s=%zu", d->files[i].name,
			FIRST_LISTENER_FD + out->fds_n + s->watched_n + out->behind_n - 1);
	}
}

/* The environment of contract reeve. */
static void add_native(struct service *s, struct outfit *out)
{
	const struct spec_service_settings *set = &s->definition->settings;
	uint64_t idle = (uint64_t)set->idle_kill / 1000;

	s->slots.generation = environment_slot(out, "GENERATION=", 16);
	environment_add(out, "CLIENT_LIMIT=%" PRId64, set->client_limit);
	environment_add(out, "PROCESS_LIMIT=%" PRId64, set->process_limit);
	environment_add(out, "PROCESS_MIN_AVAIL=%" PRId64, set->process_min_avail);
	environment_add(out, "IDLE_KILL=%" PRIu64, idle < UINT32_MAX ? idle : UINT32_MAX);
	if (set->service_count > 0 && set->service_count < UINT32_MAX)
		environment_add(out, "SERVICE_COUNT=%" PRId64, set->service_count);
	if (s->kind->dress != NULL)
		s->kind->dress(s, out);
	if (s->kind->full != NULL) /* fd 4 says when all processes are full */
		environment_add(out, "LOGIN_NOTICE=1");
	add_files(out, s);
	environment_add(out, "SOCKET_COUNT=%zu", out->fds_n + s->watched_n);
	for (size_t i = 0; i < s->watched_n; i++)
		add_listener(out, out->fds_n + i, s, &s->watched[i].listener.at);
}

/* ---- what services learn of each other */

/* Where others ask for their configuration: the first unix listener of the service of type config. */
static const char *config_socket(const struct master *m)
{
	struct service *s;

	LIST_EACH (s, &m->services, struct service, link)
		for (size_t i = 0; s->number != 0 && strcmp(s->kind->name, "config") == 0 && i < s->watched_n;
			i++)
			if (s->watched[i].listener.at.kind == LISTENER_UNIX)
				return s->watched[i].listener.at.address;
	return NULL;
}

static bool has_own(const struct service *s, const char *name)
{
	const struct texts *env = &s->definition->environment;
	size_t n = strlen(name);

	for (size_t i = 0; i < env->count; i++)
		if (strncmp(env->text[i], name, n) == 0 && env->text[i][n] == '=')
			return true;
	return false;
}

static void add_others(struct outfit *out, const struct service *s)
{
	const char *config = config_socket(s->master);

	if (config != NULL && !s->kind->without_config && !has_own(s, "CONFIG_FILE"))
		environment_add(out, "CONFIG_FILE=%s", config);
	if (s->log.fds[1] >= 0 && !s->kind->keeps_stderr)
		environment_add(out, "LOG_SERVICE=1");
}

char *environment_shared(const struct master *m)
{
	const struct spec_global_settings *set = &m->settings;
	const char *config = config_socket(m);
	char *text;

	if (asprintf(&text, "%s\n%s\n%s\n%s\n%d", config != NULL ? config : "", set->log_debug,
		    set->stats_writer_socket_path, set->instance_name, logpipe_service(m) != NULL) < 0)
		abort();
	return text;
}

/* ---- contract dovecot: what Dovecot's own binaries want besides. No DOVECOT_VERSION: theirs would have to
 * be ours. */

static void add_preserved(struct outfit *out, const struct service *s)
{
	const struct texts *env = &s->definition->environment;
	struct buf names = {0};

	for (size_t i = 0; i < env->count; i++)
		buf_print(&names, "%s%.*s", i > 0 ? " " : "", (int)strcspn(env->text[i], "="), env->text[i]);
	environment_add(out, "DOVECOT_PRESERVE_ENVS=%s", buf_text(&names));
	buf_free(&names);
}

/* The node's name as it is: looking up its domain could stop us. */
static void add_host(struct outfit *out)
{
	struct utsname host;

	if (uname(&host) < 0)
		return;
	environment_add(out, "DOVECOT_HOSTNAME=%.*s", (int)strcspn(host.nodename, "."), host.nodename);
	environment_add(out, "DOVECOT_HOSTDOMAIN=%s", host.nodename);
}

void environment_native(struct service *s, struct outfit *out)
{
	add_native(s, out);
	add_others(out, s);
}

void environment_dovecot(struct service *s, struct outfit *out)
{
	const struct spec_global_settings *set = &s->master->settings;
	const char *stats = set->stats_writer_socket_path;

	environment_native(s, out);
	environment_add(out, "DOVECOT_CHILD_PROCESS=1");
	environment_add(out, "LOG_DEBUG=%s", set->log_debug);
	if (stats[0] != '\0' && s->definition->settings.chroot[0] == '\0' && stats[0] != '/')
		environment_add(out, "STATS_WRITER_SOCKET_PATH=%s/%s", set->base_dir, stats);
	else if (stats[0] != '\0')
		environment_add(out, "STATS_WRITER_SOCKET_PATH=%s", stats);
	add_host(out);
	add_preserved(out, s);
}

/* argv[0] as Dovecot's master makes it: dovecot/imap. What runs is `program`. */
static char *shown_name(const struct service *s, const char *program)
{
	const char *instance = s->master->settings.instance_name, *slash = strrchr(program, '/');
	char *text;

	if (!s->contract->drops_by_itself)
		return mem_text(program);
	if (asprintf(&text, "%s%s/%s", strncmp(instance, "dovecot", 7) == 0 ? "" : "dovecot-", instance,
		    slash != NULL ? slash + 1 : program) < 0)
		abort();
	return text;
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

/* Dovecot's master does not write that root's group is root's. */
static bool says_group(const struct service *s)
{
	const struct spec_service_settings *set = &s->definition->settings;

	return set->group > 0 || (set->group == 0 && (set->user > 0 || !s->contract->drops_by_itself));
}

static void add_late_drop(struct outfit *out, const struct service *s)
{
	const struct spec_service_settings *set = &s->definition->settings;

	if (set->user > 0)
		environment_add(out, "RESTRICT_SETUID=%" PRId64, set->user);
	if (says_group(s))
		environment_add(out, "RESTRICT_SETGID=%" PRId64, set->group);
	if (set->privileged_group >= 0)
		environment_add(out, "RESTRICT_SETGID_PRIV=%" PRId64, set->privileged_group);
	if (set->extra_groups[0] != '\0')
		environment_add(out, "RESTRICT_SETEXTRAGROUPS=%s", set->extra_groups);
}

/* A binary of Dovecot's enters its chroot by itself, too. */
static void add_late_chroot(struct outfit *out, const struct service *s)
{
	const char *chroot = s->definition->settings.chroot;
	size_t n = strlen(chroot);

	if (n > 0 && s->contract->drops_by_itself)
		environment_add(out, "RESTRICT_CHROOT=%.*s", (int)(n > 1 && chroot[n - 1] == '/' ? n - 1 : n),
			chroot);
}

static void prepare_privileges(struct service *s, struct outfit *env)
{
	const struct spec_service_settings *set = &s->definition->settings;
	struct spawn *sp = &s->spawn;

	sp->uid = (uid_t)-1;
	sp->gid = (gid_t)-1;
	sp->umask = (mode_t)set->umask;
	sp->nice = (int)set->nice;
	sp->oom_score_adj = (int)set->oom_score_adj;
	sp->no_new_privs = set->no_new_privs != 0;
	sp->limits_text = set->rlimits;
	sp->limits_n = rlimits_read(set->rlimits, sp->limits);
	sp->open_files = s->master->open_files;
	sp->address_space =
		set->vsz_limit > 0 && set->vsz_limit != TEXT_UNLIMITED ? (uint64_t)set->vsz_limit : 0;
	sp->chroot = set->chroot[0] != '\0' && !s->contract->drops_by_itself ? set->chroot : NULL;
	sp->directory = set->working_directory[0] != '\0' ? set->working_directory
			: sp->chroot != NULL              ? NULL
							  : s->master->settings.base_dir;
	if (!s->master->is_root)
		return;
	if (!set->drop_priv_before_exec || s->contract->drops_by_itself)
		add_late_drop(env, s); /* who has dropped already finds that it is so */
	if (!set->drop_priv_before_exec) {
		add_late_chroot(env, s);
		return;
	}
	sp->uid = (uid_t)set->user;
	sp->gid = set->group >= 0 ? (gid_t)set->group : (gid_t)set->user;
	sp->groups[sp->groups_n++] = sp->gid;
	add_numbers(sp, set->extra_groups);
}

/* Where the anvil pipe is, everybody has it as fd 3 but those who serve it. */
static int anvil_pipe(const struct service *s)
{
	const struct anvil *a = &s->master->anvil;

	return a->is_open && !s->kind->without_anvil ? a->shared[1] : SPAWN_NULL;
}

/* fd 4: the notice of type login; the socket over which anvil gets new log pipes. */
static int extra_of_type(struct service *s)
{
	int fd = SPAWN_CLOSED;

	if (s->kind->full != NULL)
		fd = login_file(s);
	else if (s->kind->started == anvil_started && s->master->anvil.is_open)
		fd = s->master->anvil.log_fds[0];
	return fd >= 0 ? fd : SPAWN_CLOSED;
}

static void place(int *fds, size_t *at, const int *more, size_t n)
{
	if (n > 0)
		memcpy(fds + *at, more, n * sizeof *fds);
	*at += n;
}

void environment_plain_fds(struct service *s, const struct outfit *o)
{
	struct spawn *sp = &s->spawn;

	(void)o;
	sp->fds[0] = SPAWN_NULL;
	sp->fds[LOG_FD] = s->log.fds[1] >= 0 && !s->kind->keeps_stderr ? s->log.fds[1] : LOG_FD;
	sp->fds[1] = s->contract->logs_stdout ? sp->fds[LOG_FD] : SPAWN_NULL;
	s->fds_fixed = LOG_FD + 1;
}

void environment_native_fds(struct service *s, const struct outfit *o)
{
	struct spawn *sp = &s->spawn;
	size_t at = FIRST_LISTENER_FD;

	environment_plain_fds(s, o);
	sp->fds[3] = anvil_pipe(s);
	sp->fds[4] = extra_of_type(s);
	place(sp->fds, &at, o->fds, o->fds_n);
	for (size_t i = 0; i < s->watched_n; i++)
		sp->fds[at++] = s->watched[i].listener.fd;
	place(sp->fds, &at, o->behind, o->behind_n);
	s->fds_fixed = at;
}

enum kit_result environment_native_kit(struct process *p, struct kit *k)
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

/* Room for the most that a process can get: what all have, what is stored, and NOTIFY_FD. */
static void prepare_fds(struct service *s, const struct outfit *o)
{
	struct spawn *sp = &s->spawn;
	size_t most = FIRST_LISTENER_FD + o->fds_n + s->watched_n + o->behind_n + s->store.room + 1;

	sp->fds = mem_new(most, sizeof *sp->fds);
	s->contract->fds(s, o);
	sp->fds_n = s->fds_fixed;
	if (sp->open_files > 0 && sp->open_files < sp->fds_n + OWN_FILES)
		sp->open_files = sp->fds_n + OWN_FILES;
}

void environment_prepare(struct service *s)
{
	const struct definition *d = s->definition;
	struct outfit argv = {0}, env = {0};

	assert(d->arguments.count > 0); /* plan_check */
	environment_clear(s);
	environment_add(&env, "SERVICE_NAME=%s", d->name);
	s->slots.mode = environment_slot(&env, "REEVE_MODE=", MODE_ROOM);
	if (s->contract->environment != NULL)
		s->contract->environment(s, &env);
	notice_environment(s, &env);
	if (s->ready.kind == READY_FD)
		s->slots.notify_fd = environment_slot(&env, "NOTIFY_FD=", 16);
	prepare_privileges(s, &env);
	for (size_t i = 0; i < d->environment.count; i++)
		add(&env, mem_text(d->environment.text[i]));
	add(&argv, shown_name(s, d->arguments.text[0]));
	for (size_t i = 1; i < d->arguments.count; i++)
		add(&argv, mem_text(d->arguments.text[i]));
	s->spawn.argv = argv.text;
	s->spawn.envp = env.text;
	s->spawn.program = d->arguments.text[0];
	prepare_fds(s, &env);
	mem_free(&env.fds);
	mem_free(&env.behind);
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
	memset(&s->slots, 0, sizeof s->slots);
}
