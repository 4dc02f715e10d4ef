/* here: verbs that need no daemon become `reeve-engine here VERB WORDS...`. */
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/program.h"
#include "cli/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

/* A config may ask getenv("REEVE_BASE_DIR"): -b means the same for every verb. */
static int tell_base_dir(const struct cli *cli)
{
	return cli->base_dir_given ? setenv("REEVE_BASE_DIR", cli->base_dir, 1) : 0;
}

int here_exec(const struct cli *cli, const char *name)
{
	const struct verb *verb = verb_find(cli->word);
	const char **argv = mem_new((size_t)cli->argc + 6, sizeof *argv);
	int n = 0, code;

	argv[n++] = "reeve-engine";
	argv[n++] = "here";
	argv[n++] = name;
	if (strstr(verb->usage, "-c FILE") != NULL ||
		(cli->config_given && strstr(verb->usage, "-c CONFIG") != NULL)) {
		argv[n++] = "-c";
		argv[n++] = cli->config;
	}
	for (int i = 0; i < cli->argc; i++)
		argv[n++] = cli->argv[i];
	if (strcmp(cli->word, "record") == 0)
		(void)umask(0077); /* a recording holds configs, and who knows what these hold */
	code = tell_base_dir(cli) == 0 ? program_exec("reeve-engine", argv) : EX_OSERR;
	mem_free(&argv);
	return code;
}

int here_run(const struct cli *cli)
{
	return here_exec(cli, cli->word);
}
