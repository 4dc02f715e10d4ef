/* top_world: reading an answer, and the order on the screen. Nothing fails: what is missing is "-". */
#include "cli/top_world.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static void read_fields(struct top_row *row, char *rest, size_t n)
{
	for (size_t i = 0; i < TOP_FIELDS_MOST; i++)
		row->field[i] = "-";
	row->of = 0;
	for (size_t i = 0; i < n && rest != NULL; i++)
		row->field[i] = strsep(&rest, "\t");
}

static void read_about(struct top_world *w, char *rest)
{
	read_fields(&w->about, rest, ABOUT_FIELDS);
}

static void read_host(struct top_world *w, char *rest)
{
	read_fields(&w->host, rest, HOST_FIELDS);
}

static void read_service(struct top_world *w, char *rest)
{
	w->services = mem_grow(w->services, w->services_n + 1, sizeof *w->services);
	read_fields(&w->services[w->services_n++], rest, TOP_FIELDS);
}

static void read_process(struct top_world *w, char *rest)
{
	if (w->services_n == 0)
		return;
	w->processes = mem_grow(w->processes, w->processes_n + 1, sizeof *w->processes);
	read_fields(&w->processes[w->processes_n], rest, PROCESS_FIELDS);
	w->processes[w->processes_n++].of = w->services_n - 1;
}

static const struct {
	const char *kind;
	void (*read)(struct top_world *w, char *rest);
} kinds[] = {
	{"about", read_about},
	{"host", read_host},
	{"service", read_service},
	{"process", read_process},
};

void top_world_read(struct top_world *w, char *text)
{
	char *rest = text, *line;

	memset(w, 0, sizeof *w);
	w->text = text;
	read_fields(&w->about, NULL, 0);
	read_fields(&w->host, NULL, 0);
	while ((line = strsep(&rest, "\n")) != NULL) {
		const char *kind = strsep(&line, "\t");
		for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
			if (strcmp(kinds[i].kind, kind) == 0)
				kinds[i].read(w, line);
	}
}

void top_world_free(struct top_world *w)
{
	free(w->text);
	mem_free(&w->services);
	mem_free(&w->processes);
	memset(w, 0, sizeof *w);
}

double top_number(const char *field)
{
	char *end;
	double n = strtod(field, &end);

	return end == field ? -1 : n;
}

/* What qsort's comparison cannot be told otherwise: one screen, one thread. */
static struct {
	const struct top_world *world;
	int field;
	bool reversed;
} by;

static int compare(const void *a, const void *b)
{
	const struct top_row *x = &by.world->services[*(const size_t *)a];
	const struct top_row *y = &by.world->services[*(const size_t *)b];
	double m = top_number(x->field[by.field]), n = top_number(y->field[by.field]);
	int order = by.field == TOP_NAME || m == n ? strcmp(x->field[TOP_NAME], y->field[TOP_NAME])
		    : m > n                        ? -1
						   : 1;

	return by.reversed ? -order : order;
}

size_t top_order(const struct top_world *w, const char *filter, int field, bool reversed, size_t *order)
{
	size_t n = 0;

	for (size_t i = 0; i < w->services_n; i++)
		if (strstr(w->services[i].field[TOP_NAME], filter) != NULL)
			order[n++] = i;
	by.world = w;
	by.field = field;
	by.reversed = reversed;
	if (n > 0)
		qsort(order, n, sizeof *order, compare);
	return n;
}
