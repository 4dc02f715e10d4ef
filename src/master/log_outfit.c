/* log_outfit: the pipes' reading ends, and variables that say what they are. */
#include "master/log_outfit.h"

#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/say.h"
#include "master/log_writer.h"
#include "master/service.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

bool log_outfit_is_reeves(const struct service *s)
{
	return strcmp(s->definition->settings.contract, "dovecot") != 0;
}

static bool goes_nowhere(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 || (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3));
}

static void add_text(struct outfit *o, const char *name, const char *value)
{
	if (value[0] != '\0')
		outfit_add(o, "%s=%s", name, value);
}

static void add_settings(struct outfit *o, const struct service *s)
{
	const struct spec_global_settings *set = &s->master->settings;
	bool unset = set->log_path[0] == '\0' && !s->master->is_daemon && !goes_nowhere(STDERR_FILENO);

	add_text(o, "LOG_PATH", unset ? "/dev/stderr" : set->log_path);
	add_text(o, "INFO_LOG_PATH", set->info_log_path);
	add_text(o, "DEBUG_LOG_PATH", set->debug_log_path);
	add_text(o, "LOG_TIMESTAMP", set->log_timestamp);
	add_text(o, "SYSLOG_FACILITY", set->syslog_facility);
	add_text(o, "INSTANCE_NAME", set->instance_name);
	if (!log_outfit_is_reeves(s)) {
		outfit_add(o, "DOVECONF_ENV=1");
		outfit_add(o, "SSL=no");
		if (set->verbose_proctitle)
			outfit_add(o, "VERBOSE_PROCTITLE=1");
		return;
	}
	add_text(o, "LOG_FORMAT", set->log_format);
	if (s->master->is_daemon)
		outfit_add(o, "LOG_DETACH=1");
}

/* "7=reeved\t8=web": of some pipes, by the number that each has in the log process. */
struct writers {
	struct buf names, rates, overflows, pids, levels;
};

static void add_item(struct buf *b, int fd)
{
	buf_print(b, "%s%d=", b->used > 0 ? "\t" : "", fd);
}

static void add_name(struct writers *w, int fd, const char *name)
{
	add_item(&w->names, fd);
	buf_print(&w->names, "%s", name);
}

static void add_service(struct writers *w, int fd, const struct service *s)
{
	const struct spec_service_settings *set = &s->definition->settings;

	add_name(w, fd, s->definition->name);
	if (set->log_rate > 0 && set->log_rate < UINT32_MAX) {
		add_item(&w->rates, fd);
		buf_print(&w->rates, "%" PRId64, set->log_rate);
	}
	if (strcmp(set->log_overflow, "drop") == 0) {
		add_item(&w->overflows, fd);
		buf_print(&w->overflows, "drop");
	}
	if (!s->contract->reports) { /* a program that knows no levels writes everything that way */
		add_item(&w->levels, fd);
		buf_print(&w->levels, "info");
	}
	if (log_writer_only(s) != 0) {
		add_item(&w->pids, fd);
		buf_print(&w->pids, "%d", (int)log_writer_only(s));
	}
}

static void take_list(struct outfit *o, const char *name, struct buf *b)
{
	add_text(o, name, buf_text(b));
	buf_free(b);
}

/* Who writes to each pipe and how much of it. */
static void add_writers(struct outfit *o, const struct master *m)
{
	struct writers w = {0};
	struct service *s;
	int fd = OUTFIT_FIRST_FD;

	add_name(&w, fd, "reeved");
	LIST_EACH (s, &m->services, struct service, link)
		if (logpipe_is_open(s))
			add_service(&w, ++fd, s);
	if (m->log.engine[0] >= 0)
		add_name(&w, ++fd, "reeve-engine");
	take_list(o, "LOG_NAMES", &w.names);
	take_list(o, "LOG_RATES", &w.rates);
	take_list(o, "LOG_OVERFLOWS", &w.overflows);
	take_list(o, "LOG_PIDS", &w.pids);
	take_list(o, "LOG_LEVELS", &w.levels);
}

/* Where it leaves the last lines of each service, for the engine. */
static void add_tail(struct outfit *o, const struct service *s)
{
	if (s->master->tail >= 0)
		outfit_add(o, "LOG_TAIL_FD=%zu", outfit_behind(o, s->master->tail));
}

void log_outfit_close_files(struct logpipes *l)
{
	for (int i = 0; i < 3; i++)
		fd_close(&l->files[i]);
}

/* Files that the log process may not open itself; they stand behind the listeners. */
static void add_files(struct outfit *o, struct service *s)
{
	const struct spec_global_settings *set = &s->master->settings;
	const char *paths[] = {set->log_path, set->info_log_path, set->debug_log_path};
	static const char *const names[] = {"LOG_PATH_FD", "INFO_LOG_PATH_FD", "DEBUG_LOG_PATH_FD"};
	int *files = s->master->log.files;

	for (int i = 0; i < 3; i++) {
		fd_close(&files[i]);
		if (paths[i][0] != '/' || strcmp(paths[i], "/dev/stderr") == 0)
			continue;
		files[i] =
			open(paths[i], O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
		if (files[i] < 0) {
			say(SAY_ERROR, "log file '%s': %s", paths[i], strerror(errno));
			continue;
		}
		outfit_add(o, "%s=%zu", names[i], outfit_behind(o, files[i]));
	}
}

void log_outfit_dress(struct service *s, struct outfit *o)
{
	const struct master *m = s->master;
	struct service *other;

	if (m->log.fds[0] < 0)
		return; /* not yet */
	outfit_fd(o, m->log.fds[0]);
	LIST_EACH (other, &m->services, struct service, link)
		if (logpipe_is_open(other))
			outfit_fd(o, other->log.fds[0]);
	if (m->log.engine[0] >= 0 && log_outfit_is_reeves(s))
		outfit_fd(o, m->log.engine[0]);
	add_settings(o, s);
	if (log_outfit_is_reeves(s)) {
		add_writers(o, m);
		add_tail(o, s);
	}
	if (m->log.opens_files)
		add_files(o, s);
}

/* Is it a variable that each start writes anew? */
static bool is_of_one_start(const char *variable)
{
	static const char *const names[] = {"GENERATION=", "LOG_PIDS=", "REEVE_MODE="};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strncmp(variable, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

char *log_outfit_summary(const struct service *s)
{
	struct buf b = {0};
	char *text;

	for (char **e = s->spawn.envp; e != NULL && *e != NULL; e++)
		if (**e != '\0' && !is_of_one_start(*e))
			buf_print(&b, "%s\n", *e);
	text = mem_text(buf_text(&b));
	buf_free(&b);
	return text;
}
