/* session: accepting, reading and writing of the control socket. Errors of one client end that
 * client; running out of fds makes us wait a second. */
#include "engine/session.h"

#include "base/fd.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/say.h"
#include "engine/interrupt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READ_ONCE 65536

struct session {
	struct link link;
	struct sessions *owner;
	uint64_t id;
	int fd;
	bool closing; /* nothing is read any more; closed when `out` is empty */
	bool dead;    /* freed at the end of the event */
	struct event *readable, *writable;
	struct frame_reader in;
	char *out;
	size_t out_len, out_at, out_room;
};

struct sessions {
	struct event_base *base;
	int listener;
	struct event *accepts, *again;
	struct session_events events;
	void *arg;
	struct list all;
	enum session_style style;
	uint64_t last_id;
};

static void session_free(struct session *s)
{
	list_remove(&s->owner->all, &s->link);
	if (s->readable != NULL)
		event_free(s->readable);
	if (s->writable != NULL)
		event_free(s->writable);
	fd_close(&s->fd);
	frame_free(&s->in);
	free(s->out);
	free(s);
}

static struct session *session_find(const struct sessions *sessions, uint64_t id)
{
	struct session *s;

	LIST_EACH (s, &sessions->all, struct session, link)
		if (s->id == id && !s->dead)
			return s;
	return NULL;
}

/* A session may die while its own event runs, so it only goes at the end of one. */
static void bury(struct sessions *sessions)
{
	struct session *s;

	LIST_EACH (s, &sessions->all, struct session, link)
		if (s->dead) {
			uint64_t id = s->id;
			session_free(s);
			sessions->events.close(sessions->arg, id);
		}
	sessions->events.turn(sessions->arg);
}

static void flush(struct session *s)
{
	while (s->out_at < s->out_len && !s->dead) {
		ssize_t n =
			send(s->fd, s->out + s->out_at, s->out_len - s->out_at, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			(void)event_add(s->writable, NULL);
			return;
		}
		if (n < 0)
			s->dead = true;
		else
			s->out_at += (size_t)n;
	}
	s->out_at = s->out_len = 0;
	if (s->closing)
		s->dead = true;
}

static void queue(struct session *s, const void *bytes, size_t len)
{
	if (s->out_at > 0) {
		memmove(s->out, s->out + s->out_at, s->out_len - s->out_at);
		s->out_len -= s->out_at;
		s->out_at = 0;
	}
	if (len > SESSION_OUT_MOST - s->out_len) {
		say(SAY_WARNING, "session %llu does not read what it asked for: closed",
			(unsigned long long)s->id);
		s->dead = true;
		return;
	}
	if (s->out_room - s->out_len < len) {
		s->out_room = s->out_len + len + 4096;
		s->out = mem_grow(s->out, s->out_room, 1);
	}
	memcpy(s->out + s->out_len, bytes, len);
	s->out_len += len;
}

/* The last two frames of somebody we do not talk to. */
static void dismiss(struct session *s, const char *sentence, int code)
{
	char text[1200], number[16];
	int digits = snprintf(number, sizeof number, "%d", code);
	int n = snprintf(text, sizeof text, "err 0 %zu\n%s\ndone 0 %d\n%s", strlen(sentence) + 1, sentence,
		digits, number);

	if (s->owner->style == SESSION_FRAMES)
		queue(s, text, (size_t)n);
	else
		say(SAY_WARNING, "session %llu: %s: closed", (unsigned long long)s->id, sentence);
	s->closing = true;
	(void)event_del(s->readable);
	flush(s);
}

static int next(struct session *s, struct frame *f, struct err *e)
{
	return s->owner->style == SESSION_LINES ? frame_line(&s->in, f, e) : frame_next(&s->in, f, e);
}

static void take_frames(struct session *s)
{
	struct sessions *sessions = s->owner;
	struct frame frame;
	struct err e;
	int found = 0;

	while (!s->closing && !s->dead && (found = next(s, &frame, &e)) > 0)
		sessions->events.frame(sessions->arg, s->id, &frame);
	if (found < 0)
		dismiss(s, e.text, 76);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct session *s = arg;
	struct sessions *sessions = s->owner;
	size_t room;
	char *to = frame_room(&s->in, READ_ONCE, &room);
	ssize_t n = recv(fd, to, room, MSG_DONTWAIT);

	(void)what;
	if (n > 0) {
		frame_fed(&s->in, (size_t)n);
		take_frames(s);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		s->dead = true;
	}
	bury(sessions);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct session *s = arg;
	struct sessions *sessions = s->owner;

	(void)fd;
	(void)what;
	flush(s);
	bury(sessions);
}

/* Takes the fd. NULL: no memory for it. */
static struct session *session_new(struct sessions *sessions, int fd)
{
	struct session *s = mem_new(1, sizeof *s);

	s->owner = sessions;
	s->fd = fd;
	s->id = ++sessions->last_id;
	list_add(&sessions->all, &s->link);
	s->readable = event_new(sessions->base, fd, EV_READ | EV_PERSIST, on_readable, s);
	s->writable = event_new(sessions->base, fd, EV_WRITE, on_writable, s);
	if (s->readable != NULL && s->writable != NULL && event_add(s->readable, NULL) == 0)
		return s;
	session_free(s);
	return NULL;
}

static int read_peer(int fd, struct session_peer *peer)
{
	struct ucred who;
	socklen_t len = sizeof who;

	memset(peer, 0, sizeof *peer);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0)
		return -1;
	peer->uid = who.uid;
	peer->gid = who.gid;
	peer->pid = who.pid;
	len = sizeof peer->groups;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, peer->groups, &len) == 0)
		peer->groups_n = len / sizeof peer->groups[0];
	return 0;
}

static void greet(struct sessions *sessions, int fd)
{
	struct session *s = session_new(sessions, fd);
	struct session_peer peer;

	if (s == NULL)
		return;
	if (read_peer(fd, &peer) < 0)
		s->dead = true;
	else if (sessions->all.count > SESSIONS_MOST)
		dismiss(s, "too many sessions are open on the control socket; try again later", 75);
	else
		sessions->events.connect(sessions->arg, s->id, &peer);
}

static void on_connection(evutil_socket_t listener, short what, void *arg)
{
	static const struct timeval one_second = {1, 0};
	struct sessions *sessions = arg;
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)what;
	if (fd >= 0) {
		greet(sessions, fd);
		bury(sessions);
	} else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
		say(SAY_WARNING, "the control socket: %s; trying again in a second", strerror(errno));
		(void)event_del(sessions->accepts);
		(void)event_add(sessions->again, &one_second);
	}
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	struct sessions *sessions = arg;

	(void)fd;
	(void)what;
	(void)event_add(sessions->accepts, NULL);
}

struct sessions *sessions_new(struct event_base *base, int listener, enum session_style style,
	const struct session_events *events, void *arg, struct err *e)
{
	struct sessions *sessions = mem_new(1, sizeof *sessions);

	sessions->base = base;
	sessions->listener = listener;
	sessions->style = style;
	sessions->last_id = style == SESSION_LINES ? SESSION_LINES_FROM : 0;
	sessions->events = *events;
	sessions->arg = arg;
	list_init(&sessions->all);
	sessions->accepts = event_new(base, listener, EV_READ | EV_PERSIST, on_connection, sessions);
	sessions->again = event_new(base, -1, 0, on_again, sessions);
	if (fd_set_nonblock(listener) == 0 && sessions->accepts != NULL && sessions->again != NULL &&
		event_add(sessions->accepts, NULL) == 0)
		return sessions;
	(void)err_set(e, "the control socket cannot be used: %s", strerror(errno));
	sessions_free(sessions);
	return NULL;
}

void sessions_free(struct sessions *sessions)
{
	struct session *s;

	LIST_EACH (s, &sessions->all, struct session, link)
		session_free(s);
	if (sessions->accepts != NULL)
		event_free(sessions->accepts);
	if (sessions->again != NULL)
		event_free(sessions->again);
	fd_close(&sessions->listener);
	free(sessions);
}

bool session_send(struct sessions *sessions, uint64_t session, const void *bytes, size_t len)
{
	struct session *s = session_find(sessions, session);

	if (s == NULL || s->closing)
		return false;
	queue(s, bytes, len);
	if (!s->dead)
		flush(s);
	if (s->dead)
		event_active(s->writable, EV_WRITE, 1); /* buried there, whoever called us */
	return !s->dead;
}

size_t session_behind(const struct sessions *sessions, uint64_t session)
{
	const struct session *s = session_find(sessions, session);

	return s != NULL ? s->out_len - s->out_at : 0;
}

void session_attend(struct sessions *sessions, uint64_t session, uint32_t id)
{
	const struct session *s = session_find(sessions, session);

	if (s != NULL)
		interrupt_attend(s->fd, s->in.bytes + s->in.at, s->in.len - s->in.at, id);
}

void session_leave_alone(void)
{
	interrupt_ignore();
}

void sessions_deaf(struct sessions *sessions)
{
	(void)event_del(sessions->accepts);
	(void)event_del(sessions->again);
}

void session_close(struct sessions *sessions, uint64_t session)
{
	struct session *s = session_find(sessions, session);

	if (s == NULL)
		return;
	s->closing = true;
	(void)event_del(s->readable);
	flush(s);
	if (s->dead)
		event_active(s->writable, EV_WRITE, 1);
}
