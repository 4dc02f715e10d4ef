/* top: `reeve top`, the pools of a running instance on the whole screen, asked for once a second.
 *
 * The daemon may go and come while it runs. Exit 69 when there is none at the start; without a terminal it is
 * a table, once, like any other verb. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/top_screen.h"

#include <curses.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define EVERY_MS  1000
#define SILENT_MS 3000 /* an engine that has not answered for so long does not */
#define ESCAPE    27

struct top {
	const struct cli *cli;
	struct client client;
	struct top_view view;
	struct buf answer;
	uint32_t id;                /* of the last frame */
	uint32_t asked, acted;      /* the question and the action that are out; 0: none */
	uint64_t asked_at, next_at; /* ms */
	const char *action;         /* that is being asked about: "drain", "restart"; NULL: none */
	bool typing;                /* the filter */
	bool leaving;
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
}

/* ---- asking */

static void lose(struct top *t, enum top_trouble why)
{
	client_close(&t->client);
	t->asked = t->acted = 0;
	t->answer.used = 0;
	t->view.trouble = why;
}

static void send_words(struct top *t, const char *words, size_t n, uint32_t *id)
{
	*id = ++t->id;
	if (client_send(&t->client, "verb", *id, words, n) < 0)
		lose(t, TOP_GONE);
}

static void ask(struct top *t, uint64_t now)
{
	static const char question[] = "top\0--raw";
	struct err e;

	t->next_at = now + EVERY_MS;
	if (t->asked != 0 && now - t->asked_at >= SILENT_MS)
		lose(t, TOP_SILENT);
	if (t->client.fd < 0 && client_open(&t->client, t->cli->base_dir, &e) != CLIENT_OPEN)
		t->view.trouble = TOP_GONE;
	if (t->client.fd < 0 || t->asked != 0)
		return;
	t->asked_at = now;
	t->answer.used = 0;
	send_words(t, question, sizeof question - 1, &t->asked);
}

static void sort(struct top *t)
{
	struct top_view *v = &t->view;

	v->order = mem_grow(v->order, v->world.services_n + 1, sizeof *v->order);
	v->shown = top_order(&v->world, v->filter, top_sort_field(v->sort), v->reversed, v->order);
}

static void take_answer(struct top *t)
{
	char *text = mem_new(t->answer.used + 1, 1);

	memcpy(text, buf_text(&t->answer), t->answer.used);
	top_world_free(&t->view.world);
	top_world_read(&t->view.world, text);
	t->answer.used = 0;
	t->asked = 0;
	t->view.trouble = TOP_FINE;
	sort(t);
}

/* What an action says is shown as one line: the last that has something. */
static void take_message(struct top *t, const struct frame *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->length && n < sizeof t->view.message - 1; i++) {
		if (f->payload[i] == '\r')
			n = 0;
		else if ((unsigned char)f->payload[i] >= ' ')
			t->view.message[n++] = f->payload[i];
	}
	t->view.message[n] = '\0';
}

static void on_frame(struct top *t, const struct frame *f)
{
	bool says = strcmp(f->verb, "out") == 0 || strcmp(f->verb, "err") == 0;

	if (f->id != 0 && f->id == t->asked) {
		if (strcmp(f->verb, "out") == 0)
			buf_add(&t->answer, f->payload, f->length);
		else if (strcmp(f->verb, "err") == 0)
			take_message(t, f);
		else if (strcmp(f->verb, "done") == 0 && t->answer.used > 0)
			take_answer(t);
		else
			t->asked = 0; /* of an engine that is being replaced: the next answers */
	} else if (f->id != 0 && f->id == t->acted) {
		if (says)
			take_message(t, f);
		else
			t->acted = 0;
	}
}

static void listen_to(struct top *t)
{
	struct frame f;
	struct err e;
	int more = client_read(&t->client), got;

	while ((got = frame_next(&t->client.in, &f, &e)) > 0)
		on_frame(t, &f);
	if (got < 0 || !more)
		lose(t, TOP_GONE);
}

/* ---- keys */

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
		send_words(t, words, (size_t)n, &t->acted);
}

static void show_filter(struct top *t)
{
	(void)snprintf(t->view.prompt, sizeof t->view.prompt, "services with: %s_", t->view.filter);
	sort(t);
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
	sort(t);
}

static void key_right(struct top *t)
{
	t->view.sort = top_sort_next(t->view.sort, 1);
	sort(t);
}

static void key_reverse(struct top *t)
{
	t->view.reversed = !t->view.reversed;
	sort(t);
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
	sort(t);
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

static void on_key(struct top *t, int key)
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

/* ---- one turn */

static void turn(struct top *t)
{
	struct pollfd p[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = t->client.fd, .events = POLLIN}};
	uint64_t now = clock_ms();
	int key;

	if (now >= t->next_at)
		ask(t, now);
	p[1].fd = t->client.fd;
	top_screen_draw(&t->view);
	(void)poll(p, 2, (int)(t->next_at > now ? t->next_at - now : 0));
	if (p[1].revents != 0)
		listen_to(t);
	while ((key = getch()) != ERR)
		on_key(t, key); /* KEY_RESIZE: drawn anew anyway */
	if (interrupted != 0 || (p[0].revents & (POLLHUP | POLLERR)) != 0)
		t->leaving = true;
}

static int watch(struct top *t)
{
	static const struct sigaction act_on = {.sa_handler = on_interrupt};

	if (top_screen_open() < 0) {
		fputs("reeve: top: this terminal is not known (TERM); `reeve top | cat` prints a table\n",
			stderr);
		return EX_UNAVAILABLE;
	}
	(void)sigaction(SIGINT, &act_on, NULL);
	(void)sigaction(SIGTERM, &act_on, NULL);
	while (!t->leaving)
		turn(t);
	top_screen_close();
	client_close(&t->client);
	buf_free(&t->answer);
	top_world_free(&t->view.world);
	mem_free(&t->view.order);
	return EX_OK;
}

int verb_top(const struct cli *cli)
{
	struct top t = {
		.cli = cli, .client = {.fd = -1}, .view = {.where = cli->base_dir, .trouble = TOP_UNHEARD}};
	const char *term = getenv("TERM");
	struct err e;

	if (cli->argc > 0 || !isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO) || term == NULL ||
		strcmp(term, "dumb") == 0)
		return live_run(cli);
	if (client_open(&t.client, cli->base_dir, &e) != CLIENT_OPEN)
		return live_run(cli); /* which says why */
	top_world_read(&t.view.world, mem_text(""));
	sort(&t);
	return watch(&t);
}
