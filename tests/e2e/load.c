/* load: clients that notice everything. Some stay and number their lines, others come for one answer and
 * go, on every address at once; the server is e2e-worker --hold, whose `echo N` answers "N\n.\n".
 *
 *   load [--stay 200] [--rate 100] [--pause 50] [--seconds 600] ADDRESS...
 *     --stay N      clients that stay, spread over the addresses
 *     --rate N      short connections a second
 *     --pause MS    most time between two lines of a client that stays; the least is 2/5 of it
 *     --seconds N   ends by itself after that; SIGTERM ends it before
 *     ADDRESS       4:PORT (127.0.0.1), 6:PORT (::1), or the path of a unix socket
 *
 * Prints "ready" when every client that stays has had an answer, and one line of JSON at the end:
 * what was refused (connect), reset (the server ended a connection that had done no wrong), missing (no
 * answer within 30 s after the end), duplicated, reordered, and the longest wait for an answer. Exit 64:
 * wrong use. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define ADDRESSES_MOST 8
#define CLIENTS_MOST   4096
#define LATE_MS        30000
#define ON_THE_WAY     256 /* lines of one client without an answer: then it waits */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un path;
};

struct client {
	int fd; /* -1: this place is free */
	bool stays, connected;
	uint64_t sent, answered;    /* numbers: lines are answered in the order 1, 2, 3 */
	uint64_t asked[ON_THE_WAY]; /* when line n was sent, at n % ON_THE_WAY */
	uint64_t next;              /* line, ms */
	size_t n;
	char text[64];
};

static struct {
	long stay, rate, pause, seconds;
	union address to[ADDRESSES_MOST];
	socklen_t to_len[ADDRESSES_MOST];
	size_t to_n;
} how = {.stay = 200, .rate = 100, .pause = 50, .seconds = 600};

static struct {
	uint64_t connections, lines, answers, refused, reset, missing, duplicated, reordered, garbled,
		longest_ms;
} seen;

static struct client clients[CLIENTS_MOST];
static int loop;
static uint32_t dice = 2463534242U; /* the same run each time */
static volatile sig_atomic_t told_to_end;

static uint64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static uint64_t roll(uint64_t sides)
{
	dice ^= dice << 13;
	dice ^= dice >> 17;
	dice ^= dice << 5;
	return sides > 0 ? dice % sides : 0;
}

static void leave(const char *why)
{
	(void)fprintf(stderr, "load: %s\n", why);
	exit(64);
}

/* ---- one client */

static void end(struct client *c)
{
	(void)close(c->fd);
	c->fd = -1;
}

static void schedule(struct client *c, uint64_t now)
{
	uint64_t most = (uint64_t)how.pause, least = most * 2 / 5;

	c->next = now + least + roll(most - least + 1);
}

/* The server did what it may not. Answers that were on their way are missing. */
static void broken(struct client *c, uint64_t *count)
{
	(*count)++;
	seen.missing += c->sent - c->answered;
	end(c);
}

static void ask(struct client *c, uint64_t now)
{
	char line[32];
	int n;

	if (c->sent - c->answered >= ON_THE_WAY)
		return;
	c->sent++;
	c->asked[c->sent % ON_THE_WAY] = now;
	n = snprintf(line, sizeof line, "echo %" PRIu64 "\n", c->sent);
	seen.lines++;
	if (send(c->fd, line, (size_t)n, MSG_NOSIGNAL) != n)
		broken(c, &seen.reset);
}

static void begin(struct client *c, bool stays, uint64_t now)
{
	static size_t turn;
	size_t at = turn++ % how.to_n;
	const union address *to = &how.to[at];
	struct epoll_event e = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};
	int one = 1;

	*c = (struct client){.stays = stays, .fd = -1};
	seen.connections++;
	c->fd = socket(to->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		leave("no socket");
	if (to->any.sa_family != AF_UNIX)
		(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (connect(c->fd, &to->any, how.to_len[at]) < 0 && errno != EINPROGRESS) {
		seen.refused++;
		end(c);
		return;
	}
	(void)epoll_ctl(loop, EPOLL_CTL_ADD, c->fd, &e);
	schedule(c, now);
}

static void connected(struct client *c, uint64_t now)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
	int error = 0;
	socklen_t len = sizeof error;

	(void)getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error != 0) {
		seen.refused++;
		end(c);
		return;
	}
	c->connected = true;
	(void)epoll_ctl(loop, EPOLL_CTL_MOD, c->fd, &e);
	ask(c, now);
}

/* One line of an answer: a number, or the dot that ends it. */
static void compare(struct client *c, const char *line, uint64_t now)
{
	char *rest;
	uint64_t number, waited;

	if (strcmp(line, ".") == 0)
		return;
	number = strtoull(line, &rest, 10);
	if (*rest != '\0' || rest == line) {
		seen.garbled++;
		return;
	}
	if (number != c->answered + 1) {
		if (number <= c->answered)
			seen.duplicated++;
		else
			seen.reordered++;
		return;
	}
	c->answered = number;
	seen.answers++;
	waited = now - c->asked[number % ON_THE_WAY];
	if (waited > seen.longest_ms)
		seen.longest_ms = waited;
}

static void hear(struct client *c, uint64_t now)
{
	ssize_t n = recv(c->fd, c->text + c->n, sizeof c->text - 1 - c->n, 0);
	char *newline;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		broken(c, &seen.reset);
		return;
	}
	c->n += (size_t)n;
	c->text[c->n] = '\0';
	while ((newline = strchr(c->text, '\n')) != NULL) {
		*newline = '\0';
		compare(c, c->text, now);
		c->n -= (size_t)(newline + 1 - c->text);
		memmove(c->text, newline + 1, c->n + 1);
	}
	if (c->n == sizeof c->text - 1) {
		seen.garbled++;
		c->n = 0;
	}
	if (!c->stays && c->answered == 1)
		end(c);
}

/* ---- all of them */

static struct client *free_place(void)
{
	for (size_t i = (size_t)how.stay; i < CLIENTS_MOST; i++)
		if (clients[i].fd < 0)
			return &clients[i];
	return NULL;
}

/* Clients that stay come back when they were thrown out, so that the load stays what it is. */
static void speak(uint64_t now)
{
	for (long i = 0; i < how.stay; i++) {
		struct client *c = &clients[i];
		if (c->fd < 0 && c->next <= now)
			begin(c, true, now);
		else if (c->connected && c->fd >= 0 && c->next <= now) {
			ask(c, now);
			schedule(c, now);
		}
	}
}

static void come(uint64_t start, uint64_t now, uint64_t *come_n)
{
	uint64_t due = (now - start) * (uint64_t)how.rate / 1000;

	for (int i = 0; *come_n < due && i < 100; i++, (*come_n)++) {
		struct client *c = free_place();
		if (c != NULL)
			begin(c, false, now);
	}
}

static void listen_to_all(int wait_ms)
{
	struct epoll_event events[256];
	int n = epoll_wait(loop, events, 256, wait_ms);
	uint64_t now = now_ms();

	for (int i = 0; i < n; i++) {
		struct client *c = events[i].data.ptr;
		if (c->fd >= 0 && !c->connected)
			connected(c, now);
		else if (c->fd >= 0)
			hear(c, now);
	}
}

static bool everybody_was_answered(void)
{
	for (long i = 0; i < how.stay; i++)
		if (clients[i].answered == 0)
			return false;
	return true;
}

static bool is_quiet(void)
{
	for (size_t i = 0; i < CLIENTS_MOST; i++)
		if (clients[i].fd >= 0 && (clients[i].answered < clients[i].sent || !clients[i].connected))
			return false;
	return true;
}

static void run(void)
{
	uint64_t start = now_ms(), now = start, come_n = 0, over = start + (uint64_t)how.seconds * 1000;
	bool told = false;

	while (!told_to_end && (now = now_ms()) < over) {
		speak(now);
		come(start, now, &come_n);
		listen_to_all(2);
		if (!told && everybody_was_answered()) {
			told = true;
			puts("ready");
			(void)fflush(stdout);
		}
	}
	for (over = now_ms() + LATE_MS; now_ms() < over && !is_quiet();)
		listen_to_all(10);
	for (size_t i = 0; i < CLIENTS_MOST; i++)
		if (clients[i].fd >= 0)
			seen.missing += clients[i].connected ? clients[i].sent - clients[i].answered : 1;
}

/* ---- start and end */

static void read_address(const char *word)
{
	size_t i = how.to_n++;
	union address *a = &how.to[i];

	if (i >= ADDRESSES_MOST)
		leave("too many addresses");
	if (strncmp(word, "4:", 2) == 0) {
		a->v4 = (struct sockaddr_in){.sin_family = AF_INET,
			.sin_port = htons((uint16_t)strtol(word + 2, NULL, 10)),
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		how.to_len[i] = sizeof a->v4;
	} else if (strncmp(word, "6:", 2) == 0) {
		a->v6 = (struct sockaddr_in6){.sin6_family = AF_INET6,
			.sin6_port = htons((uint16_t)strtol(word + 2, NULL, 10)),
			.sin6_addr = IN6ADDR_LOOPBACK_INIT};
		how.to_len[i] = sizeof a->v6;
	} else {
		a->path.sun_family = AF_UNIX;
		if (strlen(word) >= sizeof a->path.sun_path)
			leave("the path of a socket is too long");
		(void)strcpy(a->path.sun_path, word);
		how.to_len[i] = sizeof a->path;
	}
}

static void read_words(int argc, char **argv)
{
	static const struct {
		const char *name;
		long *number;
	} options[] = {{"--stay", &how.stay}, {"--rate", &how.rate}, {"--pause", &how.pause},
		{"--seconds", &how.seconds}};

	for (int i = 1; i < argc; i++) {
		size_t k = 0, n = sizeof options / sizeof options[0];
		while (k < n && strcmp(options[k].name, argv[i]) != 0)
			k++;
		if (k == n)
			read_address(argv[i]);
		else if (++i < argc)
			*options[k].number = strtol(argv[i], NULL, 10);
		else
			leave("an option lacks its number");
	}
	if (how.to_n == 0 || how.stay < 0 || how.stay > CLIENTS_MOST / 2 || how.rate < 0 || how.pause < 1)
		leave("usage: load [--stay N] [--rate N] [--pause MS] [--seconds N] ADDRESS...");
}

static void on_term(int sig)
{
	(void)sig;
	told_to_end = 1;
}

int main(int argc, char **argv)
{
	read_words(argc, argv);
	(void)signal(SIGTERM, on_term);
	loop = epoll_create1(EPOLL_CLOEXEC);
	for (size_t i = 0; i < CLIENTS_MOST; i++)
		clients[i].fd = -1;
	run();
	printf("{\"connections\":%" PRIu64 ",\"lines\":%" PRIu64 ",\"answers\":%" PRIu64
	       ",\"refused\":%" PRIu64 ",\"reset\":%" PRIu64 ",\"missing\":%" PRIu64
	       ",\"duplicated\":%" PRIu64 ",\"reordered\":%" PRIu64 ",\"garbled\":%" PRIu64
	       ",\"longest_ms\":%" PRIu64 "}\n",
		seen.connections, seen.lines, seen.answers, seen.refused, seen.reset, seen.missing,
		seen.duplicated, seen.reordered, seen.garbled, seen.longest_ms);
	return 0;
}
