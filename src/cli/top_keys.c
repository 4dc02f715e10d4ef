/* top_keys: what each key of `reeve top` does: a table. */
#include "cli/top.h"

#include <curses.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define ESCAPE 27

/* `at` moved by `step`, within 0 and `most`. */
static size_t moved(size_t at, long step, size_t most)
{
	if (step < 0)
		return at > (size_t)-step ? at - (size_t)-step : 0;
	return most - at > (size_t)step ? at + (size_t)step : most;
}

static void select_row(struct top *t, long step)
{
	struct top_view *v = &t->view;
	size_t at;

	if (v->shown == 0)
		return;
	at = moved(top_selected(v), step, v->shown - 1);
	(void)snprintf(
		v->selected, sizeof v->selected, "%s", v->world.services[v->order[at]].field[TOP_NAME]);
}

static void propose(struct top *t, const char *action)
{
	select_row(t, 0);
	if (t->view.shown == 0 || t->view.trouble != TOP_FINE)
		return;
	t->action = action;
	(void)snprintf(
		t->view.prompt, sizeof t->view.prompt, "%s service %s? y or n", action, t->view.selected);
}

static void act(struct top *t)
{
	char words[TOP_TEXT * 2];
	int n = snprintf(words, sizeof words, "service%c%s%c%s", 0, t->action, 0, t->view.selected);

	(void)snprintf(t->view.message, sizeof t->view.message, "%s %s ...", t->action, t->view.selected);
	if (t->client.fd >= 0)
		top_send(t, words, (size_t)n, &t->acted);
}

static void show_filter(struct top *t)
{
	(void)snprintf(t->view.prompt, sizeof t->view.prompt, "services with: %s_", t->view.filter);
	top_sort(t);
}

static void type(struct top *t, int key)
{
	size_t n = strlen(t->view.filter);

	if (key == ESCAPE)
		t->view.filter[0] = '\0';
	if ((key == KEY_BACKSPACE || key == 127 || key == '\b') && n > 0)
		t->view.filter[n - 1] = '\0';
	if (key > ' ' && key < 127 && n + 1 < sizeof t->view.filter) {
		t->view.filter[n] = (char)key;
		t->view.filter[n + 1] = '\0';
	}
	show_filter(t);
	t->typing = key != ESCAPE && key != '\n' && key != '\r' && key != KEY_ENTER;
	if (!t->typing)
		t->view.prompt[0] = '\0';
}

static void turn_to(struct top *t, enum top_mode mode)
{
	select_row(t, 0);
	t->view.mode = t->view.mode == mode ? TOP_POOLS : mode;
	t->view.scrolled = 0;
}

static void key_up(struct top *t)
{
	select_row(t, -1);
}

static void key_down(struct top *t)
{
	select_row(t, 1);
}

/* Services, or the processes of one; the last page is a full one. */
static void go(struct top *t, long step)
{
	size_t room = top_room(), n = top_processes(&t->view);

	if (t->view.mode == TOP_PROCESSES)
		t->view.scrolled = moved(t->view.scrolled, step, n > room ? n - room : 0);
	else
		select_row(t, step);
}

static void key_page_up(struct top *t)
{
	go(t, -(long)top_room());
}

static void key_page_down(struct top *t)
{
	go(t, (long)top_room());
}

static void key_home(struct top *t)
{
	go(t, -INT_MAX);
}

static void key_end(struct top *t)
{
	go(t, INT_MAX);
}

static void key_enter(struct top *t)
{
	turn_to(t, TOP_PROCESSES);
}

static void key_help(struct top *t)
{
	turn_to(t, TOP_HELP);
}

static void key_left(struct top *t)
{
	t->view.sort = top_sort_next(t->view.sort, -1);
	top_sort(t);
}

static void key_right(struct top *t)
{
	t->view.sort = top_sort_next(t->view.sort, 1);
	top_sort(t);
}

static void key_reverse(struct top *t)
{
	t->view.reversed = !t->view.reversed;
	top_sort(t);
}

static void key_filter(struct top *t)
{
	t->typing = true;
	show_filter(t);
}

static void key_escape(struct top *t)
{
	t->view.filter[0] = t->view.message[0] = '\0';
	t->view.mode = TOP_POOLS;
	top_sort(t);
}

static void key_drain(struct top *t)
{
	propose(t, "drain");
}

static void key_restart(struct top *t)
{
	propose(t, "restart");
}

static void key_leave(struct top *t)
{
	t->leaving = true;
}

static const struct {
	int key;
	void (*run)(struct top *t);
} keys[] = {
	{KEY_UP, key_up},
	{'k', key_up},
	{KEY_DOWN, key_down},
	{'j', key_down},
	{KEY_PPAGE, key_page_up},
	{KEY_NPAGE, key_page_down},
	{KEY_HOME, key_home},
	{KEY_END, key_end},
	{'\n', key_enter},
	{'\r', key_enter},
	{KEY_ENTER, key_enter},
	{'h', key_help},
	{'?', key_help},
	{'<', key_left},
	{KEY_LEFT, key_left},
	{'>', key_right},
	{KEY_RIGHT, key_right},
	{'r', key_reverse},
	{'/', key_filter},
	{ESCAPE, key_escape},
	{'d', key_drain},
	{'R', key_restart},
	{'q', key_leave},
};

void top_key(struct top *t, int key)
{
	if (t->typing) {
		type(t, key);
		return;
	}
	if (t->action != NULL) {
		if (key == 'y')
			act(t);
		t->action = NULL;
		t->view.prompt[0] = '\0';
		return;
	}
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (keys[i].key == key)
			keys[i].run(t);
}
