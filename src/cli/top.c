/* top: `reeve top`, the pools of a running instance on the whole screen, asked for once a second.
 *
 * The daemon may go and come while it runs. Exit 69 when there is none at the start; without a terminal it is
 * a table, once, like any other verb. */
#include "cli/top.h"

#include "base/clock.h"
#include "base/mem.h"

#include <curses.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define EVERY_MS  1000
#define SILENT_MS 3000 /* an engine that has not answered for so long does not */

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

void top_send(struct top *t, const char *words, size_t n, uint32_t *id)
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
	top_send(t, question, sizeof question - 1, &t->asked);
}

void top_sort(struct top *t)
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
	top_sort(t);
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
		top_key(t, key); /* KEY_RESIZE: drawn anew anyway */
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
	top_sort(&t);
	return watch(&t);
}
