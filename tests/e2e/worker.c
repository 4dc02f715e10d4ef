/* e2e-worker: a worker that does what a test wants. It speaks the native contract by itself, without
 * libreeve, so that the two can disagree.
 *
 *   e2e-worker [OPTION...]
 *     --exit-early N        leave with status N before the first status message
 *     --crash-after K       die by SIGABRT when the K-th client has come
 *     --garbage-status      write 12 wrong bytes, 7 bytes and a stranger's status, then go on rightly
 *     --too-many            say that it can take 1000000 more clients than it may, then go on rightly
 *     --no-status           never say anything
 *     --ignore-sigint       stay when asked to go while idle
 *     --ignore-term         stay on SIGTERM
 *     --ignore-dead         stay when the dead pipe ends
 *     --print-environment   write the environment to stderr at the start
 *     --print-fds           write the open descriptors to stderr at the start
 *     --one-shot            send a greeting of 16 bytes to each client and close (for the bench)
 *     --greet               send "hello PID" to each client
 *     --hold                keep a client until it says `bye`; without it a client that has got one answer is
 * done
 *     --fat N               touch N MiB of memory at the start
 *     --pipes N             the first N descriptors from 7 on are no listeners (type anvil: 2)
 *
 * A client's lines: pid, echo TEXT, orphans N FILE, env, env NAME, fds, ids, cwd, status (clients, served),
 * log TEXT (to stderr), crash, exit N, garbage, told (how often SIGUSR1 has come, the offset of fd 4), read
 * FD (what is there now), write FD TEXT, warn TEXT and debug TEXT (log lines with a header), lines N (as
 * many, numbered), bye. Every answer ends with a line that holds a single dot. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATUS_FD    5
#define DEAD_FD      6
#define LISTENER_FD  7
#define CLIENTS_MOST 1000
#define LINE_MOST    256

extern char **environ;

struct client {
	int fd;
	size_t n;
	char line[LINE_MOST];
};

static struct {
	bool garbage, too_many, silent, ignore_int, ignore_term, ignore_dead, print_env, print_fds, greet,
		one_shot, hold;
	long exit_early, crash_after, fat, pipes;
} how = {.exit_early = -1};

static struct {
	struct client clients[CLIENTS_MOST];
	uint32_t n, limit, accepted, count, id, sent;
	int listeners, first;
	bool closing; /* takes no more clients */
	bool ever_sent;
} me;

static volatile sig_atomic_t asked; /* SIGINT has come */
static volatile sig_atomic_t told;  /* how often SIGUSR1 has */

static const struct {
	const char *name;
	bool *flag;
	long *number;
} options[] = {
	{"--garbage-status", &how.garbage, NULL},
	{"--too-many", &how.too_many, NULL},
	{"--no-status", &how.silent, NULL},
	{"--ignore-sigint", &how.ignore_int, NULL},
	{"--ignore-term", &how.ignore_term, NULL},
	{"--ignore-dead", &how.ignore_dead, NULL},
	{"--print-environment", &how.print_env, NULL},
	{"--print-fds", &how.print_fds, NULL},
	{"--greet", &how.greet, NULL},
	{"--one-shot", &how.one_shot, NULL},
	{"--hold", &how.hold, NULL},
	{"--exit-early", NULL, &how.exit_early},
	{"--crash-after", NULL, &how.crash_after},
	{"--fat", NULL, &how.fat},
	{"--pipes", NULL, &how.pipes},
};

static void leave(const char *why)
{
	(void)fprintf(stderr, "e2e-worker: %s\n", why);
	exit(64);
}

static void read_options(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		size_t k = 0, n = sizeof options / sizeof options[0];
		while (k < n && strcmp(options[k].name, argv[i]) != 0)
			k++;
		if (k == n)
			leave("unknown option");
		if (options[k].flag != NULL)
			*options[k].flag = true;
		else if (++i < argc)
			*options[k].number = strtol(argv[i], NULL, 10);
		else
			leave("an option lacks its number");
	}
}

static uint32_t number_of(const char *name, uint32_t fallback)
{
	const char *text = getenv(name);

	return text != NULL ? (uint32_t)strtoul(text, NULL, 10) : fallback;
}

/* --- status messages: {pid, id, available} in one write */

static void write_status(uint32_t id, uint32_t available)
{
	uint32_t message[3] = {(uint32_t)getpid(), id, available};

	if (write(STATUS_FD, message, sizeof message) < 0 && errno != EAGAIN)
		how.silent = true;
}

static void write_garbage(void)
{
	static const unsigned char bytes[12] = {
		0xff, 0xfe, 0xfd, 0xfc, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

	if (write(STATUS_FD, bytes, sizeof bytes) < 0 || write(STATUS_FD, bytes, 7) < 0)
		return;
	write_status(me.id + 1, 0);
}

static uint32_t available(void)
{
	uint32_t room = me.limit - me.n, left;

	if (me.closing)
		return 0;
	if (me.count == 0)
		return room;
	left = me.count - me.accepted;
	return left < room ? left : room;
}

static void report(void)
{
	uint32_t now = available();

	if (how.silent || (me.ever_sent && now == me.sent))
		return;
	write_status(me.id, now);
	me.ever_sent = true;
	me.sent = now;
}

/* --- answers */

static void answer(const struct client *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void answer(const struct client *c, const char *format, ...)
{
	char line[4096];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof line, format, args);
	va_end(args);
	if (n > (int)sizeof line - 1)
		n = (int)sizeof line - 1;
	(void)send(c->fd, line, (size_t)n, MSG_NOSIGNAL);
}

static void say_pid(struct client *c, const char *arg)
{
	(void)arg;
	answer(c, "%d\n", (int)getpid());
}

static void echo(struct client *c, const char *arg)
{
	answer(c, "%s\n", arg);
}

static void say_env(struct client *c, const char *arg)
{
	if (*arg != '\0') {
		const char *value = getenv(arg);
		answer(c, "%s\n", value != NULL ? value : "(unset)");
		return;
	}
	for (char **e = environ; *e != NULL; e++)
		answer(c, "%s\n", *e);
}

static void each_fd(void (*tell)(void *to, int fd, const char *is), void *to)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *entry;

	while (d != NULL && (entry = readdir(d)) != NULL) {
		char is[PATH_MAX];
		int fd = (int)strtol(entry->d_name, NULL, 10);
		ssize_t n = readlinkat(dirfd(d), entry->d_name, is, sizeof is - 1);
		if (n < 0 || fd == dirfd(d))
			continue;
		is[n] = '\0';
		tell(to, fd, is);
	}
	if (d != NULL)
		(void)closedir(d);
}

static void tell_client(void *to, int fd, const char *is)
{
	const struct client *c = to;

	for (uint32_t i = 0; i < me.n; i++)
		if (me.clients[i].fd == fd)
			return;
	answer(c, "%d %s\n", fd, is);
}

static void tell_log(void *to, int fd, const char *is)
{
	(void)to;
	(void)fprintf(stderr, "fd %d %s\n", fd, is);
}

static void say_fds(struct client *c, const char *arg)
{
	(void)arg;
	each_fd(tell_client, c);
}

static void say_ids(struct client *c, const char *arg)
{
	gid_t groups[64];
	int n = getgroups(64, groups);

	(void)arg;
	answer(c, "uid %d %d\ngid %d %d\n", (int)getuid(), (int)geteuid(), (int)getgid(), (int)getegid());
	for (int i = 0; i < n; i++)
		answer(c, "group %d\n", (int)groups[i]);
}

static void say_cwd(struct client *c, const char *arg)
{
	char path[PATH_MAX];

	(void)arg;
	answer(c, "%s\n", getcwd(path, sizeof path) != NULL ? path : "?");
}

static void say_status(struct client *c, const char *arg)
{
	(void)arg;
	answer(c, "clients %u\nserved %u\n", me.n, me.accepted - me.n);
}

static void write_log(struct client *c, const char *arg)
{
	(void)c;
	(void)fprintf(stderr, "%s\n", arg);
}

/* orphans N FILE: N children of a child of ours that dies; the last one makes the file. */
static void make_orphans(struct client *c, const char *arg)
{
	char *path;
	long n = strtol(arg, &path, 10);
	pid_t parent = fork();

	(void)c;
	if (parent > 0)
		(void)waitpid(parent, NULL, 0);
	if (parent != 0)
		return;
	for (long i = 0; i < n; i++)
		if (fork() == 0) {
			(void)poll(NULL, 0, (int)(i % 100));
			if (i == n - 1)
				(void)close(open(path + 1, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
			_exit(0);
		}
	_exit(0);
}

static void crash(struct client *c, const char *arg)
{
	(void)c;
	(void)arg;
	abort();
}

static void leave_now(struct client *c, const char *arg)
{
	(void)c;
	_exit((int)strtol(arg, NULL, 10));
}

static void garble(struct client *c, const char *arg)
{
	(void)c;
	(void)arg;
	write_garbage();
}

static void say_told(struct client *c, const char *arg)
{
	(void)arg;
	answer(c, "signals %d\noffset %lld\n", (int)told, (long long)lseek(4, 0, SEEK_CUR));
}

static void read_fd(struct client *c, const char *arg)
{
	char bytes[2048];
	struct pollfd one = {.fd = (int)strtol(arg, NULL, 10), .events = POLLIN};
	ssize_t n = poll(&one, 1, 0) == 1 ? read(one.fd, bytes, sizeof bytes) : 0;

	answer(c, "%.*s", n > 0 ? (int)n : 0, bytes);
	if (n > 0 && bytes[n - 1] != '\n')
		answer(c, "\n");
}

static void write_fd(struct client *c, const char *arg)
{
	char *text;
	int fd = (int)strtol(arg, &text, 10);

	if (dprintf(fd, "%s\n", *text == ' ' ? text + 1 : text) < 0)
		answer(c, "%s\n", strerror(errno));
}

static void log_line(int level, const char *text)
{
	char line[512];
	int n = snprintf(line, sizeof line, "\001%c%d %s\n", level, (int)getpid(), text);

	while (write(STDERR_FILENO, line, (size_t)n) < 0 && (errno == EAGAIN || errno == EINTR))
		(void)poll(&(struct pollfd){.fd = STDERR_FILENO, .events = POLLOUT}, 1, -1);
}

static void warn(struct client *c, const char *arg)
{
	(void)c;
	log_line(3, arg);
}

static void debug(struct client *c, const char *arg)
{
	(void)c;
	log_line(1, arg);
}

static void write_lines(struct client *c, const char *arg)
{
	char text[80];

	(void)c;
	for (long i = 1, n = strtol(arg, NULL, 10); i <= n; i++) {
		(void)snprintf(text, sizeof text, "line %ld of a flood that must come out whole", i);
		log_line(3, text);
	}
}

static void nothing(struct client *c, const char *arg)
{
	(void)c;
	(void)arg;
}

static const struct {
	const char *word;
	void (*answer)(struct client *c, const char *arg);
} words[] = {
	{"pid", say_pid},
	{"echo", echo},
	{"env", say_env},
	{"fds", say_fds},
	{"ids", say_ids},
	{"cwd", say_cwd},
	{"status", say_status},
	{"log", write_log},
	{"orphans", make_orphans},
	{"crash", crash},
	{"exit", leave_now},
	{"garbage", garble},
	{"told", say_told},
	{"read", read_fd},
	{"write", write_fd},
	{"warn", warn},
	{"debug", debug},
	{"lines", write_lines},
	{"bye", nothing},
};

/* Answers one line. Returns whether the client stays. */
static bool obey(struct client *c, char *line)
{
	char *arg = strchrnul(line, ' ');

	if (*arg != '\0')
		*arg++ = '\0';
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(words[i].word, line) == 0) {
			words[i].answer(c, arg);
			answer(c, ".\n");
			return how.hold && strcmp(line, "bye") != 0;
		}
	answer(c, "unknown word '%s'\n.\n", line);
	return how.hold;
}

/* --- clients */

static void drop(struct client *c)
{
	(void)close(c->fd);
	*c = me.clients[--me.n];
	report();
	if (me.count > 0 && me.accepted >= me.count && me.n == 0)
		exit(0);
}

static bool hear(struct client *c)
{
	ssize_t got = read(c->fd, c->line + c->n, LINE_MOST - 1 - c->n);
	char *end;

	if (got <= 0)
		return false;
	c->n += (size_t)got;
	c->line[c->n] = '\0';
	while ((end = strchr(c->line, '\n')) != NULL) {
		*end = '\0';
		if (!obey(c, c->line))
			return false;
		c->n -= (size_t)(end + 1 - c->line);
		memmove(c->line, end + 1, c->n + 1);
	}
	return c->n < LINE_MOST - 1;
}

static void take(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	struct client *c = &me.clients[me.n];

	if (fd < 0)
		return; /* a sibling was faster */
	me.accepted++;
	if (how.crash_after > 0 && me.accepted >= (uint32_t)how.crash_after)
		abort();
	me.n++;
	*c = (struct client){.fd = fd};
	report();
	if (how.one_shot) {
		answer(c, "reeve greeting\r\n");
		drop(c);
	} else if (how.greet) {
		answer(c, "hello %d\n", (int)getpid());
	}
}

/* --- life */

static void on_sigint(int sig)
{
	(void)sig;
	asked = 1;
}

static void on_sigusr1(int sig)
{
	(void)sig;
	told++;
}

static void stop_taking(void)
{
	me.closing = true;
	report();
	for (int i = 0; i < me.listeners; i++)
		(void)close(me.first + i);
	me.listeners = 0;
}

static nfds_t gather(struct pollfd *set)
{
	nfds_t n = 0;

	set[n++] = (struct pollfd){how.ignore_dead || me.closing ? -1 : DEAD_FD, 0, 0};
	for (uint32_t i = 0; i < me.n; i++)
		set[n++] = (struct pollfd){me.clients[i].fd, POLLIN, 0};
	for (int i = 0; i < me.listeners && available() > 0; i++)
		set[n++] = (struct pollfd){me.first + i, POLLIN, 0};
	return n;
}

/* Clients first, from the last on, because `drop` moves the last one into the gap. */
static void handle(const struct pollfd *set, nfds_t n)
{
	uint32_t clients = me.n;

	for (uint32_t i = clients; i > 0; i--)
		if (set[i].revents != 0 && !hear(&me.clients[i - 1]))
			drop(&me.clients[i - 1]);
	for (nfds_t i = clients + 1; i < n && available() > 0; i++)
		if (set[i].revents != 0)
			take(set[i].fd);
	if (set[0].revents != 0)
		stop_taking();
}

static void live(void)
{
	static struct pollfd set[CLIENTS_MOST + 64];
	sigset_t none, ints;

	(void)sigemptyset(&none);
	(void)sigemptyset(&ints);
	(void)sigaddset(&ints, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &ints, NULL); /* it comes inside ppoll only */
	for (;;) {
		nfds_t n = gather(set);
		int ready;
		if (me.closing && me.n == 0)
			exit(0);
		ready = ppoll(set, n, NULL, &none);
		if (ready > 0)
			handle(set, n);
		if (asked && !how.ignore_int && me.n == 0 && me.ever_sent) {
			me.closing = true;
			report();
			exit(0);
		}
		asked = 0;
	}
}

static void prepare(void)
{
	struct stat is;

	if (getenv("GENERATION") == NULL || fstat(STATUS_FD, &is) < 0 || !S_ISFIFO(is.st_mode))
		leave("must be started by Reeve (fd 5 is no pipe, or GENERATION is not set)");
	me.id = number_of("GENERATION", 0);
	me.limit = number_of("CLIENT_LIMIT", 1);
	if (me.limit > CLIENTS_MOST)
		me.limit = CLIENTS_MOST;
	me.count = number_of("SERVICE_COUNT", 0);
	me.listeners = (int)number_of("SOCKET_COUNT", 0) - (int)how.pipes;
	me.first = LISTENER_FD + (int)how.pipes;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigaction(SIGINT, &(struct sigaction){.sa_handler = on_sigint}, NULL);
	(void)sigaction(
		SIGUSR1, &(struct sigaction){.sa_handler = on_sigusr1}, NULL); /* it is told something */
	if (how.ignore_term)
		(void)signal(SIGTERM, SIG_IGN);
	for (int i = 0; i < me.listeners; i++)
		(void)fcntl(me.first + i, F_SETFL, fcntl(me.first + i, F_GETFL) | O_NONBLOCK);
}

static void grow_fat(void)
{
	static char *volatile much; /* seen from outside: the compiler must really touch it */

	if (how.fat <= 0)
		return;
	much = malloc((size_t)how.fat << 20);
	if (much == NULL)
		leave("no memory to be fat");
	memset(much, 1, (size_t)how.fat << 20);
}

int main(int argc, char **argv)
{
	read_options(argc, argv);
	if (how.print_env)
		for (char **e = environ; *e != NULL; e++)
			(void)fprintf(stderr, "env %s\n", *e);
	if (how.print_fds)
		each_fd(tell_log, NULL);
	if (how.exit_early >= 0)
		return (int)how.exit_early;
	prepare();
	grow_fat();
	if (how.garbage)
		write_garbage();
	if (how.too_many)
		write_status(me.id, me.limit + 1000000);
	report();
	live();
}
