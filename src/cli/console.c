/* console: `reeve console`. Lines from a person or from a script go to the engine, one chunk after the other;
 * leaving never needs the daemon. A script ends with the exit code of its first line that fails. */
#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"
#include "cli/chunk.h"
#include "cli/cli.h"
#include "cli/edit.h"
#include "cli/histfile.h"
#include "cli/talk.h"
#include "cli/verbs.h"

#include <locale.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

struct console {
	struct talk talk;
	struct edit *edit; /* NULL: a script */
	struct buf chunk;  /* what has been typed of it */
};

/* ---- words that are ours */

static bool is_leaving(const char *line)
{
	static const char *const words[] = {"quit", "exit", ":quit", ":exit", ":q", "~."};
	size_t n;

	line += strspn(line, " \t");
	n = strcspn(line, " \t\r\n");
	if (line[n + strspn(line + n, " \t\r\n;()")] != '\0')
		return false;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strlen(words[i]) == n && strncmp(line, words[i], n) == 0)
			return true;
	return false;
}

static bool is_blank(const char *line)
{
	return line[strspn(line, " \t\r\n")] == '\0';
}

/* ---- a person */

static struct edit_words complete(void *arg, const char *text)
{
	struct console *c = arg;
	struct edit_words words;
	char *whole = NULL;

	if (asprintf(&whole, "%s%s", buf_text(&c->chunk), text) < 0)
		return (struct edit_words){0};
	words = talk_complete(&c->talk, whole);
	free(whole);
	return words;
}

static int watched(void *arg)
{
	return talk_watched(&((struct console *)arg)->talk);
}

static void happened(void *arg)
{
	talk_happened(&((struct console *)arg)->talk);
}

static unsigned count_words(const char *text)
{
	unsigned n = 0;

	for (; *text != '\0'; n++) {
		text += strcspn(text, " ");
		text += strspn(text, " ");
	}
	return n;
}

static void greet(const struct talk *t)
{
	char version[32], generation[32], role[32], services[4096];

	talk_about(t, "version", version, sizeof version);
	talk_about(t, "generation", generation, sizeof generation);
	talk_about(t, "role", role, sizeof role);
	talk_about(t, "services", services, sizeof services);
	printf("reeve %s, generation %s, %u services, role %s.  help, :quit, ^C cancels\n", version,
		generation, count_words(services), role);
	(void)fflush(stdout);
}

static const char *prompt(const struct console *c)
{
	if (c->chunk.used > 0)
		return "    >> ";
	return c->talk.kept != NULL && strstr(c->talk.kept, ":dry on") != NULL ? "reeve(dry)> " : "reeve> ";
}

/* 1: the chunk is whole. An empty line gives it up as it is, so that the person reads what is wrong. */
static bool add_line(struct console *c, const char *line)
{
	bool first = c->chunk.used == 0;

	buf_print(&c->chunk, "%s%s", first ? "" : "\n", line);
	return (!first && is_blank(line)) || !chunk_is_open(buf_text(&c->chunk));
}

static void say_chunk(struct console *c)
{
	if (!is_blank(buf_text(&c->chunk)))
		(void)talk_line(&c->talk, buf_text(&c->chunk));
	buf_free(&c->chunk);
}

static int converse(struct console *c)
{
	const char *line = NULL;

	for (;;) {
		enum edit_end end = edit_line(c->edit, prompt(c), &line);
		if (end == EDIT_INTERRUPTED) {
			(void)fputs("^C\n", stdout);
			buf_free(&c->chunk);
			continue;
		}
		if (end == EDIT_EOF || (c->chunk.used == 0 && is_leaving(line))) {
			if (end == EDIT_EOF)
				(void)fputs("\n", stdout);
			return EX_OK;
		}
		if (add_line(c, line))
			say_chunk(c);
	}
}

static int run_for_person(struct console *c)
{
	static const struct edit_hooks hooks = {complete, watched, happened};
	char *past = histfile_path();
	int code = talk_connect(&c->talk);

	if (code == EX_OK) {
		c->edit = edit_new(c->talk.signals, past, &hooks, c);
		if (c->edit == NULL) {
			fputs("reeve: this terminal cannot be edited on; use `reeve console < FILE`\n",
				stderr);
			code = EX_OSERR;
		}
	}
	if (code == EX_OK) {
		greet(&c->talk);
		code = converse(c);
	}
	edit_free(&c->edit);
	mem_free(&past);
	return code;
}

/* ---- a script */

static int run_script(struct console *c, FILE *in)
{
	char *line = NULL;
	size_t room = 0, number = 0;
	int code = talk_connect(&c->talk);
	bool more = true;

	while (code == EX_OK && more) {
		more = getline(&line, &room, in) >= 0;
		number += more;
		if (more && number == 1 && strncmp(line, "#!", 2) == 0)
			continue;
		if (more)
			line[strcspn(line, "\r\n")] = '\0';
		if (more && c->chunk.used == 0 && is_leaving(line))
			break;
		if ((more && !add_line(c, line)) || is_blank(buf_text(&c->chunk))) {
			if (is_blank(buf_text(&c->chunk)))
				buf_free(&c->chunk);
			continue;
		}
		code = talk_line(&c->talk, buf_text(&c->chunk));
		if (code != EX_OK)
			fprintf(stderr, "reeve: console: stopped at line %zu\n", number);
		buf_free(&c->chunk);
	}
	free(line);
	return code;
}

/* ---- start and end */

static int catch_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGWINCH);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static bool good_words(const struct cli *cli)
{
	for (int i = 0; i < cli->argc; i++)
		if (strcmp(cli->argv[i], "--json") != 0)
			return verb_misused("console", cli->argv[i]), false;
	return true;
}

int verb_console(const struct cli *cli)
{
	struct console c = {0};
	bool person = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	int signals, code;

	if (!good_words(cli))
		return EX_USAGE;
	signals = catch_signals();
	if (signals < 0) {
		fputs("reeve: signalfd failed\n", stderr);
		return EX_OSERR;
	}
	(void)setlocale(LC_CTYPE, "");
	talk_init(&c.talk, cli->base_dir, signals, person, cli_has(cli, "--json"));
	code = person ? run_for_person(&c) : run_script(&c, stdin);
	talk_end(&c.talk);
	buf_free(&c.chunk);
	fd_close(&signals);
	return code;
}
