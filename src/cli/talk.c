/* talk: asking the engine and waiting for it. Nothing here dies; what fails is said and is an exit code. */
#include "cli/talk.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "cli/instances.h"
#include "cli/lock.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#define AGAIN_MS    100   /* between two tries to reach an engine that is being replaced */
#define PATIENCE_MS 2000  /* then the person is told what we wait for */
#define GIVE_UP_MS  30000 /* the master replaces a dead engine well before */
#define COMPLETE_MS 500   /* no Tab is worth more */
#define UNDECIDED   (-1)
#define MOVED       (-2) /* a newer engine is to be asked */
#define GONE        (-3) /* the connection has ended */

/* One thing asked: what to do with what comes for it. */
struct request {
	struct talk *talk;
	uint32_t id;
	bool silent;    /* nothing is printed */
	unsigned calls; /* of ^C */
	int code;       /* UNDECIDED until the end is known */
	struct edit_words *words;
};

void talk_init(struct talk *t, const char *base_dir, int signals, bool person, bool json)
{
	memset(t, 0, sizeof *t);
	t->base_dir = base_dir;
	t->client.fd = -1;
	t->signals = signals;
	t->person = person;
	t->json = json;
}

void talk_end(struct talk *t)
{
	client_close(&t->client);
	mem_free(&t->kept);
	mem_free(&t->hello);
}

void talk_about(const struct talk *t, const char *name, char *out, size_t room)
{
	const char *at = t->hello;
	size_t n = strlen(name);

	out[0] = '\0';
	for (; at != NULL && *at != '\0'; at += strcspn(at, "\n") + 1) {
		if (strncmp(at, name, n) == 0 && at[n] == '=') {
			(void)snprintf(out, room, "%.*s", (int)strcspn(at + n + 1, "\n"), at + n + 1);
			return;
		}
		if (strchr(at, '\n') == NULL)
			return;
	}
}

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
	r->code = MOVED;
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
		r->code = GONE;
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

static void hang_up(struct request *r, int code)
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
		hang_up(r, TALK_INTERRUPTED);
}

static void listen_to(struct request *r)
{
	struct client *client = &r->talk->client;
	struct frame f;
	struct err e;
	int more = client_read(client), got = 0;

	while (r->code == UNDECIDED && (got = frame_next(&client->in, &f, &e)) > 0)
		take(r, &f);
	if (got < 0) {
		fprintf(stderr, "reeve: %s\n", e.text);
		hang_up(r, EX_PROTOCOL);
	} else if (!more && r->code == UNDECIDED) {
		hang_up(r, GONE);
	}
}

/* Until it is done, or `ms` are over (-1: never): then it stays UNDECIDED. */
static void wait_for(struct request *r, int ms)
{
	uint64_t start = clock_ms(), now = start;

	while (r->code == UNDECIDED && (ms < 0 || now - start < (uint64_t)ms)) {
		struct pollfd p[2] = {{.fd = r->talk->client.fd, .events = POLLIN},
			{.fd = r->talk->signals, .events = POLLIN}};
		if (poll(p, 2, ms < 0 ? -1 : ms - (int)(now - start)) < 0 && errno != EINTR)
			hang_up(r, EX_OSERR);
		if (p[1].revents != 0)
			on_interrupt(r);
		if (p[0].revents != 0 && r->code == UNDECIDED)
			listen_to(r);
		now = clock_ms();
	}
}

/* ---- connecting */

/* EX_OK, UNDECIDED: not yet, else it was said why. */
static int try_to_connect(struct talk *t)
{
	struct request r = {.talk = t, .code = UNDECIDED};
	struct holder master = {.pidfd = -1};
	struct err e;
	enum client_open how = client_open(&t->client, t->base_dir, &e);
	int there;

	if (how == CLIENT_OPEN) {
		if (client_hello(&t->client, t->json, t->person) < 0)
			hang_up(&r, GONE);
		wait_for(&r, PATIENCE_MS);
		if (r.code != EX_OK)
			client_close(&t->client);
		return r.code == GONE ? UNDECIDED : r.code;
	}
	there = lock_holder(t->base_dir, &master);
	lock_let_go(&master);
	if (how == CLIENT_ABSENT && there)
		return UNDECIDED;
	if (how == CLIENT_ABSENT)
		return instances_instead(t->base_dir, e.text);
	fprintf(stderr, "reeve: %s\n", e.text);
	return EX_UNAVAILABLE;
}

/* 1: ^C came */
static int rest(const struct talk *t)
{
	struct pollfd p = {.fd = t->signals, .events = POLLIN};
	struct signalfd_siginfo info;

	return poll(&p, 1, AGAIN_MS) > 0 && read(t->signals, &info, sizeof info) == (ssize_t)sizeof info &&
	       info.ssi_signo == SIGINT;
}

static int reach(struct talk *t)
{
	uint64_t start = clock_ms();
	bool told = false;

	for (;;) {
		int code = try_to_connect(t);
		uint64_t waited = clock_ms() - start;
		if (code != UNDECIDED)
			return code;
		if (waited >= GIVE_UP_MS) {
			fputs("reeve: the daemon runs, but its policy engine does not answer; its log says "
			      "why\n",
				stderr);
			return EX_TEMPFAIL;
		}
		if (waited >= PATIENCE_MS && !told)
			fputs("reeve: waiting for the policy engine, which does not answer\n", stderr);
		told = told || waited >= PATIENCE_MS;
		if (rest(t))
			return TALK_INTERRUPTED;
	}
}

/* Sends one; its exit code, MOVED or GONE. */
static int ask(struct talk *t, const char *verb, const char *text, bool silent)
{
	struct request r = {.talk = t, .id = ++t->id, .silent = silent, .code = UNDECIDED};

	if (client_send(&t->client, verb, r.id, text, strlen(text)) < 0)
		hang_up(&r, GONE);
	wait_for(&r, -1);
	return r.code;
}

/* A new engine knows nothing of the session: formats, timeout and a role that was given up are said again. */
static void set_up_again(struct talk *t)
{
	char *kept = t->kept != NULL ? mem_text(t->kept) : NULL, *line, *next;

	for (line = kept != NULL ? strtok_r(kept, "\n", &next) : NULL; line != NULL && t->client.fd >= 0;
		line = strtok_r(NULL, "\n", &next))
		(void)ask(t, "line", line, true);
	mem_free(&kept);
}

int talk_connect(struct talk *t)
{
	char generation[32];
	int code;

	if (t->client.fd >= 0)
		return EX_OK;
	code = reach(t);
	if (code != EX_OK)
		return code;
	set_up_again(t);
	talk_about(t, "generation", generation, sizeof generation);
	if (t->met && t->person)
		fprintf(stderr,
			"(connected to another engine: generation %s; globals of this session are gone)\n",
			generation);
	t->met = true;
	return EX_OK;
}

/* ---- the doors */

int talk_line(struct talk *t, const char *line)
{
	int code = MOVED;

	if (strlen(line) > FRAME_PAYLOAD_MAX) {
		fputs("reeve: a chunk may have 1 MiB\n", stderr);
		return EX_DATAERR;
	}
	while (code == MOVED) {
		code = talk_connect(t);
		if (code == EX_OK &&
			client_hello(&t->client, t->json, t->person) == 0) /* the width may have changed */
			code = ask(t, "line", line, false);
		if (code == MOVED)
			client_close(&t->client);
	}
	if (code != GONE)
		return code;
	client_close(&t->client);
	fputs("reeve: the policy engine went away before it had answered; `reeve status` tells what is in "
	      "force\n",
		stderr);
	return EX_SOFTWARE;
}

struct edit_words talk_complete(struct talk *t, const char *text)
{
	struct edit_words words = {0};
	struct request r = {.talk = t, .words = &words, .code = UNDECIDED};

	if (t->client.fd < 0)
		return words;
	r.id = ++t->id;
	if (client_send(&t->client, "complete", r.id, text, strlen(text)) < 0)
		hang_up(&r, GONE);
	wait_for(&r, COMPLETE_MS);
	return words;
}

int talk_watched(const struct talk *t)
{
	return t->client.fd;
}

void talk_happened(struct talk *t)
{
	struct request nobody = {.talk = t, .id = UINT32_MAX, .silent = true, .code = UNDECIDED};

	listen_to(&nobody);
}
