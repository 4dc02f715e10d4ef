/* reeve: the command. Reads the line, finds the verb in verbs.def and runs it.
 * Exit 64: the line was wrong; everything else is the verb's. */
#include "base/err.h"
#include "cli/cli.h"
#include "cli/verbs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define RUN_OWN(name)    verb_##name
#define RUN_HERE(name)   here_run
#define RUN_LIVE(name)   live_run
#define RUN_PAST(name)   past_run
#define RUN_BOTH(name)   both_run
#define RUN_FILE(name)   file_run
#define RUN_SCREEN(name) verb_##name

static int both_run(const struct cli *cli)
{
	return cli_has(cli, "--running") ? live_run(cli) : here_run(cli);
}

/* beside verbs[]: how each is run */
static int (*const runs[])(const struct cli *) = {
#define VERB(name, where, usage, summary, details) RUN_##where(name),
#include "cli/verbs.def"
#undef VERB
};

static int unknown(const char *word)
{
	const char *meant = verb_suggest(word);

	if (meant != NULL)
		fprintf(stderr, "reeve: unknown verb '%s'; did you mean '%s'?\n", word, meant);
	else
		fprintf(stderr, "reeve: unknown verb '%s': `reeve help` lists them\n", word);
	return EX_USAGE;
}

static int help(const char *word)
{
	const struct verb *verb = word != NULL ? verb_find(word) : NULL;

	if (word != NULL && verb == NULL && strcmp(word, "help") != 0)
		return unknown(word);
	if (verb != NULL)
		verb_help(stdout, verb);
	else
		verb_help_all(stdout);
	return EX_OK;
}

/* -c may stand before any verb; but who writes it with reload expects that file to come into force. */
static int refuse_other_config(const struct cli *cli)
{
	fprintf(stderr,
		"reeve: reload: the daemon reads the config that it was started with; "
		"`reeve plan -c %s` compares another\n",
		cli->config);
	return EX_USAGE;
}

static int run_verb(const struct cli *cli)
{
	const struct verb *verb = verb_find(cli->word);

	if (verb == NULL)
		return unknown(cli->word);
	if (cli->config_given && strcmp(cli->word, "reload") == 0)
		return refuse_other_config(cli);
	return runs[verb - verbs](cli);
}

static int dispatch(const struct cli *cli)
{
	if (cli->version) {
		puts("reeve " REEVE_VERSION);
		return EX_OK;
	}
	if (cli->word == NULL && !cli->help) {
		verb_help_all(stderr);
		return EX_USAGE;
	}
	if (cli->word == NULL || cli->help)
		return help(cli->word);
	if (strcmp(cli->word, "help") == 0)
		return help(cli->argv[0]);
	return run_verb(cli);
}

int main(int argc, char **argv)
{
	struct err e;
	struct cli cli;
	int code = EX_USAGE;

	if (cli_parse(&cli, argc, argv, getenv("REEVE_BASE_DIR"), &e) == 0)
		code = dispatch(&cli);
	else
		fprintf(stderr, "reeve: %s\n", e.text);
	cli_free(&cli);
	if (fflush(stdout) != 0 && code == EX_OK) {
		fprintf(stderr, "reeve: cannot write: %s\n", strerror(errno));
		code = EX_IOERR;
	}
	return code;
}
