/* lobby: asks who it is, and passes the connection to the room. Many clients a process, none of whom makes
 * another wait: the hand-over is one more descriptor in the loop. Of a full lobby the guest goes who has kept
 * silent longest.
 *
 *     lobby PATH     PATH: the room's unix_listener */
#include <ctype.h>
#include <errno.h>
#include <reeve.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define NAME         32
#define PATIENCE     10000 /* ms that the room may take to answer */
#define MOST_AT_ONCE 64

struct guest {
	struct guest *next, *previous; /* in the order of their coming */
	struct reeve_client client;
	struct reeve_handover *handover; /* NULL: the name is awaited */
	size_t used;
	char name[NAME];
};

static struct reeve_worker *worker;
static struct guest *first, *last;
static const char *room;

static void say(const struct guest *g, const char *text)
{
	(void)send(g->client.fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void watch(struct guest *g, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = g}};

	(void)epoll_ctl(reeve_poll_fd(worker), EPOLL_CTL_ADD, fd, &event);
}

static void leave(struct guest *g)
{
	*(g->previous != NULL ? &g->previous->next : &first) = g->next;
	*(g->next != NULL ? &g->next->previous : &last) = g->previous;
	reeve_handover_free(&g->handover);
	reeve_end(worker, &g->client);
	free(g);
}

static void on_client(struct reeve_worker *w, struct reeve_client *client, void *context)
{
	struct guest *g = calloc(1, sizeof *g);

	(void)context;
	if (g == NULL) {
		reeve_end(w, client);
		return;
	}
	g->client = *client;
	g->previous = last;
	*(last != NULL ? &last->next : &first) = g;
	last = g;
	watch(g, client->fd);
	say(g, "who are you? ");
}

/* Every lobby is full and somebody waits. */
static void on_full(struct reeve_worker *w, void *context)
{
	(void)w;
	(void)context;
	for (struct guest *g = first; g != NULL; g = g->next)
		if (g->handover == NULL) {
			say(g, "\nothers are waiting: come back when you know it\n");
			leave(g);
			return;
		}
}

/* Takes what belongs to the name, and not a byte more: the rest is the room's. 1: it is whole. -1: gone, or
 * none. */
static int read_name(struct guest *g)
{
	char *to = g->name + g->used;
	ssize_t n = recv(g->client.fd, to, sizeof g->name - g->used, MSG_PEEK), len = 0;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	while (len < n && isalnum((unsigned char)to[len]))
		len++;
	if (n <= 0 || (len < n && to[len] != '\n' && to[len] != '\r'))
		return -1;
	g->used += (size_t)len;
	(void)recv(g->client.fd, to, (size_t)(len < n ? len + 1 : len), 0);
	if (len < n)
		return g->used > 0 ? 1 : -1;
	return g->used < sizeof g->name ? 0 : -1;
}

static void on_name(struct guest *g)
{
	struct reeve_error error;
	int r = read_name(g);

	if (r == 0)
		return;
	if (r < 0) {
		say(g, "a name has letters and digits\n");
		leave(g);
		return;
	}
	(void)epoll_ctl(
		reeve_poll_fd(worker), EPOLL_CTL_DEL, g->client.fd, NULL); /* the rest is the room's */
	g->handover = reeve_handover_new(room, g->client.fd, g->name, g->used, PATIENCE, &error);
	if (g->handover != NULL) {
		watch(g, reeve_handover_fd(g->handover));
		return;
	}
	reeve_log(worker, REEVE_ERROR, "%s", error.text);
	say(g, "the room is closed\n");
	leave(g);
}

static void on_answer(struct guest *g)
{
	struct reeve_error error;
	int r = reeve_handover_step(g->handover, &error);

	if (r == 1)
		return;
	if (r < 0) {
		say(g, error.text);
		say(g, "\n");
	}
	leave(g); /* taken: the room has its own descriptor */
}

int main(int argc, char **argv)
{
	struct epoll_event events[MOST_AT_ONCE];
	struct reeve_error error;

	room = argc > 1 ? argv[1] : "";
	if (reeve_start(&worker, &error) < 0) {
		reeve_log(NULL, REEVE_FATAL, "%s", error.text);
		return 78;
	}
	reeve_on_full(worker, on_full, NULL);
	if (reeve_listen(worker, on_client, NULL) < 0)
		return 71;
	while (reeve_running(worker)) {
		int n = reeve_wait(worker, events, MOST_AT_ONCE, -1);

		/* one event a turn for a guest: each guest has one descriptor in the loop */
		for (int i = 0; i < n; i++) {
			struct guest *g = events[i].data.ptr;

			(g->handover == NULL ? on_name : on_answer)(g);
		}
	}
	reeve_stop(&worker);
	return 0;
}
