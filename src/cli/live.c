/* live: verbs that the engine of a running instance carries out. Sends the words, prints what comes
 * back, returns the exit code that comes with `done`.
 *
 * Exit 69: no daemon. 70: the engine went away in the middle. 75: it does not answer. 77: not
 * allowed. 130: ^C. */
#include "cli/live.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "cli/instances.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#define ANSWER_MS  2000  /* then stop and reload signal the master, and the others say that they wait */
#define GIVE_UP_MS 30000 /* the master replaces a dead engine well before */
#define AGAIN_MS   100   /* between two tries to reach an engine that is being replaced */
#define CANCEL_MS  1000  /* after ^C: how long the engine may take to confirm */

/* ---- how it can end */

static int fail(int code, const char *sentence)
{
	fprintf(stderr, "reeve: %s\n", sentence);
	return code;
}

static void take_resort(struct live *l)
{
	int code = resort_signal(l->resort, &l->master);

	client_close(&l->client);
	l->stopping = code == EX_OK && l->resort->signal == SIGTERM;
	if (l->stopping && cli_has(l->cli, "--now"))
		fputs("reeve: --now needs the engine: processes may finish their clients\n", stderr);
	if (!l->stopping)
		l->code = code;
}

/* May be asked twice without doing anything twice. */
static bool only_looks(const struct live *l)
{
	static const char *const words[] = {"events", "status", "ps", "top", "security", "config"};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(l->cli->word, words[i]) == 0)
			return true;
	return l->resort != NULL;
}

/* The connection is gone without `done`. */
static void on_gone(struct live *l)
{
	client_close(&l->client);
	if (strcmp(l->cli->word, "events") == 0) /* goes on with the next engine */
		l->accepted = false;
	if (live_is_stop(l) && l->accepted)
		live_await_end(l);
	else if (!l->accepted && (!l->heard || only_looks(l)))
		(void)poll(NULL, 0, AGAIN_MS); /* then turn() tries again */
	else
		l->code = fail(EX_SOFTWARE, "the policy engine went away before it had answered; "
					    "`reeve status` tells what is in force");
	l->heard = false;
}

/* Nobody has spoken yet: time to say so, to signal, or to give up? */
static void on_silence(struct live *l, uint64_t now)
{
	uint64_t waited = now - l->start;

	if (l->heard && l->client.fd >= 0)
		return;
	if (waited >= ANSWER_MS && l->resort != NULL && l->master.pidfd >= 0 &&
		!(l->resort->once && l->greeted)) {
		take_resort(l);
		return;
	}
	if (waited >= GIVE_UP_MS)
		l->code = fail(EX_TEMPFAIL,
			"the daemon runs, but its policy engine does not answer; its log says why");
	else if (waited >= ANSWER_MS && !l->told)
		fputs("reeve: waiting for the policy engine, which does not answer\n", stderr);
	l->told = l->told || waited >= ANSWER_MS;
}

/* The first ^C is passed on, the second leaves. */
static void on_interrupt(struct live *l, uint64_t now)
{
	struct signalfd_siginfo info;

	(void)!read(l->signals, &info, sizeof info);
	if (l->stopping)
		(void)fail(0, "not waiting any more; the daemon goes on ending");
	if (l->stopping || l->cancelled != 0 || l->client.fd < 0 ||
		client_send(&l->client, "cancel", LIVE_ID, "1", 1) < 0)
		l->code = LIVE_INTERRUPTED;
	l->cancelled = now;
}

/* ---- one turn */

/* Connects when there is no connection, and asks. An engine that is just being replaced is tried
 * again; without a master there is nothing to wait for. */
static void reach(struct live *l)
{
	struct err e;
	enum client_open how;

	lock_let_go(&l->master);
	(void)lock_holder(l->cli->base_dir, &l->master);
	how = client_open(&l->client, l->cli->base_dir, &e);
	if (how == CLIENT_OPEN) {
		l->marks = l->cli->before > 0;
		if (client_ask(&l->client, cli_has(l->cli, "--json"), LIVE_ID, l->words, l->words_length) < 0)
			client_close(&l->client);
		return;
	}
	if (how == CLIENT_ABSENT && l->master.pid != 0)
		return;
	if (how == CLIENT_ABSENT && live_is_stop(l) && l->greeted)
		l->code = EX_OK; /* it ended before it could say so */
	else
		l->code = how == CLIENT_ABSENT ? instances_instead(l->cli->base_dir, e.text)
					       : fail(EX_UNAVAILABLE, e.text);
}

static void listen_to(struct live *l)
{
	struct frame f;
	struct err e;
	int more = client_read(&l->client), got = 0;

	while (l->code == LIVE_UNDECIDED && (got = frame_next(&l->client.in, &f, &e)) > 0)
		live_take(l, &f);
	if (got < 0)
		l->code = fail(EX_PROTOCOL, e.text);
	else if (l->moved) {
		client_close(&l->client); /* turn() asks again */
		l->moved = l->heard = l->accepted = false;
	} else if (!more && l->code == LIVE_UNDECIDED)
		on_gone(l);
}

/* How long the next poll may take. */
static int patience(const struct live *l, uint64_t now)
{
	if (l->cancelled != 0)
		return now - l->cancelled < CANCEL_MS ? (int)(CANCEL_MS - (now - l->cancelled)) : 0;
	if (l->stopping || (l->heard && l->client.fd >= 0))
		return -1;
	return AGAIN_MS;
}

static void turn(struct live *l)
{
	struct pollfd p[3] = {{.fd = l->signals, .events = POLLIN}};
	uint64_t now = clock_ms();

	if (l->client.fd < 0 && !l->stopping)
		reach(l);
	if (l->code != LIVE_UNDECIDED)
		return;
	p[1] = (struct pollfd){.fd = l->client.fd, .events = POLLIN};
	p[2] = (struct pollfd){.fd = l->stopping ? l->master.pidfd : -1, .events = POLLIN};
	if (poll(p, 3, patience(l, now)) < 0 && errno != EINTR)
		l->code = fail(EX_OSERR, strerror(errno));
	now = clock_ms();
	if (p[1].revents != 0)
		listen_to(l);
	else if (p[2].revents != 0) /* all that was said has been printed */
		l->code = EX_OK;
	if (p[0].revents != 0 && l->code == LIVE_UNDECIDED)
		on_interrupt(l, now);
	if (l->cancelled != 0 && now - l->cancelled >= CANCEL_MS && l->code == LIVE_UNDECIDED)
		l->code = LIVE_INTERRUPTED;
	if (l->code == LIVE_UNDECIDED && !l->stopping)
		on_silence(l, now);
}

/* ---- start and end */

/* verb and words, each followed by NUL but the last */
static int pack(struct live *l)
{
	const struct cli *cli = l->cli;
	size_t n = strlen(cli->word), at = n;
	char id[64];
	int id_len = 0;

	if (strcmp(cli->word, "upgrade") == 0) /* by it the next engine knows whom to answer */
		id_len = snprintf(
			id, sizeof id, "--id=%d.%llu", (int)getpid(), (unsigned long long)clock_ms());
	n += id_len > 0 ? (size_t)id_len + 1 : 0;
	for (int i = 0; i < cli->argc; i++)
		n += 1 + strlen(cli->argv[i]);
	if (n > FRAME_PAYLOAD_MAX)
		return fail(EX_USAGE, "the words after the verb are longer than 1 MiB together");
	l->words = mem_new(n + 1, 1);
	l->words_length = n;
	memcpy(l->words, cli->word, at);
	for (int i = 0; i < cli->argc; i++) {
		size_t len = strlen(cli->argv[i]);
		memcpy(l->words + at + 1, cli->argv[i], len);
		at += 1 + len;
	}
	if (id_len > 0)
		memcpy(l->words + at + 1, id, (size_t)id_len);
	return EX_OK;
}

static int catch_interrupt(struct live *l)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &set, &l->mask);
	l->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return l->signals < 0 ? fail(EX_OSERR, "signalfd failed") : EX_OK;
}

int live_run(const struct cli *cli)
{
	struct live l = {.cli = cli,
		.client = {.fd = -1},
		.master = {.pidfd = -1},
		.signals = -1,
		.code = LIVE_UNDECIDED};
	int bad;

	l.before = cli->before;
	l.mark = cli->before > 0 ? cli->mark : -1;
	l.resort = resort_for(cli->word);
	l.start = clock_ms();
	bad = pack(&l);
	if (bad == EX_OK)
		bad = catch_interrupt(&l);
	if (bad != EX_OK)
		l.code = bad;
	while (l.code == LIVE_UNDECIDED)
		turn(&l);
	client_close(&l.client);
	live_let_before(&l);
	lock_let_go(&l.master);
	if (l.signals >= 0) /* what comes after us must end at ^C */
		(void)sigprocmask(SIG_SETMASK, &l.mask, NULL);
	fd_close(&l.signals);
	mem_free(&l.words);
	return l.code;
}
