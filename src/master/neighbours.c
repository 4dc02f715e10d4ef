/* neighbours: the service of type config, and whether there is one of type log. */
#include "master/neighbours.h"

#include "master/log_process.h"
#include "master/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

void neighbours_add(struct outfit *o, const struct service *s)
{
	const char *config = config_socket(s->master);

	if (config != NULL && !s->kind->without_config && !has_own(s, "CONFIG_FILE"))
		outfit_add(o, "CONFIG_FILE=%s", config);
	if (s->log.fds[1] >= 0 && !s->kind->keeps_stderr)
		outfit_add(o, "LOG_SERVICE=1");
}

char *neighbours_summary(const struct master *m)
{
	const struct spec_global_settings *set = &m->settings;
	const char *config = config_socket(m);
	char *text;

	if (asprintf(&text, "%s\n%s\n%s\n%s\n%d", config != NULL ? config : "", set->log_debug,
		    set->stats_writer_socket_path, set->instance_name, log_process_service(m) != NULL) < 0)
		abort();
	return text;
}
