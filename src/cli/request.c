/* request: a table of what an engine can say, and the wait for it. Nothing here dies; what fails is said and
 * is an exit code. */
#include "cli/request.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

/* ---- what the engine says */

static void keep_text(char **place, const struct frame *f)
{
	mem_free(place);
	*place = mem_text(f->payload);
}

static void on_out(struct request *r, const struct frame *f)
{
	if (!r->silent && fd_write_all(STDOUT_FILENO, f->payload, f->length) < 0)
		r->code = EX_IOERR;
}

static void on_err(struct request *r, const struct frame *f)
{
	if (!r->silent)
		(void)!fd_write_all(STDERR_FILENO, f->payload, f->length);
}

static void on_done(struct request *r, const struct frame *f)
{
	r->code = (int)(strtol(f->payload, NULL, 10) & 255);
}

static void on_again(struct request *r, const struct frame *f)
{
	(void)f;
	r->code = REQUEST_MOVED;
}

static void on_hello(struct request *r, const struct frame *f)
{
	keep_text(&r->talk->hello, f);
	if (r->id == 0)
		r->code = EX_OK;
}

static void on_keep(struct request *r, const struct frame *f)
{
	if (!r->silent)
		keep_text(&r->talk->kept, f);
}

/* A line of the terminal, as the person ends it; ^C and ^D are no. */
static bool says_yes(const struct talk *t)
{
	struct pollfd p[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = t->signals, .events = POLLIN}};
	struct signalfd_siginfo info;
	char answer[16];
	ssize_t n;

	while (poll(p, 2, -1) < 0 && errno == EINTR)
		;
	if (p[1].revents != 0)
		return (void)!read(t->signals, &info, sizeof info), false;
	n = read(STDIN_FILENO, answer, sizeof answer);
	return n >= 2 && (answer[0] == 'y' || answer[0] == 'Y');
}

static void on_ask(struct request *r, const struct frame *f)
{
	bool yes;

	fprintf(stderr, "%s [y/N] ", f->payload);
	yes = says_yes(r->talk);
	if (client_send(&r->talk->client, "answer", r->id, yes ? "yes" : "no", yes ? 3 : 2) < 0)
		r->code = REQUEST_GONE;
}

/* "cut TAB word TAB signature", a line each */
static void on_words(struct request *r, const struct frame *f)
{
	char *text, *line, *next;

	if (r->words == NULL)
		return;
	text = mem_text(f->payload);
	for (line = strtok_r(text, "\n", &next); line != NULL; line = strtok_r(NULL, "\n", &next)) {
		struct edit_words *words = r->words;
		char *word = strchr(line, '\t'), *signature = word != NULL ? strchr(word + 1, '\t') : NULL;
		if (signature == NULL)
			continue;
		*word++ = '\0';
		*signature++ = '\0';
		words->list = mem_grow(words->list, words->n + 1, sizeof *words->list);
		words->list[words->n++] = (struct edit_word){
			(size_t)strtoul(line, NULL, 10), mem_text(word), mem_text(signature)};
	}
	mem_free(&text);
	r->code = EX_OK;
}

static const struct {
	const char *verb;
	void (*take)(struct request *r, const struct frame *f);
} answers[] = {
	{"out", on_out},
	{"err", on_err},
	{"done", on_done},
	{"again", on_again},
	{"hello", on_hello},
	{"keep", on_keep},
	{"ask", on_ask},
	{"words", on_words},
};

/* What is left of something that was given up is of another id; unknown verbs are of a newer engine. */
static void take(struct request *r, const struct frame *f)
{
	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
		if (f->id == r->id && strcmp(answers[i].verb, f->verb) == 0)
			answers[i].take(r, f);
}

/* ---- waiting for it */

void request_hang_up(struct request *r, int code)
{
	client_close(&r->talk->client);
	r->code = code;
}

/* The first cancels, the second insists, the third leaves. */
static void on_interrupt(struct request *r)
{
	struct signalfd_siginfo info;
	char id[16];
	int n = snprintf(id, sizeof id, "%u", r->id);

	if (read(r->talk->signals, &info, sizeof info) != (ssize_t)sizeof info || info.ssi_signo != SIGINT)
		return;
	r->calls++;
	if (r->talk->person)
		fputs("\n", stderr); /* behind the ^C of the terminal */
	if (r->calls == 2 && r->talk->person)
		fputs("(the engine does not react yet; it is told again. ^C once more leaves this)\n",
			stderr);
	if (r->calls > 2 || r->id == 0 || client_send(&r->talk->client, "cancel", 0, id, (size_t)n) < 0)
		request_hang_up(r, TALK_INTERRUPTED);
}

void request_listen(struct request *r)
{
	struct client *client = &r->talk->client;
	struct frame f;
	struct err e;
	int more = client_read(client), got = 0;

	while (r->code == REQUEST_OPEN && (got = frame_next(&client->in, &f, &e)) > 0)
		take(r, &f);
	if (got < 0) {
		fprintf(stderr, "reeve: %s\n", e.text);
		request_hang_up(r, EX_PROTOCOL);
	} else if (!more && r->code == REQUEST_OPEN) {
		request_hang_up(r, REQUEST_GONE);
	}
}

void request_wait(struct request *r, int ms)
{
	uint64_t start = clock_ms(), now = start;

	while (r->code == REQUEST_OPEN && (ms < 0 || now - start < (uint64_t)ms)) {
		struct pollfd p[2] = {{.fd = r->talk->client.fd, .events = POLLIN},
			{.fd = r->talk->signals, .events = POLLIN}};
		if (poll(p, 2, ms < 0 ? -1 : ms - (int)(now - start)) < 0 && errno != EINTR)
			request_hang_up(r, EX_OSERR);
		if (p[1].revents != 0)
			on_interrupt(r);
		if (p[0].revents != 0 && r->code == REQUEST_OPEN)
			request_listen(r);
		now = clock_ms();
	}
}
