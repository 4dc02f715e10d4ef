/* manager: the service manager that started us (systemd, or what speaks its protocol). It is told by
 * sd_notify(3) how we are, and gives us listeners by sd_listen_fds(3). Whatever it gave is taken out of the
 * environment first, so that nothing of it reaches the engine or a service. Without a manager nothing here
 * does anything. */
#ifndef REEVE_MASTER_MANAGER_H
#define REEVE_MASTER_MANAGER_H

#include "master/listener.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

struct master;
struct service;

struct passed {
	int fd;
	char *name;   /* of LISTEN_FDNAMES, or "" */
	bool is_used; /* some time */
};

struct manager {
	int sock; /* -1: there is none */
	struct sockaddr_un at;
	socklen_t at_len;
	uint64_t watchdog_ms, fed; /* 0: it wants to hear nothing */
	bool is_ready, is_reloading;
	char status[256]; /* as it was told last */
	struct passed *passed;
	size_t passed_n;
};

/* Reads the environment and clears it. First of all, before an fd above 2 is opened: from 3 on they may be
 * the manager's. */
void manager_init(struct manager *mg);
void manager_end(struct manager *mg);

/* Where it is told, when a master before this one knew. False: that is no address. */
bool manager_set_address(struct manager *mg, const char *path);

/* A socket of the manager's for this place: by address, else by name and kind. True: `l` has it; it is never
 * closed and its file never removed. */
bool manager_listener(struct manager *mg, struct listener *l, const struct listener_definition *at);

/* Says which of its sockets no listener wanted. */
void manager_plan(const struct manager *mg);

/* READY=1 once every process_min_avail is up, and STATUS when it has changed. */
void manager_turn(struct master *m);
void manager_reloading(struct master *m);
void manager_reloaded(struct master *m);
void manager_stopping(struct master *m);

/* Master and engine have both answered: its watchdog is fed. */
void manager_alive(struct master *m);

#endif
