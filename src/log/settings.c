/* settings: from the environment to numbers. Fails with a sentence on what cannot be meant. */
#include "log/settings.h"

#include "base/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOCKETS_MOST 100000

static const char *const facilities[] = {"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news",
	"uucp", "cron", "authpriv", "ftp", "ntp", "audit", "alert", "clock", "local0", "local1", "local2",
	"local3", "local4", "local5", "local6", "local7"};

static const char *text(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

static int number(const char *what, const char *value, int64_t most, int64_t *n, struct err *e)
{
	char *end;

	errno = 0;
	*n = strtoll(value, &end, 10);
	if (value[0] < '0' || value[0] > '9' || *end != '\0' || errno != 0 || *n > most)
		return err_set(e, "%s: '%s' is not a number from 0 to %" PRId64, what, value, most);
	return 0;
}

static int number_of(const char *name, int64_t most, int64_t unset, int64_t *n, struct err *e)
{
	const char *value = text(name);

	*n = unset;
	return value != NULL ? number(name, value, most, n, e) : 0;
}

static int set_name(struct settings_socket *at, const char *value, struct err *e)
{
	for (const char *c = value; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f)
			return err_set(e, "a name of a service has a byte that is not printable ASCII");
	if (value[0] == '\0' || strlen(value) > 64)
		return err_set(e, "'%s' is not a name of a service (1 to 64 bytes)", value);
	at->name = value;
	return 0;
}

static int set_rate(struct settings_socket *at, const char *value, struct err *e)
{
	int64_t n;

	if (number("a rate", value, UINT32_MAX, &n, e) < 0)
		return -1;
	at->rate = (uint32_t)n;
	return 0;
}

static int set_overflow(struct settings_socket *at, const char *value, struct err *e)
{
	at->drop = strcmp(value, "drop") == 0;
	if (!at->drop && strcmp(value, "block") != 0)
		return err_set(e, "'%s' is neither \"block\" nor \"drop\"", value);
	return 0;
}

static int set_pid(struct settings_socket *at, const char *value, struct err *e)
{
	int64_t n;

	if (number("a pid", value, INT32_MAX, &n, e) < 0)
		return -1;
	at->pid = (int32_t)n;
	return 0;
}

static int set_level(struct settings_socket *at, const char *value, struct err *e)
{
	for (enum level l = LEVEL_DEBUG; l < LEVEL_END; l++)
		if (strcmp(value, level_name(l)) == 0) {
			at->bare = l;
			return 0;
		}
	return err_set(e, "'%s' is no level", value);
}

static const struct {
	const char *name;
	int (*set)(struct settings_socket *, const char *, struct err *);
} lists[] = {
	{"LOG_NAMES", set_name},
	{"LOG_RATES", set_rate},
	{"LOG_OVERFLOWS", set_overflow},
	{"LOG_PIDS", set_pid},
	{"LOG_LEVELS", set_level},
};

/* "8=web": the socket and the value behind it */
static int list_item(
	struct settings *s, char *item, struct settings_socket **at, const char **value, struct err *e)
{
	char *is = strchr(item, '=');
	int64_t fd;

	if (is == NULL)
		return err_set(e, "'%s' is not FD=VALUE", item);
	*is = '\0';
	if (number("a descriptor", item, INT32_MAX, &fd, e) < 0)
		return -1;
	if (fd < SETTINGS_FIRST_FD || (size_t)fd - SETTINGS_FIRST_FD >= s->sockets_n)
		return err_set(e, "descriptor %s is not among the %zu from %d on that SOCKET_COUNT says",
			item, s->sockets_n, SETTINGS_FIRST_FD);
	*at = &s->sockets[fd - SETTINGS_FIRST_FD];
	*value = is + 1;
	return 0;
}

/* Cuts the environment's text in place: names are borrowed from it. */
static int read_list(struct settings *s, size_t which, struct err *e)
{
	char *rest = getenv(lists[which].name), *item;
	struct settings_socket *at = NULL;
	const char *value = NULL;

	while ((item = strsep(&rest, "\t")) != NULL)
		if (item[0] != '\0' &&
			(list_item(s, item, &at, &value, e) < 0 || lists[which].set(at, value, e) < 0))
			return err_prefix(e, "%s", lists[which].name);
	return 0;
}

static int read_sockets(struct settings *s, struct err *e)
{
	struct settings_socket all = {.bare = LEVEL_ERROR};
	int64_t n;
	char name[40];

	if (number_of("SOCKET_COUNT", SOCKETS_MOST, 0, &n, e) < 0)
		return -1;
	if (n == 0)
		return err_set(e, "no SOCKET_COUNT: this program is started by reeved (or Dovecot's master), "
				  "as a service of type log");
	if (text("LOG_OVERFLOW") != NULL && set_overflow(&all, text("LOG_OVERFLOW"), e) < 0)
		return err_prefix(e, "LOG_OVERFLOW");
	s->sockets_n = (size_t)n;
	s->sockets = mem_new(s->sockets_n, sizeof *s->sockets);
	for (size_t i = 0; i < s->sockets_n; i++) {
		(void)snprintf(name, sizeof name, "SOCKET%zu_SETTINGS", i);
		s->sockets[i] = all;
		s->sockets[i].listener = getenv(name) != NULL;
	}
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		if (read_list(s, i, e) < 0)
			return -1;
	return 0;
}

static int read_paths(struct settings *s, struct err *e)
{
	static const char *const names[] = {"LOG_PATH", "INFO_LOG_PATH", "DEBUG_LOG_PATH"};
	static const char *const fds[] = {"LOG_PATH_FD", "INFO_LOG_PATH_FD", "DEBUG_LOG_PATH_FD"};
	const char *before = "syslog";
	int64_t fd;

	for (size_t i = 0; i < LEVEL_PATHS; i++) {
		s->path[i] = text(names[i]) != NULL ? text(names[i]) : before;
		before = s->path[i];
		if (number_of(fds[i], INT32_MAX, -1, &fd, e) < 0)
			return -1;
		s->path_fd[i] = (int)fd;
	}
	if (number_of("LOG_TAIL_FD", INT32_MAX, -1, &fd, e) < 0)
		return -1;
	s->tail_fd = (int)fd;
	return 0;
}

static int read_facility(struct settings *s, struct err *e)
{
	const char *name = text("SYSLOG_FACILITY") != NULL ? text("SYSLOG_FACILITY") : "daemon";
	size_t n = sizeof facilities / sizeof *facilities;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(name, facilities[i]) == 0) {
			s->facility = (int)i;
			return 0;
		}
	}
	return err_set(e,
		"SYSLOG_FACILITY: '%s' is none of syslog's facilities: write \"daemon\", \"mail\" or "
		"\"local0\" "
		"to \"local7\"",
		name);
}

static int read_format(struct settings *s, struct err *e)
{
	const char *format = text("LOG_FORMAT");

	s->timestamp = text("LOG_TIMESTAMP");
	s->instance = text("INSTANCE_NAME") != NULL ? text("INSTANCE_NAME") : "reeve";
	s->json = format != NULL && strcmp(format, "json") == 0;
	if (format != NULL && !s->json && strcmp(format, "text") != 0)
		return err_set(e, "LOG_FORMAT: '%s' is neither \"text\" nor \"json\"", format);
	return 0;
}

static int read_identity(struct settings *s, struct err *e)
{
	int64_t generation, available;

	if (number_of("GENERATION", UINT32_MAX, 0, &generation, e) < 0 ||
		number_of("CLIENT_LIMIT", UINT32_MAX, 1, &available, e) < 0 ||
		number_of("RESTRICT_SETUID", UINT32_MAX, -1, &s->uid, e) < 0 ||
		number_of("RESTRICT_SETGID", UINT32_MAX, -1, &s->gid, e) < 0)
		return -1;
	if (text("RESTRICT_CHROOT") != NULL)
		return err_set(e,
			"RESTRICT_CHROOT: the log process opens its files again and again and cannot be in "
			"a chroot; remove `chroot` from the service of type log");
	s->reports = text("GENERATION") != NULL;
	s->generation = (uint32_t)generation;
	s->available = (uint32_t)available;
	return 0;
}

int settings_read(struct settings *s, struct err *e)
{
	memset(s, 0, sizeof *s);
	if (read_sockets(s, e) < 0 || read_paths(s, e) < 0 || read_facility(s, e) < 0 ||
		read_format(s, e) < 0 || read_identity(s, e) < 0) {
		settings_free(s);
		return -1;
	}
	return 0;
}

void settings_free(struct settings *s)
{
	mem_free(&s->sockets);
}
