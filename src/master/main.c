/* main: reeved's command line. What is wrong here ends the program before anything was done. */
#include "base/fd.h"
#include "base/mem.h"
#include "base/say.h"
#include "base/tail.h"
#include "master/master.h"
#include "master/spawn.h"
#include "master/upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define STATE_BYTES (2 * 1024 * 1024)

static const char usage[] = "usage: reeved --config FILE [--base-dir DIR] [--daemon FD]\n"
			    "Started by `reeve run`; see reeved(8).\n";

/* The fd numbers 0 to 2 belong to everybody: they are open before anything else is. */
static void fill_standard_fds(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	fd_close(&fd);
}

/* reeve-engine stands beside this program. */
static char *engine_beside_us(void)
{
	char self[PATH_MAX], path[PATH_MAX + 16];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	char *slash;

	if (n < 0)
		die(EX_OSERR, "/proc/self/exe: %s", strerror(errno));
	self[n] = '\0';
	slash = strrchr(self, '/');
	*slash = '\0';
	(void)snprintf(path, sizeof path, "%s/reeve-engine", self);
	if (access(path, X_OK) < 0)
		die(EX_UNAVAILABLE, "%s: %s; build or install it beside reeved", path, strerror(errno));
	return mem_text(path);
}

/* The policies' memory: the engine writes it, we only hold it. Its size is sealed, so that nobody
 * can shrink it under the next engine. */
static int make_state(void)
{
	int fd = memfd_create("reeve-state", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, STATE_BYTES) < 0 ||
		fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		die(EX_OSERR, "no memory for the policies' state: %s", strerror(errno));
	return fd;
}

/* The path as it was given to exec, so that a link in it leads to what is installed by then; else the file's.
 */
static char *program_path(void)
{
	const char *given = (const char *)getauxval(AT_EXECFN); // NOLINT: that is how it is given
	char self[PATH_MAX];
	ssize_t n;

	if (given != NULL && given[0] == '/')
		return mem_text(given);
	n = readlink("/proc/self/exe", self, sizeof self - 1);
	self[n > 0 ? n : 0] = '\0';
	return mem_text(self);
}

static char *absolute(const char *path)
{
	char *real = realpath(path, NULL);

	if (real == NULL)
		die(EX_NOINPUT, "config %s: %s", path, strerror(errno));
	return real;
}

static int number(const char *option, const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (n <= STDERR_FILENO || n > INT_MAX || *end != '\0' || fcntl((int)n, F_SETFD, FD_CLOEXEC) < 0)
		die(EX_USAGE, "%s %s: no descriptor; see reeved(8)", option, text);
	return (int)n;
}

/* The descriptor that `reeve run --daemon` waits at. */
static void take_ready(struct master *m, const char *text)
{
	m->is_daemon = true;
	m->ready = number("--daemon", text);
}

static void read_options(struct master *m, int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"base-dir", required_argument, NULL, 'b'},
		{"daemon", required_argument, NULL, 'd'},
		{"state", required_argument, NULL, 's'},
		{"check-state", required_argument, NULL, 'C'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:b:d:V", options, NULL)) != -1)
		switch (c) {
		case 'c':
			m->config_path = optarg;
			break;
		case 'b':
			m->base_dir_override = optarg;
			break;
		case 'd':
			take_ready(m, optarg);
			break;
		case 's':
			m->handed = number("--state", optarg);
			break;
		case 'C':
			m->engine_program = engine_beside_us();
			exit(trial_check(m, number("--check-state", optarg)));
		case 'V':
			puts("reeved " REEVE_VERSION);
			exit(0);
		default:
			fputs(usage, stderr);
			exit(EX_USAGE);
		}
	if (m->config_path == NULL || optind < argc) {
		fputs(usage, stderr);
		exit(EX_USAGE);
	}
	if (m->handed < 0) /* a master that goes on asks the disk for nothing */
		m->config_path = absolute(m->config_path);
	if (m->base_dir_override != NULL && m->base_dir_override[0] != '/')
		die(EX_USAGE, "--base-dir %s: write an absolute path", m->base_dir_override);
}

int main(int argc, char **argv)
{
	struct master m = {.is_root = geteuid() == 0, .handed = -1, .ready = -1};
	struct rlimit files;

	say_as("reeved");
	fill_standard_fds();
	manager_init(&m.manager);
	m.program = program_path();
	read_options(&m, argc, argv);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0)
		m.open_files = files.rlim_cur;
	m.engine_program = engine_beside_us();
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || spawn_prepare() < 0)
		die(EX_OSERR, "start: %s", strerror(errno));
	(void)umask(0022);
	m.state = m.handed < 0 ? make_state() : -1;
	m.tail = m.handed < 0 ? tail_new() : -1;
	return master_run(&m);
}
