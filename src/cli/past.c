/* past: verbs that the engine answers, and that look back with --since: what was is read from the recording,
 * by `reeve-engine here past<verb>` and not by the engine, which has better things to do. */
#include "base/fd.h"
#include "base/mem.h"
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

static bool is_since(const char *word)
{
	return strcmp(word, "--since") == 0 || strncmp(word, "--since=", 8) == 0;
}

static bool has_since(const struct cli *cli)
{
	for (int i = 0; i < cli->argc && strcmp(cli->argv[i], "--") != 0; i++)
		if (is_since(cli->argv[i]))
			return true;
	return false;
}

/* The words without --since and what belongs to it, behind one that may be new; argv is the caller's to free.
 */
static struct cli without_since(const struct cli *cli, char *option)
{
	struct cli live = *cli;

	live.argv = mem_new((size_t)cli->argc + 2, sizeof *live.argv);
	live.argc = 0;
	if (option != NULL)
		live.argv[live.argc++] = option;
	for (int i = 0; i < cli->argc; i++) {
		if (!is_since(cli->argv[i]))
			live.argv[live.argc++] = cli->argv[i];
		else if (strcmp(cli->argv[i], "--since") == 0)
			i++;
	}
	live.argv[live.argc] = NULL;
	return live;
}

static int look_back(const struct cli *cli)
{
	char name[64];

	(void)snprintf(name, sizeof name, "past%s", cli->word);
	return here_exec(cli, name);
}

/* The child: what is recorded up to the moment that is read from `mark`. */
static int look_back_until(const struct cli *cli, int mark)
{
	char moment[24];
	ssize_t n = read(mark, moment, sizeof moment - 1);

	if (n > 0) {
		moment[n] = '\0';
		(void)setenv("REEVE_UNTIL", moment, 1);
	}
	return look_back(cli);
}

/* The engine says since which moment it tells us, and the recording is read up to that, in a process of its
 * own, whose words come first: so nothing falls between the two and nothing is told twice. */
static int look_back_and_on(const struct cli *cli)
{
	struct cli live = without_since(cli, (char[]){"--mark"});
	int code, pipe_ends[2];

	if (fd_pipe(pipe_ends, 0) < 0 || (live.before = fork()) < 0) {
		fprintf(stderr, "reeve: events: %s\n", strerror(errno));
		return EX_OSERR;
	}
	if (live.before == 0) {
		fd_close(&pipe_ends[1]);
		_exit(look_back_until(cli, pipe_ends[0]));
	}
	fd_close(&pipe_ends[0]);
	live.mark = pipe_ends[1];
	code = live_run(&live);
	mem_free(&live.argv);
	return code;
}

int past_run(const struct cli *cli)
{
	struct cli live;
	int code;

	if (!has_since(cli))
		return live_run(cli);
	if (strcmp(cli->word, "events") == 0)
		return cli_has(cli, "--follow") ? look_back_and_on(cli) : look_back(cli);
	if (cli_has(cli, "--json"))
		return look_back(cli); /* one document */
	live = without_since(cli, NULL);
	code = live_run(&live);
	mem_free(&live.argv);
	return code == EX_USAGE ? code : look_back(cli);
}
