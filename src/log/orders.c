/* orders: one row a word. What is no order is left to the caller. */
#include "log/orders.h"

#include "log/log.h"
#include "log/output.h"

#include <stdio.h>
#include <string.h>

static void order_bye(struct log *log, struct pipe *p, int32_t pid, const char *text, size_t len)
{
	(void)log, (void)text, (void)len;
	speaker_forget(&p->speakers, pid);
	if (p->only == pid)
		p->only = 0;
}

static void order_fatal(struct log *log, struct pipe *p, int32_t pid, const char *text, size_t len)
{
	const struct speaker *who = speaker_find(&p->speakers, pid);
	struct record r = {.level = LEVEL_FATAL, .service = p->name, .pid = pid};
	char line[4096];
	int n;

	n = snprintf(line, sizeof line, "master: %.*s", len < 3900 ? (int)len : 3900, text);
	if (who != NULL && who->ip[0] != '\0')
		n += snprintf(line + n, sizeof line - (size_t)n, " [last ip=%s]", who->ip);
	r.text = line;
	r.len = (size_t)n;
	(void)clock_gettime(CLOCK_REALTIME, &r.at);
	output_record(log, p, &r);
}

static void order_default_fatal(struct log *log, struct pipe *p, int32_t pid, const char *text, size_t len)
{
	const struct speaker *who = speaker_find(&p->speakers, pid);

	if (who == NULL || !who->died)
		order_fatal(log, p, pid, text, len);
}

static void order_only(struct log *log, struct pipe *p, int32_t pid, const char *text, size_t len)
{
	(void)log, (void)text, (void)len;
	p->only = pid;
}

static const struct {
	const char *word;
	bool has_text;
	bool after_all; /* what the pipe holds is of before */
	void (*run)(struct log *, struct pipe *, int32_t pid, const char *text, size_t len);
} orders[] = {
	{"BYE", false, true, order_bye},
	{"FATAL", true, true, order_fatal},
	{"DEFAULT-FATAL", true, true, order_default_fatal},
	{"ONLY", false, false, order_only},
};

static bool is_order(size_t i, const char *at, const char *end, const char **text)
{
	size_t n = strlen(orders[i].word);

	*text = at + n;
	if ((size_t)(end - at) < n || memcmp(at, orders[i].word, n) != 0)
		return false;
	if (!orders[i].has_text)
		return *text == end;
	if (*text == end || **text != ' ')
		return false;
	++*text;
	return true;
}

bool orders_line(struct log *log, const char *line, size_t len)
{
	const char *end = line + len, *at, *text;
	int32_t fd, pid;
	struct pipe *p;

	at = line_number(line, end, &fd);
	at = at != NULL ? line_number(at, end, &pid) : NULL;
	p = at != NULL ? log_pipe(log, fd) : NULL;
	if (p == NULL || p->is_master)
		return false;
	for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
		if (!is_order(i, at, end, &text))
			continue;
		if (orders[i].after_all || pid == 0)
			log_drain(log, p);
		orders[i].run(log, p, pid, text, (size_t)(end - text));
		return true;
	}
	return false;
}
