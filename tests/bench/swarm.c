/* swarm: a load generator. Keeps C connections under way to one TCP port of loopback: connect, read the
 * greeting of 16 bytes, close, again. After the time is up prints one line:
 *
 *   connections-per-second p50-us p99-us errors
 *
 *   swarm PORT CONCURRENCY SECONDS
 *
 * The time of a connection runs from connect() to the last byte of the greeting. */
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

#define GREETING    16
#define MOST        4096
#define SAMPLES_MAX 4000000

struct connection {
	int fd;
	uint32_t got;
	uint64_t began;
};

static struct {
	struct connection connections[MOST];
	uint32_t *samples;
	uint32_t served, errors;
	int poll;
	struct sockaddr_in to;
} swarm;

static uint64_t now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static _Noreturn void fail(const char *what)
{
	(void)fprintf(stderr, "swarm: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void begin(struct connection *c)
{
	struct linger at_once = {1, 0}; /* no TIME_WAIT: ports would run out */
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		fail("socket");
	c->got = 0;
	c->began = now_us();
	(void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	if (connect(c->fd, (const struct sockaddr *)&swarm.to, sizeof swarm.to) < 0 && errno != EINPROGRESS)
		fail("connect");
	if (epoll_ctl(swarm.poll, EPOLL_CTL_ADD, c->fd, &ev) < 0)
		fail("epoll_ctl");
}

static void end(struct connection *c, bool served)
{
	if (!served)
		swarm.errors++;
	else if (swarm.served < SAMPLES_MAX)
		swarm.samples[swarm.served++] = (uint32_t)(now_us() - c->began);
	(void)close(c->fd);
}

/* Returns whether the connection is done with. */
static bool hear(struct connection *c)
{
	char greeting[64];
	ssize_t n = read(c->fd, greeting, sizeof greeting);

	if (n < 0 && errno == EAGAIN)
		return false;
	if (n > 0)
		c->got += (uint32_t)n;
	if (n > 0 && c->got < GREETING)
		return false;
	end(c, c->got == GREETING);
	return true;
}

static void run(uint32_t concurrency, uint64_t until)
{
	struct epoll_event events[256];

	for (uint32_t i = 0; i < concurrency; i++)
		begin(&swarm.connections[i]);
	while (now_us() < until) {
		int n = epoll_wait(swarm.poll, events, 256, 50);
		for (int i = 0; i < n; i++) {
			struct connection *c = events[i].data.ptr;
			if (hear(c))
				begin(c);
		}
	}
}

static int by_size(const void *a, const void *b)
{
	uint32_t x, y;

	memcpy(&x, a, sizeof x);
	memcpy(&y, b, sizeof y);
	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	uint32_t concurrency;
	double seconds;
	uint64_t began;

	if (argc != 4) {
		(void)fprintf(stderr, "usage: swarm PORT CONCURRENCY SECONDS\n");
		return 64;
	}
	concurrency = (uint32_t)strtoul(argv[2], NULL, 10);
	seconds = strtod(argv[3], NULL);
	swarm.to.sin_family = AF_INET;
	swarm.to.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
	swarm.to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	swarm.samples = calloc(SAMPLES_MAX, sizeof *swarm.samples);
	swarm.poll = epoll_create1(EPOLL_CLOEXEC);
	if (concurrency == 0 || concurrency > MOST || swarm.samples == NULL || swarm.poll < 0)
		fail("start");
	began = now_us();
	run(concurrency, began + (uint64_t)(seconds * 1e6));
	seconds = (double)(now_us() - began) / 1e6;
	qsort(swarm.samples, swarm.served, sizeof *swarm.samples, by_size);
	(void)printf("%.0f %u %u %u\n", swarm.served / seconds, swarm.samples[swarm.served / 2],
		swarm.samples[(uint64_t)swarm.served * 99 / 100], swarm.errors);
	return 0;
}
