/* against: a verb that the engine answers, and that with -c FILE sets a file against the running instance.
 * What is in force comes from the engine, and `reeve-engine here <verb>file` reads it on its standard input:
 * so the file is read with the rights of the caller, and nobody can make root read one. */
#include "base/fd.h"
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

static int fail(const char *verb)
{
	fprintf(stderr, "reeve: %s: %s\n", verb, strerror(errno));
	return EX_OSERR;
}

/* Asks the engine; what it says goes to `file` and not to our standard output. */
static int ask(const struct cli *cli, int file)
{
	struct cli live = *cli;
	int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3), code;

	live.argv = (char *[]){(char[]){"--basis"}, NULL};
	live.argc = 1;
	if (out < 0 || dup2(file, STDOUT_FILENO) < 0)
		return fail(cli->word);
	code = live_run(&live);
	if (dup2(out, STDOUT_FILENO) < 0)
		code = fail(cli->word);
	fd_close(&out);
	return code;
}

int file_run(const struct cli *cli)
{
	char name[64];
	int file, code;

	if (!cli->config_given)
		return live_run(cli);
	file = memfd_create("reeve-basis", MFD_CLOEXEC);
	if (file < 0)
		return fail(cli->word);
	code = ask(cli, file);
	if (code != EX_OK)
		return code;
	if (lseek(file, 0, SEEK_SET) < 0 || dup2(file, STDIN_FILENO) < 0)
		return fail(cli->word);
	(void)snprintf(name, sizeof name, "%sfile", cli->word);
	return here_exec(cli, name);
}
