/* top_screen: a table of columns, each with its width and how it prints. */
#include "cli/top_screen.h"

#include "cli/spark.h"
#include "cli/top_columns.h"

#include <curses.h>
#include <langinfo.h>
#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_LEAST  12
#define NAME_MOST   40
#define SPARK_MOST  40
#define FIRST_LINE  4 /* of the rows */
#define STATE_LEAST 8

static bool utf8, color;

size_t top_selected(const struct top_view *v)
{
	for (size_t i = 0; i < v->shown; i++)
		if (strcmp(v->world.services[v->order[i]].field[TOP_NAME], v->selected) == 0)
			return i;
	return 0;
}

/* ---- lines */

/* At most `width` cells of the text; a character that is none in this locale ends it. */
static void put(int y, int x, int width, const char *text)
{
	wchar_t wide[256];
	size_t n = mbstowcs(wide, text, sizeof wide / sizeof wide[0] - 1);
	int used = 0;

	if (n == (size_t)-1 || width <= 0)
		return;
	wide[n] = L'\0';
	for (size_t i = 0; i < n; i++) {
		int cells = wcwidth(wide[i]);
		used += cells > 0 ? cells : 0;
		if (used > width)
			wide[i] = L'\0';
	}
	(void)mvaddwstr(y, x, wide);
}

/* Numbers stand to the right of their column, the first column and texts to the left. */
static void put_cell(int y, int x, int width, const char *text, bool right)
{
	int n = (int)strlen(text);

	put(y, right && n < width ? x + width - n : x, width, text);
}

static int name_width(const struct top_view *v)
{
	int most = NAME_LEAST;

	if (COLS <= 80)
		return most;
	for (size_t i = 0; i < v->world.services_n; i++) {
		int n = (int)strlen(v->world.services[i].field[TOP_NAME]);
		most = n > most ? n : most;
	}
	return most < NAME_MOST ? most : NAME_MOST;
}

static int spark_width(int x)
{
	int width = COLS - x - 1 - STATE_LEAST;

	return width > SPARK_MOST ? SPARK_MOST : width > 0 ? width : 0;
}

static bool is_well(const struct top_row *row)
{
	return strcmp(row->field[TOP_STATE], "ok") == 0;
}

static void head(const struct top_view *v)
{
	int y = FIRST_LINE - 1, x = 0;

	attron(A_REVERSE);
	mvhline(y, 0, ' ', COLS);
	for (int i = 0; i < TOP_POOL_COLUMNS; i++) {
		int width = i == 0 ? name_width(v) : top_pool_columns[i].width;
		if (i == v->sort)
			attron(A_BOLD | A_UNDERLINE);
		put_cell(y, x, width, top_pool_columns[i].title, i > 0);
		attroff(A_BOLD | A_UNDERLINE);
		x += width + 1;
	}
	put(y, x, spark_width(x), spark_width(x) >= 14 ? "CLIENTS, 15 s a step" : "15s/step");
	put(y, x + spark_width(x) + 1, STATE_LEAST, "STATE");
	attroff(A_REVERSE);
}

static void pool_line(const struct top_view *v, int y, const struct top_row *row, bool selected)
{
	char cell[TOP_CELL], spark[SPARK_ROOM(SPARK_MOST)];
	int x = 0, style = (int)(selected ? A_REVERSE : A_NORMAL);

	if (!is_well(row))
		style |= color ? (int)COLOR_PAIR(1) : (int)A_BOLD;
	attron(style);
	mvhline(y, 0, ' ', COLS);
	for (int i = 0; i < TOP_POOL_COLUMNS; i++) {
		int width = i == 0 ? name_width(v) : top_pool_columns[i].width;
		top_pool_columns[i].print(row, top_pool_columns[i].field, cell);
		put_cell(y, x, width, cell, i > 0);
		x += width + 1;
	}
	spark_draw(row->field[TOP_HISTORY], (size_t)spark_width(x), utf8, spark);
	put(y, x, spark_width(x), spark);
	x += spark_width(x) + 1;
	put(y, x, COLS - x, row->field[TOP_STATE]);
	attroff(style);
}

size_t top_room(void)
{
	return LINES - FIRST_LINE - 1 > 0 ? (size_t)(LINES - FIRST_LINE - 1) : 0;
}

static void draw_pools(const struct top_view *v)
{
	size_t at = top_selected(v), room = top_room();
	size_t first = at >= room && room > 0 ? at - room + 1 : 0;

	head(v);
	for (size_t i = first; i < v->shown && i - first < room; i++)
		pool_line(v, FIRST_LINE + (int)(i - first), &v->world.services[v->order[i]], i == at);
	if (v->shown == 0)
		put(FIRST_LINE, 0, COLS,
			v->trouble == TOP_UNHEARD ? "waiting for the first answer"
			: v->filter[0] != '\0'    ? "no service has that in its name"
						  : "no service");
}

static void process_line(int y, const struct top_row *row)
{
	char cell[TOP_CELL];
	int x = 0;

	for (int i = 0; i < TOP_PROCESS_COLUMNS; i++) {
		if (row == NULL)
			(void)snprintf(cell, sizeof cell, "%s", top_process_columns[i].title);
		else
			top_process_columns[i].print(row, top_process_columns[i].field, cell);
		put_cell(y, x, top_process_columns[i].width, cell,
			top_process_columns[i].print != top_print_text || i != 2);
		x += top_process_columns[i].width + 1;
	}
}

/* The index of the selected service. */
static size_t selected_index(const struct top_view *v)
{
	return v->shown > 0 ? v->order[top_selected(v)] : SIZE_MAX;
}

size_t top_processes(const struct top_view *v)
{
	size_t of = selected_index(v), n = 0;

	for (size_t i = 0; i < v->world.processes_n; i++)
		n += v->world.processes[i].of == of;
	return n;
}

static void draw_processes(const struct top_view *v)
{
	size_t of = selected_index(v), above = v->scrolled;
	int y = FIRST_LINE;

	attron(A_REVERSE);
	mvhline(FIRST_LINE - 1, 0, ' ', COLS);
	process_line(FIRST_LINE - 1, NULL);
	attroff(A_REVERSE);
	for (size_t i = 0; i < v->world.processes_n && y < LINES - 1; i++)
		if (v->world.processes[i].of == of && above-- == 0) {
			process_line(y++, &v->world.processes[i]);
			above = 0;
		}
	if (y == FIRST_LINE)
		put(y, 0, COLS, "no processes");
}

static void draw_help(const struct top_view *v)
{
	static const char *const lines[] = {
		"up, down, k, j   select a service; also page up, page down, home, end",
		"Enter            its processes, and back; page up and down where they are many",
		"<, >             sort by another column; r: the other way round",
		"/                show services with a text in their name; Esc: all again",
		"d                drain: the present processes finish their clients and go",
		"R                restart: processes are replaced, new ones first",
		"h, ?             this, and back",
		"q                leave",
		"",
		"PROCS live/process_limit · BUSY, IDLE processes · WAIT clients in the queue",
		"ST/S starts a second, of ten · the picture: most clients, 15 s a step",
	};

	(void)v;
	for (int i = 0; i < (int)(sizeof lines / sizeof lines[0]); i++)
		put(FIRST_LINE + i, 2, COLS - 2, lines[i]);
}

static double sum(const struct top_view *v, int field)
{
	double all = 0;

	for (size_t i = 0; i < v->world.services_n; i++) {
		double n = top_number(v->world.services[i].field[field]);
		all += n > 0 ? n : 0;
	}
	return all;
}

static void draw_top(const struct top_view *v)
{
	const char *const *a = v->world.about.field;
	char line[512], memory[TOP_CELL];
	int style = (int)(color ? COLOR_PAIR(1) : A_BOLD);

	attron(A_BOLD);
	(void)snprintf(line, sizeof line, "reeve %s  %s  generation %s  master %s  engine %s",
		a[ABOUT_VERSION], v->where, a[ABOUT_GENERATION], a[ABOUT_MASTER], a[ABOUT_ENGINE]);
	put(0, 0, COLS, line);
	attroff(A_BOLD);
	top_print_size(&v->world.host, HOST_MEM_AVAIL, memory);
	(void)snprintf(line, sizeof line,
		"%zu services  %.0f processes  %.0f clients  %.0f waiting  %.1f starts/s  load %s  %s free",
		v->world.services_n, sum(v, TOP_LIVE), sum(v, TOP_CLIENTS), sum(v, TOP_WAITING),
		sum(v, TOP_STARTS), v->world.host.field[HOST_LOAD], memory);
	put(1, 0, COLS, line);
	attron(style);
	if (v->trouble == TOP_GONE || v->trouble == TOP_SILENT) {
		(void)snprintf(line, sizeof line, "%s: what is shown is of before; waiting for it",
			v->trouble == TOP_GONE ? "no daemon" : "the engine does not answer");
		put(2, 0, COLS, line);
	} else {
		put(2, 0, COLS, v->message);
	}
	attroff(style);
}

static void draw_bottom(const struct top_view *v)
{
	char line[512];
	const char *text = "q leave  h help  Enter processes  < > r sort  / filter  d drain  R restart";

	if (v->filter[0] != '\0' && v->prompt[0] == '\0') {
		(void)snprintf(line, sizeof line, "filter: %s (Esc: all)   %s", v->filter, text);
		text = line;
	}
	put(LINES - 1, 0, COLS - 1, v->prompt[0] != '\0' ? v->prompt : text);
}

static void (*const bodies[])(const struct top_view *v) = {
	[TOP_POOLS] = draw_pools,
	[TOP_PROCESSES] = draw_processes,
	[TOP_HELP] = draw_help,
};

void top_screen_draw(const struct top_view *v)
{
	erase();
	draw_top(v);
	bodies[v->mode](v);
	draw_bottom(v);
	move(LINES - 1, COLS - 1);
	refresh();
}

/* ---- the terminal */

/* https://no-color.org */
static bool wants_color(void)
{
	const char *no = getenv("NO_COLOR");

	return (no == NULL || no[0] == '\0') && has_colors();
}

int top_screen_open(void)
{
	(void)setlocale(LC_ALL, "");
	utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	if (newterm(NULL, stdout, stdin) == NULL)
		return -1;
	(void)cbreak();
	(void)noecho();
	(void)nodelay(stdscr, TRUE);
	(void)keypad(stdscr, TRUE);
	(void)set_escdelay(50);
	(void)curs_set(0);
	color = wants_color();
	if (color) {
		(void)start_color();
		(void)use_default_colors();
		(void)init_pair(1, COLOR_RED, -1);
	}
	return 0;
}

void top_screen_close(void)
{
	(void)endwin();
}
