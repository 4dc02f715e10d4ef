/* settings: what the environment says (log.h), checked. */
#ifndef REEVE_LOG_SETTINGS_H
#define REEVE_LOG_SETTINGS_H

#include "base/err.h"
#include "log/level.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SETTINGS_FIRST_FD 7

/* One descriptor from 7 on. */
struct settings_socket {
	bool listener;
	const char *name; /* NULL: a handshake will tell */
	uint32_t rate;    /* lines a second; 0 = no limit */
	bool drop;        /* log_overflow */
	int32_t pid;      /* LOG_PIDS; 0 = unknown */
	enum level bare;  /* LOG_LEVELS: of lines without a header */
};

struct settings {
	const char *path[LEVEL_PATHS]; /* borrowed from the environment, as are all texts */
	int path_fd[LEVEL_PATHS];      /* -1: none */
	int tail_fd;                   /* LOG_TAIL_FD; -1: none */
	const char *timestamp;         /* NULL: RFC 3339 */
	const char *instance;
	int facility;
	bool json;
	bool reports;        /* there is a GENERATION: */
	uint32_t generation; /* say when we are ready */
	uint32_t available;
	int64_t uid, gid; /* to become; -1 = stay */
	struct settings_socket *sockets;
	size_t sockets_n;
};

/* Reads the environment (getenv). -1: a sentence that names the variable. */
int settings_read(struct settings *s, struct err *e) MUST_USE;

void settings_free(struct settings *s);

#endif
