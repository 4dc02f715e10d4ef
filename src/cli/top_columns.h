/* top_columns: what the tables of `reeve top` consist of: a title, a field, a width and how it prints. */
#ifndef REEVE_CLI_TOP_COLUMNS_H
#define REEVE_CLI_TOP_COLUMNS_H

#include "cli/top_world.h"

#define TOP_CELL            64 /* room for a cell */
#define TOP_POOL_COLUMNS    9
#define TOP_PROCESS_COLUMNS 8

struct top_column {
	const char *title;
	int field, width; /* width 0: what the others leave */
	void (*print)(const struct top_row *row, int field, char *out);
};

/* NAME is the first, and sorted by at the start. */
extern const struct top_column top_pool_columns[TOP_POOL_COLUMNS];
extern const struct top_column top_process_columns[TOP_PROCESS_COLUMNS];

/* Into TOP_CELL bytes: as it is; bytes with a unit. */
void top_print_text(const struct top_row *row, int field, char *out);
void top_print_size(const struct top_row *row, int field, char *out);

/* The next or last column that can be sorted by; its field is a enum top_service. */
int top_sort_next(int column, int step);
int top_sort_field(int column);

#endif
