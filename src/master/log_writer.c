/* log_writer: orders to reeve-log (src/log/log.h), by the pipe that the master's own lines take. */
#include "master/log_writer.h"

#include "base/say.h"
#include "master/process.h"

#include <stdio.h>

#define EXIT_DEFAULT 89 /* Dovecot's FATAL_DEFAULT: the reason is in a line before */

pid_t log_writer_only(const struct service *s)
{
	const struct process *p = LIST_OF(list_first(&s->processes), const struct process, link);

	return p != NULL && s->processes.count == 1 ? p->pid : 0;
}

static void order(struct master *m, int at, pid_t pid, const char *word, const char *text)
{
	char line[NOTICE_MOST];
	int n = snprintf(line, sizeof line, "%d %d %s%s%s", at, (int)pid, word, text != NULL ? " " : "",
		text != NULL ? text : "");

	if (!notices_put(&m->log.notices, line, n < (int)sizeof line ? (size_t)n : sizeof line - 1) &&
		m->log.told_lost++ == 0)
		say(SAY_WARNING, "the log process does not read what the master tells it");
}

static void tell_only(struct service *s, pid_t pid)
{
	if (s->log.at == 0 || !s->master->log.speaks_reeve || s->log.only == pid)
		return;
	s->log.only = pid;
	order(s->master, s->log.at, pid, "ONLY", NULL);
}

void log_writer_starting(struct service *s)
{
	if (s->processes.count > 0)
		tell_only(s, 0);
}

void log_writer_started(struct service *s, pid_t pid)
{
	if (s->processes.count == 1)
		tell_only(s, pid);
}

bool log_writer_ended(struct service *s, pid_t pid, int status, const char *text)
{
	struct master *m = s->master;

	if (s->log.at == 0 || m->log.serving == NULL)
		return false;
	if (text != NULL)
		order(m, s->log.at, pid, status == EXIT_DEFAULT ? "DEFAULT-FATAL" : "FATAL", text);
	order(m, s->log.at, pid, "BYE", NULL);
	if (s->log.only == pid)
		s->log.only = 0;
	return text != NULL;
}
