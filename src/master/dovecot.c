/* dovecot: the environment of Dovecot's own binaries. */
#include "master/dovecot.h"

#include "base/buf.h"
#include "master/native.h"
#include "master/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

static void add_preserved(struct outfit *o, const struct service *s)
{
	const struct texts *env = &s->definition->environment;
	struct buf names = {0};

	for (size_t i = 0; i < env->count; i++)
		buf_print(&names, "%s%.*s", i > 0 ? " " : "", (int)strcspn(env->text[i], "="), env->text[i]);
	outfit_add(o, "DOVECOT_PRESERVE_ENVS=%s", buf_text(&names));
	buf_free(&names);
}

/* The node's name as it is: looking up its domain could stop us. */
static void add_host(struct outfit *o)
{
	struct utsname host;

	if (uname(&host) < 0)
		return;
	outfit_add(o, "DOVECOT_HOSTNAME=%.*s", (int)strcspn(host.nodename, "."), host.nodename);
	outfit_add(o, "DOVECOT_HOSTDOMAIN=%s", host.nodename);
}

void dovecot_environment(struct service *s, struct outfit *o)
{
	const struct spec_global_settings *set = &s->master->settings;
	const char *stats = set->stats_writer_socket_path;

	native_environment(s, o);
	outfit_add(o, "DOVECOT_CHILD_PROCESS=1");
	outfit_add(o, "LOG_DEBUG=%s", set->log_debug);
	if (stats[0] != '\0' && s->definition->settings.chroot[0] == '\0' && stats[0] != '/')
		outfit_add(o, "STATS_WRITER_SOCKET_PATH=%s/%s", set->base_dir, stats);
	else if (stats[0] != '\0')
		outfit_add(o, "STATS_WRITER_SOCKET_PATH=%s", stats);
	add_host(o);
	add_preserved(o, s);
}

char *dovecot_shown_name(const char *instance, const char *program)
{
	const char *slash = strrchr(program, '/'),
		   *prefix = strncmp(instance, "dovecot", 7) == 0 ? "" : "dovecot-";
	char *text;

	if (asprintf(&text, "%s%s/%s", prefix, instance, slash != NULL ? slash + 1 : program) < 0)
		abort();
	return text;
}
