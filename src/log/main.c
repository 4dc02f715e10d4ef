/* reeve-log: reads log pipes, writes logs; the contract is in log.h. Dies at start with a sentence when what
 * it was given is not to be used; later it only ends when it is told to or nobody can write any more. */
#include "base/fd.h"
#include "base/say.h"
#include "log/log.h"
#include "log/output.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define STATUS_FD     5
#define EXIT_USAGE    64
#define EXIT_CONFIG   78
#define EXIT_NO_OPEN  80
#define EXIT_NO_WRITE 81

static void on_stop(int sig, short what, void *arg)
{
	(void)sig, (void)what;
	log_stop(arg);
}

static void on_reopen(int sig, short what, void *arg)
{
	(void)sig, (void)what;
	output_reopen(arg);
}

static const struct {
	int sig;
	event_callback_fn
		run; /* NULL: ignored. ^C and a lost terminal are the whole group's, and we go last */
} signals[] = {
	{SIGTERM, on_stop},
	{SIGUSR1, on_reopen},
	{SIGINT, NULL},
	{SIGHUP, NULL},
	{SIGPIPE, NULL},
};

#define SIGNALS (sizeof signals / sizeof *signals)

static void listen_to_signals(struct event_base *loop, struct log *log, struct event **evs)
{
	for (size_t i = 0; i < SIGNALS; i++) {
		if (signals[i].run == NULL) {
			(void)signal(signals[i].sig, SIG_IGN);
			continue;
		}
		evs[i] = evsignal_new(loop, signals[i].sig, signals[i].run, log);
		if (evs[i] == NULL || event_add(evs[i], NULL) < 0)
			die(71, "cannot listen to signal %d", signals[i].sig);
	}
}

/* Contract dovecot: whoever started us left the dropping to us. The files are open. */
static void drop_privileges(const struct settings *set)
{
	gid_t gid = set->gid >= 0 ? (gid_t)set->gid : getgid();

	if (set->uid > 0 && getuid() == 0 &&
		(setgroups(1, &gid) < 0 || setgid(gid) < 0 || setuid((uid_t)set->uid) < 0 || setuid(0) == 0))
		die(EXIT_CONFIG, "cannot become uid %" PRId64 ": %s", set->uid, strerror(errno));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		die(71, "no_new_privs: %s", strerror(errno));
}

static void report_ready(const struct settings *set)
{
	const uint32_t status[3] = {(uint32_t)getpid(), set->generation, set->available};

	if (set->reports && write(STATUS_FD, status, sizeof status) < 0 && errno != EPIPE)
		say(SAY_WARNING, "cannot say on descriptor %d that we are ready: %s", STATUS_FD,
			strerror(errno));
}

/* Of a daemon: whoever started it is not to wait for our end. */
static void detach(void)
{
	int null = getenv("LOG_DETACH") != NULL ? open("/dev/null", O_RDWR | O_CLOEXEC) : -1;

	if (null >= 0)
		(void)dup2(null, STDERR_FILENO);
	fd_close(&null);
}

static struct event_base *new_loop(void)
{
	struct event_config *config = event_config_new();
	struct event_base *loop = NULL;

	if (config != NULL && event_config_require_features(config, EV_FEATURE_ET) == 0)
		loop = event_base_new_with_config(config);
	if (config != NULL)
		event_config_free(config);
	if (loop == NULL)
		die(71, "cannot use epoll: %s", strerror(errno));
	return loop;
}

static int run(struct log *log)
{
	struct event *evs[SIGNALS] = {NULL};
	struct event_base *loop = new_loop();
	struct err e = {""};
	uint64_t left;
	int code;

	listen_to_signals(loop, log, evs);
	if (log_open(log, loop, &code, &e) < 0) {
		if (code == EXIT_NO_OPEN && getenv("LOG_NAMES") != NULL)
			exit(code); /* reeved will open them for us, or say why not */
		die(code, "log: %s", e.text);
	}
	drop_privileges(&log->settings);
	detach();
	report_ready(&log->settings);
	(void)event_base_dispatch(loop);
	left = output_finish(log);
	if (left > 0)
		say(SAY_ERROR, "%" PRIu64 " lines could not be written before the end", left);
	log_close(log);
	for (size_t i = 0; i < SIGNALS; i++)
		if (evs[i] != NULL)
			event_free(evs[i]);
	event_base_free(loop);
	return left > 0 ? EXIT_NO_WRITE : 0;
}

int main(int argc, char **argv)
{
	static struct log log;
	struct err e = {""};

	say_as("reeve-log");
	if (argc > 1 && strcmp(argv[1], "--version") == 0)
		return puts("reeve-log " REEVE_VERSION) < 0;
	if (argc > 1)
		die(EXIT_USAGE, "log: '%s': there are no arguments; see reeve-log(8)", argv[1]);
	if (settings_read(&log.settings, &e) < 0)
		die(EXIT_CONFIG, "log: %s", e.text);
	return run(&log);
}
