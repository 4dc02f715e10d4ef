/* talk: asking the engine and waiting for it. Nothing here dies; what fails is said and is an exit code. */
#include "cli/talk.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "cli/instances.h"
#include "cli/lock.h"
#include "cli/request.h"

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

/* ---- connecting */

/* EX_OK, REQUEST_OPEN: not yet, else it was said why. */
static int try_to_connect(struct talk *t)
{
	struct request r = {.talk = t, .code = REQUEST_OPEN};
	struct holder master = {.pidfd = -1};
	struct err e;
	enum client_open how = client_open(&t->client, t->base_dir, &e);
	int there;

	if (how == CLIENT_OPEN) {
		if (client_hello(&t->client, t->json, t->person) < 0)
			request_hang_up(&r, REQUEST_GONE);
		request_wait(&r, PATIENCE_MS);
		if (r.code != EX_OK)
			client_close(&t->client);
		return r.code == REQUEST_GONE ? REQUEST_OPEN : r.code;
	}
	there = lock_holder(t->base_dir, &master);
	lock_let_go(&master);
	if (how == CLIENT_ABSENT && there)
		return REQUEST_OPEN;
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
		if (code != REQUEST_OPEN)
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

/* Sends one; its exit code, REQUEST_MOVED or REQUEST_GONE. */
static int ask(struct talk *t, const char *verb, const char *text, bool silent)
{
	struct request r = {.talk = t, .id = ++t->id, .silent = silent, .code = REQUEST_OPEN};

	if (client_send(&t->client, verb, r.id, text, strlen(text)) < 0)
		request_hang_up(&r, REQUEST_GONE);
	request_wait(&r, -1);
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
	int code = REQUEST_MOVED;

	if (strlen(line) > FRAME_PAYLOAD_MAX) {
		fputs("reeve: a chunk may have 1 MiB\n", stderr);
		return EX_DATAERR;
	}
	while (code == REQUEST_MOVED) {
		code = talk_connect(t);
		if (code == EX_OK &&
			client_hello(&t->client, t->json, t->person) == 0) /* the width may have changed */
			code = ask(t, "line", line, false);
		if (code == REQUEST_MOVED)
			client_close(&t->client);
	}
	if (code != REQUEST_GONE)
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
	struct request r = {.talk = t, .words = &words, .code = REQUEST_OPEN};

	if (t->client.fd < 0)
		return words;
	r.id = ++t->id;
	if (client_send(&t->client, "complete", r.id, text, strlen(text)) < 0)
		request_hang_up(&r, REQUEST_GONE);
	request_wait(&r, COMPLETE_MS);
	return words;
}

int talk_watched(const struct talk *t)
{
	return t->client.fd;
}

void talk_happened(struct talk *t)
{
	struct request nobody = {.talk = t, .id = UINT32_MAX, .silent = true, .code = REQUEST_OPEN};

	request_listen(&nobody);
}
