/* sink: where lines go. A row of a table for each kind: file (and stderr), syslog, journald.
 *
 * Lines are put in the sink's queue, already in its form, and sink_flush writes what the other side takes.
 * What it does not take stays; nothing is dropped here. */
#ifndef REEVE_LOG_SINK_H
#define REEVE_LOG_SINK_H

#include "base/err.h"
#include "log/queue.h"
#include "log/record.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

/* Beyond this many waiting bytes lines of services with log_overflow = drop are counted instead. */
#define SINK_WAIT_MOST ((size_t)1 << 20)

struct sink;

struct sink_kind {
	const char *name;
	/* Opens or connects. -1: a sentence, errno says why. */
	int (*open)(struct sink *s, struct err *e);
	/* Adds the record's form to `out`. */
	void (*form)(
		const struct sink *s, const struct record *r, const char *clean, size_t len, struct buf *out);
	/* Writes some of the queue. Bytes of it that are done with, or -1 and errno. */
	ssize_t (*write)(struct sink *s);
	/* Whether it should be opened again. NULL: never */
	bool (*moved)(const struct sink *s);
};

struct sink {
	const struct sink_kind *kind;
	const char *where; /* a path; borrowed */
	int fd;
	int given; /* the file, opened by who started us; -1 */
	/* how a record looks; borrowed */
	const char *timestamp; /* NULL: RFC 3339 */
	const char *instance;  /* syslog's software, */
	int facility;          /* facility */
	char host[65];         /* and host name */
	bool json, regular;    /* of files: form; an ordinary one, which can be moved */
	int error;             /* errno of the last flush, 0 when all was written */
	uint64_t stuck_ms;     /* since when; 0 = it is not */
	uint64_t said_ms;      /* when it was last complained about */
	uint64_t looked_ms;    /* when the file was last looked for at its path */
	struct queue queue;
};

/* What the word says: "syslog", "journald:/run/x", "/var/log/reeve.log". -1: a sentence. The rest of the
 * sink is cleared. */
int sink_init(struct sink *s, const char *word, struct err *e) MUST_USE;

/* Opens it the first time. -1: a sentence and errno. Sockets that are not there yet are tried later. */
int sink_open(struct sink *s, struct err *e) MUST_USE;

void sink_put(struct sink *s, const struct record *r, const char *clean, size_t len);

/* Writes what waits. False: something still does, `error` says why. */
bool sink_flush(struct sink *s, uint64_t now);

/* At most once a second: is the file gone from its path? */
bool sink_moved(struct sink *s, uint64_t now);

/* Opens the file at its path again; when that fails the old one stays. -1: a sentence and errno. */
int sink_reopen(struct sink *s, struct err *e) MUST_USE;

void sink_close(struct sink *s);

extern const struct sink_kind sink_file, sink_syslog, sink_journal;

/* For sockets: connects to the datagram socket at `where`. -1: a sentence, errno. */
int sink_connect(struct sink *s, struct err *e) MUST_USE;

/* For sockets: sends the queue's first line as a datagram, connecting first if need be; `large` sends one
 * that the socket finds too long. As sink_kind.write. */
ssize_t sink_send(struct sink *s, ssize_t (*large)(int sock, const struct iovec *io));

#endif
