/* top_screen: drawing `reeve top` with ncurses. Draws what a struct top_view says; knows no daemon, no keys.
 */
#ifndef REEVE_CLI_TOP_SCREEN_H
#define REEVE_CLI_TOP_SCREEN_H

#include "cli/top_world.h"

#include <stdbool.h>
#include <stddef.h>

#define TOP_TEXT 128

enum top_mode {
	TOP_POOLS,     /* the services */
	TOP_PROCESSES, /* those of the selected one */
	TOP_HELP,
};

/* Why what is shown is of before. */
enum top_trouble {
	TOP_FINE,
	TOP_UNHEARD, /* nothing has been heard yet */
	TOP_GONE,    /* no daemon is there */
	TOP_SILENT,  /* its engine does not answer */
};

struct top_view {
	struct top_world world;
	size_t *order; /* of the services, as top_order says */
	size_t shown;
	enum top_mode mode;
	int sort; /* a column of the pools */
	bool reversed;
	char selected[TOP_TEXT]; /* the name of a service */
	char filter[TOP_TEXT];
	char prompt[TOP_TEXT * 2]; /* a question, or what is being typed; "": none */
	char message[TOP_TEXT * 2];
	enum top_trouble trouble;
	size_t scrolled;   /* so many processes are above the screen */
	const char *where; /* its base_dir */
};

/* Takes the terminal over, and gives it back. -1: it cannot (TERM). */
int top_screen_open(void);
void top_screen_close(void);

void top_screen_draw(const struct top_view *v);

/* How many rows of services or processes there is room for. */
size_t top_room(void);

/* How many processes the selected service has. */
size_t top_processes(const struct top_view *v);

/* The row of the selected service among those shown; 0 when it is not there. */
size_t top_selected(const struct top_view *v);

#endif
