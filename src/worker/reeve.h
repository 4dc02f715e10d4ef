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
 * Reeve sends SIGINT and no client is there, ignores SIGPIPE, and reads the PROXY header of clients that come
 * in at a listener with haproxy = true. SIGTERM keeps its default: the end.
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
	bool haproxy;     /* connections begin with a PROXY header; the library has read it: client.proxy */
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

/* What a PROXY header said (haproxy's protocol, versions 1 and 2). Texts that it did not have are "". */
struct reeve_proxy {
	bool local; /* the balancer's own connection, or it did not say whose: there are no addresses */
	bool ssl;   /* the client came over TLS */
	bool certificate, verified; /* and showed a certificate, which was found good */
	uint32_t verify_result;     /* what was wrong with it: a number of OpenSSL's X509_V_ERR_... */
	uint16_t source_port, destination_port;
	char source[109], destination[109]; /* numeric addresses; of unix sockets the paths */
	char authority[256];                /* the server name the client asked for */
	char alpn[64], ssl_version[32], cipher[64];
	char common_name[256];     /* of the certificate; worth something only if it was found good */
	const unsigned char *tlvs; /* all fields of version 2: reeve_proxy_tlv */
	size_t tlvs_size;
};

/* One client. Copy it freely; give it back once, to reeve_end. */
struct reeve_client {
	int fd; /* close-on-exec; of a fifo: its own descriptor, non-blocking */
	const struct reeve_listener *listener; /* where it came in */
	uint64_t number;                       /* 1 for the first client of this process */
	struct reeve_proxy *proxy;             /* of a listener with haproxy, until reeve_end; else NULL */
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

/* ---- a service of type login */

/* `full` is called when every process of the service is full, this one too, and another client waits. End the
 * oldest client that has not logged in, and the one who waits is taken; if there is none, do nothing: the
 * question comes again while somebody waits. For the two kinds of loops with many clients. */
void reeve_on_full(
	struct reeve_worker *worker, void (*full)(struct reeve_worker *worker, void *context), void *context);

/* ---- privileges */

/* For a service with drop_priv_before_exec = false: after the program has opened what needs root, it becomes
 * what the config says (user, group, extra_groups, privileged_group, and a chroot that was left to it), for
 * good, and looks that this is so. 0 also where there is nothing to give up. -1 and a sentence: end the
 * process, some of it may have happened. */
int reeve_drop_privileges(struct reeve_error *error) __attribute__((warn_unused_result));

/* The descriptor of a file that the config's open_files has under this name: open for reading, close-on-exec,
 * shared by the processes of the service (so read it with pread(2)). -1: there is none. */
int reeve_file(const char *name);

/* ---- PROXY */

/* The field of that type, for those that struct reeve_proxy has no member for; NULL: there is none. */
const void *reeve_proxy_tlv(const struct reeve_proxy *proxy, unsigned type, size_t *size);

/* Writes a header of version 2 with what `proxy` says (addresses or local, SSL, authority, ALPN) and a
 * checksum, for programs that stand in front of others. Its length; 0: it does not fit, or an address is
 * none. */
size_t reeve_proxy_write(void *out, size_t room, const struct reeve_proxy *proxy);

/* ---- passing a connection on
 *
 * The way from a login service to a session: one process takes the client and finds out who it is, another
 * serves it. The first passes the client's descriptor, with some bytes that say what it knows, to a
 * unix_listener of the other's service, where it arrives as a client of that service: it is started for,
 * counted and limited as any. The answer says whether it was taken. */

#define REEVE_PAYLOAD_MOST 8192
#define REEVE_ANSWER_MOST  256 /* bytes of a refusal's text */

/* A hand-over under way, for event loops; nothing of it waits. */
struct reeve_handover;

/* Begins to pass a copy of `fd` to the unix socket `path`. It fails by itself after timeout_ms. NULL and a
 * sentence. */
struct reeve_handover *reeve_handover_new(const char *path, int fd, const void *payload, size_t size,
	int timeout_ms, struct reeve_error *error) __attribute__((warn_unused_result));

/* The descriptor to watch for reading: call reeve_handover_step then, and only then. */
int reeve_handover_fd(const struct reeve_handover *handover);

/* 1: not yet. 0: taken, close your own descriptor. -1 and a sentence: refused (the sentence is the other's),
 * not answered in time, or not reachable. After a time-out close the client: the other may yet have it. */
int reeve_handover_step(struct reeve_handover *handover, struct reeve_error *error)
	__attribute__((warn_unused_result));

/* Frees it, also one that is not done; clears the pointer. */
void reeve_handover_free(struct reeve_handover **handover);

/* All of that, waiting. 0 or -1 as reeve_handover_step. `fd` stays the caller's to close. */
int reeve_send_fd(const char *path, int fd, const void *payload, size_t size, int timeout_ms,
	struct reeve_error *error) __attribute__((warn_unused_result));

/* What a client of the receiving service has brought. Start with REEVE_PASSED_NONE. */
struct reeve_passed {
	int fd; /* the passed connection; -1: none */
	size_t size;
	unsigned char payload[REEVE_PAYLOAD_MOST + 1]; /* a NUL follows */
	size_t used;                                   /* for reeve_receive_fd */
	unsigned char head[8];
};
#define REEVE_PASSED_NONE ((struct reeve_passed){.fd = -1})

/* Reads what `client` brings. 1: it is there; answer with reeve_answer. 0: not all of it yet (timeout_ms 0:
 * call again when client->fd is readable; else the time is up). -1 and a sentence: whoever connected does not
 * keep to the protocol or has gone; reeve_end the client. Descriptors that came along are closed. */
int reeve_receive_fd(const struct reeve_client *client, struct reeve_passed *passed, int timeout_ms,
	struct reeve_error *error) __attribute__((warn_unused_result));

/* Takes it (refusal NULL): client->fd becomes the passed connection, blocking as client->fd was; reeve_end
 * closes it. Or refuses it with a sentence: the passed descriptor is closed; reeve_end the client. -1: the
 * sender has gone, so there is nothing to take; reeve_end the client. */
int reeve_answer(struct reeve_client *client, struct reeve_passed *passed, const char *refusal)
	__attribute__((warn_unused_result));

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
