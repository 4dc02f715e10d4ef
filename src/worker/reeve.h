/* libreeve: a worker's side of Reeve's contract. Self-contained; needs libc only. See reeve-worker(3).
 *
 * A worker is a program that Reeve starts with its listening sockets already open. It takes clients by
 * itself and tells Reeve through a pipe how many more it could take; that is all Reeve needs to keep the
 * right number of processes. Three ways to write one:
 *
 *   one client at a time    reeve_run(serve, NULL): the callback may block as long as it likes.
 *                           Simple, and a crash costs one client. Give the service client_limit = 1.
 *   own loop, blocking      reeve_start, while (reeve_accept(…) > 0) … reeve_end, reeve_stop
 *   many clients, epoll     reeve_start, reeve_listen, while (reeve_running) reeve_wait, reeve_stop
 *   many clients, any loop  reeve_poll_fd is one descriptor for libevent, libuv or poll(2);
 *                           reeve_dispatch when it is readable
 *
 * What the library does unasked: reports as the protocol demands, ends the process's work after
 * service_count clients, stops taking clients when the master dies or retires the process, leaves when
 * Reeve sends SIGINT and no client is there, ignores SIGPIPE. SIGTERM keeps its default: the end.
 *
 * Without Reeve, for development: REEVE_LISTEN=127.0.0.1:8080 (or [::1]:8080, or /path/of/socket) in the
 * environment makes the same program listen there by itself.
 *
 * Not for several threads; start it once in a process, and do not fork before reeve_stop. */
#ifndef REEVE_H
#define REEVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct epoll_event;
struct reeve_worker;

/* A whole sentence: what is wrong, with which value, and what to do. */
struct reeve_error {
	char text[400];
};

/* The numbers are those of the log pipe. */
enum reeve_level {
	REEVE_DEBUG = 1,
	REEVE_INFO,
	REEVE_WARNING,
	REEVE_ERROR,
	REEVE_FATAL,
};

#define REEVE_NEVER UINT32_MAX /* idle_kill_secs of a service whose idle processes stay */

struct reeve_listener {
	const char *name; /* as in the config */
	int fd;           /* -1 once no clients are taken any more */
	bool ssl;         /* the config says: TLS from the first byte */
	bool haproxy;     /* the config says: connections begin with a PROXY header */
	bool fifo;        /* a fifo_listener: readable instead of acceptable */
};

/* What Reeve said about the service. Lives as long as the worker. */
struct reeve_service {
	const char *name;
	uint32_t id;            /* number of this process, new at each start */
	uint32_t client_limit;  /* clients this process may have at a time, at least 1 */
	uint32_t service_count; /* it ends after so many; 0: never */
	uint32_t process_limit, process_min_avail;
	uint32_t idle_kill_secs;
	bool alone; /* stand-alone: REEVE_LISTEN, no Reeve */
	const struct reeve_listener *listeners;
	size_t n_listeners;
};

/* One client. Copy it freely; give it back once, to reeve_end. */
struct reeve_client {
	int fd; /* close-on-exec; of a fifo: its own descriptor, non-blocking */
	const struct reeve_listener *listener; /* where it came in */
	uint64_t number;                       /* 1 for the first client of this process */
};

typedef void reeve_client_fn(struct reeve_worker *worker, struct reeve_client *client, void *context);

/* ---- begin and end */

/* Reads the environment, checks the descriptors, takes the signals. Nothing is reported yet, so a long
 * initialisation may follow. -1 and a sentence: not started by Reeve, or a value that cannot be. */
int reeve_start(struct reeve_worker **worker, struct reeve_error *error) __attribute__((warn_unused_result));

/* Says that no more clients are taken, closes everything, gives the signals back, clears the pointer. */
void reeve_stop(struct reeve_worker **worker);

const struct reeve_service *reeve_service(const struct reeve_worker *worker);

/* ---- one client at a time */

/* Start, serve, stop: a whole main(). Returns the exit code: 0; 78 (and a log line) if it cannot start. */
int reeve_run(reeve_client_fn *serve, void *context);

/* Calls `serve` for each client and ends the client after it, until the process should go. The client's
 * descriptor is blocking. 0: exit now with status 0. -1 and a sentence: the service's client_limit is not 1
 * (Reeve would believe that others could be served meanwhile), or waiting failed. */
int reeve_serve(struct reeve_worker *worker, reeve_client_fn *serve, void *context, struct reeve_error *error)
	__attribute__((warn_unused_result));

/* Waits for one client (blocking descriptor). 1: there is one, end it with reeve_end. 0: time to go.
 * -1: errno; EBUSY if as many clients as client_limit allows have not been ended. */
int reeve_accept(struct reeve_worker *worker, struct reeve_client *client)
	__attribute__((warn_unused_result));

/* The client is done: closes its descriptor (a fifo's stays) and sets it to -1; reports that there is room.
 * A second call for the same struct does nothing. */
void reeve_end(struct reeve_worker *worker, struct reeve_client *client);

/* ---- many clients at a time */

/* From now on `taken` is called, from within reeve_wait or reeve_dispatch, for each new client, with a
 * non-blocking descriptor. A fifo has no connections: `taken` reads what is there before it returns.
 * Tells Reeve that the start is finished. -1: errno. */
int reeve_listen(struct reeve_worker *worker, reeve_client_fn *taken, void *context)
	__attribute__((warn_unused_result));

/* The epoll descriptor everything of ours is in. Programs on epoll add their own descriptors to it, with
 * data.ptr of their own objects, and call reeve_wait: the best way, because the kernel then wakes one
 * process for one connection (EPOLLEXCLUSIVE). Other loops watch it for reading and call reeve_dispatch:
 * right, but all idle processes of the service wake up for each connection. */
int reeve_poll_fd(const struct reeve_worker *worker);

/* epoll_wait; ours are handled, the program's own are left in `events`. How many those are (0 also after
 * ours or a signal); -1: errno. timeout_ms -1: no limit. */
int reeve_wait(struct reeve_worker *worker, struct epoll_event *events, int most, int timeout_ms);

/* Handles what is ready and never waits. As reeve_running. */
bool reeve_dispatch(struct reeve_worker *worker);

/* false: no client is here and none will be taken. Leave the loop and exit with status 0. */
bool reeve_running(const struct reeve_worker *worker);

/* true: no more clients are taken (the process is retired, service_count allows no more, or the master is
 * gone). Finish those that are here; close connections that merely idle. */
bool reeve_draining(const struct reeve_worker *worker);

/* ---- log */

/* One log line, in the form Reeve's log knows (levels, any length, line breaks make several). Waits while
 * the log pipe is full. Without a worker, or stand-alone, a plain line on stderr. */
void reeve_log(const struct reeve_worker *worker, enum reeve_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
