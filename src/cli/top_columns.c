/* top_columns: how each cell prints, and the two tables of columns. */
#include "cli/top_columns.h"

#include <stdio.h>

void top_print_text(const struct top_row *row, int field, char *out)
{
	(void)snprintf(out, TOP_CELL, "%s", row->field[field]);
}

static void print_live(const struct top_row *row, int field, char *out)
{
	(void)snprintf(out, TOP_CELL, "%s/%s", row->field[field], row->field[TOP_LIMIT]);
}

void top_print_size(const struct top_row *row, int field, char *out)
{
	static const char units[] = "BKMGT";
	double n = top_number(row->field[field]);
	size_t unit = 0;

	if (n < 0) {
		(void)snprintf(out, TOP_CELL, "-");
		return;
	}
	for (; n >= 1000 && unit < sizeof units - 2; unit++)
		n /= 1024;
	(void)snprintf(out, TOP_CELL, n < 10 && unit > 0 ? "%.1f%c" : "%.0f%c", n, units[unit]);
}

/* A share of one CPU, in percent. */
static void print_percent(const struct top_row *row, int field, char *out)
{
	double n = top_number(row->field[field]);

	if (n < 0)
		(void)snprintf(out, TOP_CELL, "-");
	else
		(void)snprintf(out, TOP_CELL, "%.0f", n * 100);
}

static void print_rate(const struct top_row *row, int field, char *out)
{
	(void)snprintf(out, TOP_CELL, "%.1f", top_number(row->field[field]));
}

static void print_age(const struct top_row *row, int field, char *out)
{
	double s = top_number(row->field[field]);

	if (s < 0)
		(void)snprintf(out, TOP_CELL, "-");
	else if (s < 120)
		(void)snprintf(out, TOP_CELL, "%.0fs", s);
	else if (s < 7200)
		(void)snprintf(out, TOP_CELL, "%.0fmin", s / 60);
	else
		(void)snprintf(out, TOP_CELL, "%.0fh", s / 3600);
}

const struct top_column top_pool_columns[TOP_POOL_COLUMNS] = {
	{"NAME", TOP_NAME, 0, top_print_text},
	{"PROCS", TOP_LIVE, 9, print_live},
	{"BUSY", TOP_BUSY, 4, top_print_text},
	{"IDLE", TOP_IDLE, 4, top_print_text},
	{"CLIENTS", TOP_CLIENTS, 7, top_print_text},
	{"WAIT", TOP_WAITING, 4, top_print_text},
	{"RSS", TOP_RSS, 5, top_print_size},
	{"CPU%", TOP_CPU, 4, print_percent},
	{"ST/S", TOP_STARTS, 5, print_rate},
};

const struct top_column top_process_columns[TOP_PROCESS_COLUMNS] = {
	{"ID", PROCESS_ID, 8, top_print_text},
	{"PID", PROCESS_PID, 8, top_print_text},
	{"STATE", PROCESS_STATE, 9, top_print_text},
	{"CLIENTS", PROCESS_CLIENTS, 8, top_print_text},
	{"SERVED", PROCESS_SERVED, 8, top_print_text},
	{"AGE", PROCESS_AGE, 7, print_age},
	{"RSS", PROCESS_RSS, 6, top_print_size},
	{"CPU%", PROCESS_CPU, 5, print_percent},
};

int top_sort_next(int column, int step)
{
	return (column + step + TOP_POOL_COLUMNS) % TOP_POOL_COLUMNS;
}

int top_sort_field(int column)
{
	return top_pool_columns[column].field;
}
