/* chat: one long-lived process, many clients; what one writes, all read. It has a poll(2) loop of its own:
 * the way to bring libreeve into any event loop is one descriptor, reeve_poll_fd. */
#include <errno.h>
#include <poll.h>
#include <reeve.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define LINE    512
#define PENDING 8192 /* what a member may have unread before it must go */

struct member {
	struct reeve_client client;
	bool gone;
	size_t in_used, out_used;
	char in[LINE];
	char out[PENDING];
};

struct room {
	struct reeve_worker *worker;
	struct member **members;
	struct pollfd *polls; /* [0] is libreeve's, then one for each member */
	size_t n, space;
};

static void queue(struct member *m, const char *text, size_t len)
{
	if (len > sizeof m->out - m->out_used) {
		m->gone = true; /* does not read: better one leaves than all wait */
		return;
	}
	memcpy(m->out + m->out_used, text, len);
	m->out_used += len;
}

/* To everybody but `except` (NULL: to all). */
__attribute__((format(printf, 3, 4))) static void tell(
	struct room *room, const struct member *except, const char *format, ...)
{
	char text[LINE + 80];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	for (size_t i = 0; i < room->n; i++)
		if (room->members[i] != except && len > 0)
			queue(room->members[i], text,
				(size_t)len < sizeof text ? (size_t)len : sizeof text - 1);
}

static unsigned long long number(const struct member *m)
{
	return m->client.number;
}

/* Nobody's terminal takes orders from somebody else. */
static void clean(char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = ' ';
}

static void say_line(struct room *room, struct member *m, char *line, size_t len)
{
	if (len > 0 && line[len - 1] == '\r')
		len--;
	clean(line, len);
	if (len > 0)
		tell(room, m, "guest %llu: %.*s\n", number(m), (int)len, line);
}

/* All whole lines; a line longer than the buffer goes in pieces. */
static void say_lines(struct room *room, struct member *m)
{
	size_t at = 0;
	char *end;

	while ((end = memchr(m->in + at, '\n', m->in_used - at)) != NULL) {
		say_line(room, m, m->in + at, (size_t)(end - m->in) - at);
		at = (size_t)(end - m->in) + 1;
	}
	if (at == 0 && m->in_used == sizeof m->in) {
		say_line(room, m, m->in, m->in_used);
		at = m->in_used;
	}
	m->in_used -= at;
	memmove(m->in, m->in + at, m->in_used);
}

static void read_from(struct room *room, struct member *m)
{
	ssize_t n = recv(m->client.fd, m->in + m->in_used, sizeof m->in - m->in_used, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		m->gone = true;
		return;
	}
	m->in_used += (size_t)n;
	say_lines(room, m);
}

static void write_to(struct member *m)
{
	ssize_t n = send(m->client.fd, m->out, m->out_used, MSG_NOSIGNAL);

	if (n < 0) {
		m->gone |= errno != EAGAIN && errno != EINTR;
		return;
	}
	m->out_used -= (size_t)n;
	memmove(m->out, m->out + n, m->out_used);
}

static bool grow(struct room *room)
{
	size_t space = room->space * 2 + 8;
	void *members = realloc(room->members, space * sizeof(struct member *)), *polls;

	if (members == NULL)
		return false;
	room->members = members;
	polls = realloc(room->polls, (space + 1) * sizeof *room->polls);
	if (polls == NULL)
		return false;
	room->polls = polls;
	room->space = space;
	return true;
}

static void on_client(struct reeve_worker *worker, struct reeve_client *client, void *context)
{
	struct room *room = context;
	struct member *m = room->n < room->space || grow(room) ? calloc(1, sizeof *m) : NULL;

	if (m == NULL) {
		reeve_end(worker, client);
		return;
	}
	m->client = *client;
	room->members[room->n++] = m;
	tell(room, NULL, "* guest %llu has come, %zu here\n", number(m), room->n);
}

/* Says so to the others, who may go in turn: again from the start until all left are well. */
static void see_off(struct room *room)
{
	for (size_t i = 0; i < room->n;) {
		struct member *m = room->members[i];

		if (!m->gone) {
			i++;
			continue;
		}
		room->members[i] = room->members[--room->n];
		tell(room, NULL, "* guest %llu has left, %zu here\n", number(m), room->n);
		reeve_end(room->worker, &m->client);
		free(m);
		i = 0;
	}
}

static void wait_for_all(struct room *room)
{
	room->polls[0] = (struct pollfd){.fd = reeve_poll_fd(room->worker), .events = POLLIN};
	for (size_t i = 0; i < room->n; i++) {
		const struct member *m = room->members[i];
		short events = m->out_used > 0 ? POLLIN | POLLOUT : POLLIN;

		room->polls[i + 1] = (struct pollfd){.fd = m->client.fd, .events = events};
	}
	if (poll(room->polls, room->n + 1, -1) < 0)
		for (size_t i = 0; i <= room->n; i++)
			room->polls[i].revents = 0;
}

static void turn(struct room *room)
{
	size_t n = room->n; /* those who come in this turn have no entry in `polls` yet */
	bool was_open = !reeve_draining(room->worker);

	wait_for_all(room);
	for (size_t i = 0; i < n; i++) {
		if ((room->polls[i + 1].revents & POLLOUT) != 0)
			write_to(room->members[i]);
		if ((room->polls[i + 1].revents & ~POLLOUT) != 0)
			read_from(room, room->members[i]);
	}
	if (room->polls[0].revents != 0)
		(void)reeve_dispatch(room->worker);
	if (was_open && reeve_draining(room->worker))
		tell(room, NULL, "* this room takes no more guests: come back to meet the new ones\n");
	see_off(room);
}

int main(void)
{
	struct room room = {0};
	struct reeve_error error;
	bool opened;

	if (reeve_start(&room.worker, &error) < 0) {
		reeve_log(NULL, REEVE_FATAL, "%s", error.text);
		return 78;
	}
	opened = grow(&room) && reeve_listen(room.worker, on_client, &room) == 0;
	while (opened && reeve_running(room.worker))
		turn(&room);
	reeve_stop(&room.worker);
	free(room.members);
	free(room.polls);
	return opened ? 0 : 71;
}
