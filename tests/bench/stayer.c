/* stayer: a worker that behaves as the simulator's model does. It boots for a while, then takes one client at
 * a time: reads how long he stays ("MICROSECONDS\n"), answers with one byte at once, and ends with him after
 * that time.
 *
 *   stayer BOOT-MS SPREAD-PERCENT      booting takes BOOT-MS, evenly within +- SPREAD-PERCENT */
#include <poll.h>
#include <reeve.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void pass(long us)
{
	struct timespec t = {us / 1000000, us % 1000000 * 1000};

	(void)ppoll(NULL, 0, &t, NULL);
}

static void stay(struct reeve_worker *worker, struct reeve_client *client, void *arg)
{
	char text[32];
	size_t n = 0;

	(void)worker;
	(void)arg;
	while (n < sizeof text - 1) {
		struct pollfd p = {.fd = client->fd, .events = POLLIN};
		ssize_t got;
		(void)poll(&p, 1, 10000);
		got = recv(client->fd, text + n, 1, MSG_DONTWAIT);
		if (got != 1)
			return;
		if (text[n++] == '\n')
			break;
	}
	text[n] = '\0';
	(void)send(client->fd, "+", 1, MSG_NOSIGNAL);
	pass(strtol(text, NULL, 10));
}

int main(int argc, char **argv)
{
	long boot = argc > 1 ? strtol(argv[1], NULL, 10) * 1000 : 0;
	long spread = argc > 2 ? strtol(argv[2], NULL, 10) : 0;

	srandom((unsigned)getpid());
	pass(boot + boot * spread / 100 * (random() % 2001 - 1000) / 1000);
	return reeve_run(stay, NULL);
}
