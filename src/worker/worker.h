/* worker: the state behind reeve.h. Everything that can wake us is a `watch` in one epoll. */
#ifndef REEVE_WORKER_WORKER_H
#define REEVE_WORKER_WORKER_H

#include "worker/header.h"
#include "worker/reeve.h"
#include "worker/status.h"

#include <signal.h>

#define NOTICE_FD 4 /* of type login: its offset says whether all processes are full */
#define STATUS_FD 5
#define DEAD_FD   6

struct watch {
	void (*ready)(struct reeve_worker *w, struct watch *it);
	int fd;
	uint32_t events;
	bool on;                         /* in the epoll now */
	struct reeve_listener *listener; /* of those that are one */
};

/* Order of reeve_worker.watches; listeners follow. */
enum { WATCH_DEAD, WATCH_BELL, WATCH_TIMER, WATCH_STATUS, WATCH_HEADERS, WATCH_LISTENERS };

struct reeve_worker {
	struct reeve_service service;
	struct reeve_listener *listeners; /* = service.listeners, for us to change */
	struct status status;
	struct watch *watches;
	size_t n_watches;
	int epoll_fd;
	uint64_t timer_ms;          /* what the timer is set to; 0: nothing */
	uint64_t pause_until;       /* no accept before this: out of descriptors; 0: go on */
	uint64_t taken;             /* clients so far */
	reeve_client_fn *on_client; /* NULL: reeve_accept collects `waiting` */
	void *context;
	struct reeve_client waiting; /* fd -1: none */
	struct headers headers;      /* clients whose PROXY header is not whole yet */
	void (*on_full)(struct reeve_worker *w, void *context);
	void *full_context;
	bool has_notice;  /* fd 4 is the notice of type login */
	bool asked;       /* for room, in vain: not again before look_ms */
	uint64_t look_ms; /* when to look at the notice again; 0: no need */
	struct sigaction old_int, old_quit, old_usr1;
};

/* Milliseconds, monotonic. */
uint64_t worker_now(void);

/* Puts the watches, the timer and the signal handler's idea in line with the state. Call it after any
 * change and before waiting. */
void worker_settle(struct reeve_worker *w);

/* Takes no more clients: reports 0, closes the listeners. */
void worker_drain(struct reeve_worker *w);

/* What the watches do (loop.c). */
void worker_on_dead(struct reeve_worker *w, struct watch *it);
void worker_on_bell(struct reeve_worker *w, struct watch *it);
void worker_on_timer(struct reeve_worker *w, struct watch *it);
void worker_on_status(struct reeve_worker *w, struct watch *it);
void worker_on_listener(struct reeve_worker *w, struct watch *it);

/* A client is there (its PROXY header, if any, was read): to the program with it. */
void worker_give(struct reeve_worker *w, struct reeve_client *client);

/* The signals (bell.c): SIGINT with no client here and SIGQUIT make the returned descriptor readable, SIGUSR1
 * of a service of type login too (BELL_NOTICE in what is read); SIGPIPE is ignored. -1: errno. */
#define BELL_NOTICE (UINT64_C(1) << 32)
int bell_open(struct reeve_worker *w);
void bell_close(struct reeve_worker *w);
void bell_set_busy(bool busy);

/* Fills the service for REEVE_LISTEN and opens its one listener. -1 and a sentence. */
int alone_start(struct reeve_service *service, const char *where, struct reeve_error *e);

#endif
