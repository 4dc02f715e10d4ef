/* run: `reeve run` becomes reeved. Exit 66 when there is no config to start with. */
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/program.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static int no_config(const struct cli *cli)
{
	int why = errno;

	fprintf(stderr, "reeve: config %s: %s%s\n", cli->config, strerror(why),
		cli->config_given ? "" : "; name another with -c FILE");
	return EX_NOINPUT;
}

static int usage(const char *word)
{
	fprintf(stderr, "reeve: run: unknown argument '%s'; usage: reeve run [-c FILE] [-b DIR]\n", word);
	return EX_USAGE;
}

/* The directory may not exist yet, so realpath cannot be asked. To be freed. */
static char *absolute(const char *path)
{
	char cwd[PATH_MAX], *whole;

	if (path[0] == '/' || getcwd(cwd, sizeof cwd) == NULL)
		return mem_text(path);
	return asprintf(&whole, "%s/%s", cwd, path) > 0 ? whole : mem_text(path);
}

int verb_run(const struct cli *cli)
{
	char config[PATH_MAX], *base_dir;
	const char *argv[8] = {"reeved", "--config", config};
	int n = 3, code;

	if (cli->argc > 0)
		return usage(cli->argv[0]);
	if (realpath(cli->config, config) == NULL || access(config, R_OK) < 0)
		return no_config(cli);
	base_dir = absolute(cli->base_dir);
	if (cli->base_dir_given) {
		argv[n++] = "--base-dir";
		argv[n++] = base_dir;
	}
	code = program_exec("reeved", argv);
	free(base_dir);
	return code;
}
