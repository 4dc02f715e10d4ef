/* errors: a ring of ready lines. A line keeps at most 4 KiB of its text, so all of it is at most 4 MiB. */
#include "log/errors.h"

#include "base/mem.h"
#include "base/tabs.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MOST 4096

void errors_add(struct errors *all, const struct record *r, const char *clean, size_t len)
{
	struct buf line = {NULL, 0, 0};

	if (r->level < LEVEL_WARNING)
		return;
	buf_print(&line, "%s\t%lld\t", level_name(r->level), (long long)r->at.tv_sec);
	tabs_escape(&line, r->service, strlen(r->service));
	if (r->pid > 0)
		buf_print(&line, "[%d]", r->pid);
	buf_print(&line, ": \t");
	tabs_escape(&line, clean, len < TEXT_MOST ? len : TEXT_MOST);
	buf_print(&line, "\n");
	mem_free(&all->line[all->next]);
	all->line[all->next] = line.data;
	all->next = (all->next + 1) % ERRORS_MOST;
}

void errors_print(const struct errors *all, struct buf *out)
{
	for (size_t i = 0; i < ERRORS_MOST; i++) {
		const char *line = all->line[(all->next + i) % ERRORS_MOST];
		if (line != NULL)
			buf_add(out, line, strlen(line));
	}
}

void errors_free(struct errors *all)
{
	for (size_t i = 0; i < ERRORS_MOST; i++)
		mem_free(&all->line[i]);
}
