/* run: `reeve run` becomes reeved, or starts it as a daemon. Exit 66 when there is no config to start with.
 */
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/program.h"
#include "cli/verbs.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

static int no_config(const struct cli *cli)
{
	int why = errno;

	fprintf(stderr, "reeve: config %s: %s%s\n", cli->config, strerror(why),
		cli->config_given ? "" : "; name another with -c FILE");
	return EX_NOINPUT;
}

/* The directory may not exist yet, so realpath cannot be asked. To be freed. */
static char *absolute(const char *path)
{
	char cwd[PATH_MAX], *whole;

	if (path[0] == '/' || getcwd(cwd, sizeof cwd) == NULL)
		return mem_text(path);
	return asprintf(&whole, "%s/%s", cwd, path) > 0 ? whole : mem_text(path);
}

static int fail(const char *what)
{
	fprintf(stderr, "reeve: %s: %s\n", what, strerror(errno));
	return EX_OSERR;
}

/* A session of its own, no directory kept busy. `ready` is written to when the instance runs. */
static _Noreturn void become_daemon(const char **argv, int n, int ready)
{
	char number[12];

	(void)snprintf(number, sizeof number, "%d", ready);
	argv[n++] = "--daemon";
	argv[n] = number;
	if (setsid() < 0 || chdir("/") < 0)
		_exit(fail("cannot become a daemon"));
	_exit(program_exec("reeved", argv));
}

/* It has ended before it was ready, and has said why. */
static int ended(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) < 0)
		return fail("waiting for reeved");
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	fprintf(stderr, "reeve: reeved was killed by signal %d before it was ready\n", WTERMSIG(status));
	return EX_SOFTWARE;
}

/* Returns when the instance runs, or has ended. */
static int run_daemon(const char **argv, int n)
{
	int ready[2];
	char byte;
	pid_t pid;
	ssize_t got;

	if (pipe(ready) < 0)
		return fail("pipe");
	pid = fork();
	if (pid < 0)
		return fail("fork");
	if (pid == 0) {
		(void)close(ready[0]);
		become_daemon(argv, n, ready[1]);
	}
	(void)close(ready[1]);
	do {
		got = read(ready[0], &byte, 1);
	} while (got < 0 && errno == EINTR);
	(void)close(ready[0]);
	if (got != 1)
		return ended(pid);
	printf("reeved runs (pid %d)\n", (int)pid);
	return EX_OK;
}

int verb_run(const struct cli *cli)
{
	char config[PATH_MAX], *base_dir;
	const char *argv[10] = {"reeved", "--config", config};
	bool daemon = cli_has(cli, "--daemon");
	int n = 3, code;

	if (cli->argc > (daemon ? 1 : 0))
		return verb_misused(
			"run", cli->argv[daemon && strcmp(cli->argv[0], "--daemon") == 0 ? 1 : 0]);
	if (realpath(cli->config, config) == NULL || access(config, R_OK) < 0)
		return no_config(cli);
	base_dir = absolute(cli->base_dir);
	if (cli->base_dir_given) {
		argv[n++] = "--base-dir";
		argv[n++] = base_dir;
	}
	code = daemon ? run_daemon(argv, n) : program_exec("reeved", argv);
	free(base_dir);
	return code;
}
