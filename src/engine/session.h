/* session: clients of the control socket, or of another one. Streams of frames or lines in, bytes out, both
 * bounded: a client that sends nonsense gets a sentence and is closed, one that does not read is closed. */
#ifndef REEVE_ENGINE_SESSION_H
#define REEVE_ENGINE_SESSION_H

#include "engine/frame.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#define SESSIONS_MOST    64
#define SESSION_OUT_MOST ((size_t)4 << 20)

#define SESSION_GROUPS_MOST 256 /* of a peer; the kernel knows up to 65536, the others do not count */

/* Who has connected, by the kernel's word (SO_PEERCRED, SO_PEERGROUPS). */
struct session_peer {
	uid_t uid;
	gid_t gid;
	pid_t pid;
	gid_t groups[SESSION_GROUPS_MOST];
	size_t groups_n;
};

/* What the owner is told. None of these may free the sessions. */
struct session_events {
	void (*connect)(void *arg, uint64_t session, const struct session_peer *peer);
	void (*frame)(void *arg, uint64_t session, const struct frame *frame);
	void (*close)(void *arg, uint64_t session);
	void (*turn)(void *arg); /* a batch of the above is over */
};

struct sessions;

enum session_style {
	SESSION_FRAMES, /* the control socket */
	SESSION_LINES,  /* a protocol of lines: a "frame" is a line, without verb and id */
};

/* No session of one style has the number of one of another. */
#define SESSION_LINES_FROM ((uint64_t)1 << 32)

/* Takes the listening socket. NULL and a sentence: it cannot be used (and was closed). */
struct sessions *sessions_new(struct event_base *base, int listener, enum session_style style,
	const struct session_events *events, void *arg, struct err *e);
void sessions_free(struct sessions *sessions);

/* Queues bytes for a session. false: there is no such session any more (or it was just closed
 * because it does not read). */
bool session_send(struct sessions *sessions, uint64_t session, const void *bytes, size_t len);

/* How much of what was sent to it the client has not taken yet. */
size_t session_behind(const struct sessions *sessions, uint64_t session);

/* An evaluation begins for job `id` of a session: until session_leave_alone, a frame `cancel` of that
 * session about it, and the end of the connection, call deadline_cancel at once, from the signal that
 * the kernel sends when bytes come; a second cancel insists. One at a time. */
void session_attend(struct sessions *sessions, uint64_t session, uint32_t id);
void session_leave_alone(void);

/* Takes nobody any more; whoever is there stays. */
void sessions_deaf(struct sessions *sessions);

/* Closes it once everything queued was sent. */
void session_close(struct sessions *sessions, uint64_t session);

#endif
