/* recent: a ring of lines and its way into the shared file. A file that fails costs the lines there, no more.
 */
#include "log/recent.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/tabs.h"
#include "base/tail.h"

#include <string.h>

void recent_init(struct recent *r)
{
	memset(r, 0, sizeof *r);
	r->slot = -1;
}

void recent_free(struct recent *r)
{
	mem_free(&r->lines);
	mem_free(&r->before);
}

void recent_add(struct recent *r, const struct record *record, const char *clean, size_t len)
{
	struct recent_line *line;

	if (r->lines == NULL)
		r->lines = mem_new(RECENT_LINES, sizeof *r->lines);
	line = &r->lines[r->n++ % RECENT_LINES];
	line->at = record->at;
	line->level = record->level;
	line->pid = record->pid;
	line->len = len < RECENT_TEXT ? len : RECENT_TEXT;
	memcpy(line->text, clean, line->len);
	r->dirty = true;
}

static void print_line(const struct recent_line *line, struct buf *out)
{
	buf_print(out, "%lld.%06ld\t%s\t%d\t", (long long)line->at.tv_sec, line->at.tv_nsec / 1000,
		level_name(line->level), (int)line->pid);
	tabs_escape(out, line->text, line->len);
	buf_print(out, "\n");
}

/* The last RECENT_LINES lines, or fewer when those find no room. */
static const char *newest(const struct buf *all)
{
	const char *text = buf_text(all), *from = text + all->used, *begin = from;

	for (int lines = 0; lines < RECENT_LINES && begin > text; lines++) {
		const char *end = memrchr(text, '\n', (size_t)(begin - 1 - text));
		begin = end != NULL ? end + 1 : text;
		if ((size_t)(text + all->used - begin) > TAIL_TEXT)
			break;
		from = begin;
	}
	return from;
}

/* Takes a slot, and over what the log process before has left in it. */
static void take_slot(struct recent *r, int fd, const char *name)
{
	char text[TAIL_TEXT];
	int len;

	r->slot = tail_slot(fd, name);
	len = r->slot >= 0 ? tail_read(fd, name, text) : -1;
	if (len <= 0 || text[len - 1] != '\n')
		return;
	r->before = mem_new((size_t)len + 1, 1);
	memcpy(r->before, text, (size_t)len);
}

void recent_save(struct recent *r, int fd, const char *name)
{
	size_t first = r->n > RECENT_LINES ? r->n - RECENT_LINES : 0;
	struct buf all = {NULL, 0, 0};
	const char *text;

	r->dirty = false;
	if (r->slot < 0)
		take_slot(r, fd, name);
	if (r->slot < 0)
		return;
	if (first > 0)
		mem_free(&r->before);
	if (r->before != NULL)
		buf_print(&all, "%s", r->before);
	for (size_t i = first; i < r->n; i++)
		print_line(&r->lines[i % RECENT_LINES], &all);
	text = newest(&all);
	if (tail_write(fd, r->slot, name, text, (size_t)(buf_text(&all) + all.used - text)) < 0)
		r->slot = -1;
	buf_free(&all);
}
