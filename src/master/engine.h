/* engine: one policy engine process as the master sees it: its socket, its phase, the plan it is
 * sending. What an engine says that it may not say now is fatal for it, never for the master. */
#ifndef REEVE_MASTER_ENGINE_H
#define REEVE_MASTER_ENGINE_H

#include "master/master.h"
#include "wire/wire.h"

struct watched;

struct engine {
	struct master *master;
	pid_t pid;
	int sock, pidfd;
	uint32_t phase; /* enum wire_phase */
	size_t heard;   /* bytes before it runs */
	bool is_dry;    /* its plan is compared and thrown away */
	bool records;   /* it has the file of the recording */
	bool is_reload; /* it brings a plan of its own; false: it resumes the one in force */
	struct plan *plan;
	struct watched *
		*opened;    /* listeners of its plan, an array a service; fds still in force are borrowed */
	uint32_t opened_in; /* listeners_epoch as they were opened */
	uint64_t since;     /* running since */
	struct event readable, timer;
};

/* Starts one. `is_reload`: with a plan from the disk; otherwise from the bundle, if there is one.
 * -1: the sentence says why. */
int engine_start(struct master *m, bool is_reload, struct engine **made, struct err *e) MUST_USE;

/* Sends one message in a frame of its own. -1: the socket is full or gone. */
int engine_send(struct engine *en, enum wire_kind kind, const void *msg);

/* Sends whole frames of messages. -1: the socket is full or gone. */
int engine_send_frame(struct engine *en, const void *frame, size_t len);

/* Kills it and forgets it. It is buried as an orphan: one that is stuck in the kernel, on a file system that
 * does not answer, or that has much memory to give back, takes its time and must not take ours. */
void engine_end(struct engine **en);

/* The engine that works is told to leave (one that does not yet is ended): m->engine is NULL from here on. */
void engine_retire(struct master *m);

/* The engine that works is gone or mad: kill it, start another after the back-off. */
void engine_replace(struct master *m);

/* Keeps an eye on it, each second: ping, time-out, withdrawal of restrictions. */
void engine_watch(struct master *m);

/* Carries out one order. -1: the engine asked for what it may not; the sentence says what. */
int engine_obey(
	struct engine *en, const struct wire_info *info, const union wire_any *msg, struct err *e) MUST_USE;

#endif
