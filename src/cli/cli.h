/* cli: what the command line of `reeve` said, and the doors between its files. */
#ifndef REEVE_CLI_CLI_H
#define REEVE_CLI_CLI_H

#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

#define CLI_BASE_DIR "/run/reeve"
#define CLI_CONFIG   "/etc/reeve/reeve.lua"

/* All texts are borrowed from argv and the environment. */
struct cli {
	const char *base_dir; /* -b, else REEVE_BASE_DIR, else CLI_BASE_DIR */
	const char *config;   /* -c, else CLI_CONFIG */
	bool base_dir_given;  /* by -b or REEVE_BASE_DIR */
	bool config_given;
	bool help;
	bool version;
	const char *word; /* the verb as it was written; NULL: none */
	int argc;         /* the words after the verb, without -b and -c */
	char **argv;      /* ends in NULL; to be freed with cli_free */
	pid_t before;     /* a child whose words come before those of the engine; 0: none */
	int mark;         /* with it: the first words of the engine go here, not to stdout */
};

/* Reads argv (argv[0] is skipped). -b DIR and -c FILE may stand before or after the verb, up to a
 * `--`, which stays among the words. `base_dir` is REEVE_BASE_DIR or NULL.
 * -1: a sentence for the person; the exit code is 64. */
int cli_parse(struct cli *cli, int argc, char **argv, const char *base_dir, struct err *e) MUST_USE;
void cli_free(struct cli *cli);

/* Is `option` among the words before a `--`? */
bool cli_has(const struct cli *cli, const char *option);

/* Each runs a kind of verb and returns the exit code of the command. */
int verb_run(const struct cli *cli);
int verb_top(const struct cli *cli);
int verb_console(const struct cli *cli);
int here_run(const struct cli *cli);
int live_run(const struct cli *cli);
int past_run(const struct cli *cli);
int file_run(const struct cli *cli);

/* As here_run, with the Lua verb of that name. */
int here_exec(const struct cli *cli, const char *name);

#endif
