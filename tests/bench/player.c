/* player: plays clients of a trace in real time. Each line of the standard input is "AT STAY" in
 * microseconds, in the order of AT; at that time after the start a client connects to PORT of loopback, says
 * "STAY\n", and waits for one byte (a process has taken him) and for the end. Prints at the end
 *
 *   clients p50-us p99-us p999-us late-us errors
 *
 * The wait of a client runs from connect() to the byte. late: by how much the latest connect() missed its
 * time: what the machine under us was too slow for.
 *
 *   player PORT <TRACE */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LATE_MOST_US 60000000 /* after the last one came */

struct client {
	int64_t at, stay, began;
	int fd;
	bool taken;
};

static struct {
	struct client *clients;
	size_t n, room, next, under_way;
	uint32_t *waits;
	size_t waits_n;
	uint64_t errors;
	int64_t start, late;
	int poll;
	struct sockaddr_in to;
} player;

static int64_t now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static _Noreturn void fail(const char *what)
{
	(void)fprintf(stderr, "player: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static void read_trace(void)
{
	long long at, stay;

	while (scanf("%lld %lld", &at, &stay) == 2) {
		if (player.n == player.room) {
			player.room = player.room > 0 ? 2 * player.room : 1024;
			player.clients = realloc(player.clients, player.room * sizeof *player.clients);
			if (player.clients == NULL)
				fail("memory");
		}
		player.clients[player.n++] = (struct client){.at = at, .stay = stay, .fd = -1};
	}
	player.waits = calloc(player.n + 1, sizeof *player.waits);
	if (player.n == 0 || player.waits == NULL)
		fail("a trace on the standard input");
}

static void end(struct client *c, bool good)
{
	(void)close(c->fd);
	c->fd = -1;
	player.under_way--;
	if (!good || !c->taken)
		player.errors++;
}

static void begin(struct client *c)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
	char text[32];
	int n = snprintf(text, sizeof text, "%lld\n", (long long)c->stay);

	c->began = now_us();
	if (c->began - player.start - c->at > player.late)
		player.late = c->began - player.start - c->at;
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		fail("socket");
	player.under_way++;
	/* of loopback: connect() ends at once, unless the queue is full */
	if (connect(c->fd, (struct sockaddr *)&player.to, sizeof player.to) < 0 ||
		send(c->fd, text, (size_t)n, MSG_NOSIGNAL) != n ||
		epoll_ctl(player.poll, EPOLL_CTL_ADD, c->fd, &ev) < 0)
		end(c, false);
}

static void hear(struct client *c)
{
	char byte;
	ssize_t got = recv(c->fd, &byte, 1, MSG_DONTWAIT);

	if (got == 1 && !c->taken) {
		c->taken = true;
		player.waits[player.waits_n++] = (uint32_t)(now_us() - c->began);
	} else if (got == 0 || (got < 0 && errno != EAGAIN)) {
		end(c, got == 0);
	}
}

static int until_next(void)
{
	int64_t left = 1000000;

	if (player.next < player.n)
		left = player.start + player.clients[player.next].at - now_us();
	return left > 0 ? (int)(left / 1000) : 0;
}

static void play(void)
{
	struct epoll_event ev[64];
	int64_t last = player.clients[player.n - 1].at + LATE_MOST_US;

	player.start = now_us();
	while ((player.next < player.n || player.under_way > 0) && now_us() - player.start < last) {
		int n = epoll_wait(player.poll, ev, 64, until_next());
		for (int i = 0; i < n; i++)
			hear(ev[i].data.ptr);
		while (player.next < player.n && now_us() >= player.start + player.clients[player.next].at)
			begin(&player.clients[player.next++]);
	}
	player.errors += player.under_way + (player.n - player.next);
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static unsigned quantile(double q)
{
	size_t i = (size_t)(q * (double)player.waits_n);

	return player.waits_n > 0 ? player.waits[i < player.waits_n ? i : player.waits_n - 1] : 0;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		(void)fputs("usage: player PORT <TRACE\n", stderr);
		return 64;
	}
	player.to.sin_family = AF_INET;
	player.to.sin_port = htons((uint16_t)strtol(argv[1], NULL, 10));
	player.to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	player.poll = epoll_create1(EPOLL_CLOEXEC);
	if (player.poll < 0)
		fail("epoll");
	read_trace();
	play();
	qsort(player.waits, player.waits_n, sizeof *player.waits, by_size);
	printf("%zu %u %u %u %lld %llu\n", player.waits_n, quantile(0.5), quantile(0.99), quantile(0.999),
		(long long)player.late, (unsigned long long)player.errors);
	return 0;
}
