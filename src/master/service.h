/* service: one service in force: its definition, listeners, pool and standing order. It outlives
 * reloads; a service that a new plan no longer has drains and goes. */
#ifndef REEVE_MASTER_SERVICE_H
#define REEVE_MASTER_SERVICE_H

#include "master/contract.h"
#include "master/fd_store.h"
#include "master/kind.h"
#include "master/limit.h"
#include "master/listener.h"
#include "master/login.h"
#include "master/master.h"
#include "master/ready.h"
#include "master/sequence.h"
#include "master/spawn.h"
#include "pool/pool.h"

struct watched {
	struct listener listener;
	struct event readable;
	bool armed;
	bool borrowed; /* until the commit: the fd is that of the plan in force */
};

/* Values in its environment that each start writes anew; NULL: it has no such. Owned by the spawn. */
struct slots {
	char *mode, *generation, *notify_socket, *notify_fd, *listen_fds, *listen_names;
	char *remote_addr, *remote_port, *local_addr, *local_port;
};

struct service {
	struct link link;    /* master->services */
	struct link touched; /* master->touched, while is_touched */
	bool is_touched, is_dirty;
	struct link dirty; /* report->services */

	struct master *master;
	uint32_t number; /* 0: removed by a reload */
	struct definition *definition;
	const struct kind *kind; /* of its type */
	const struct contract *contract;
	struct ready_rule ready;
	struct place alive; /* what `alive` names */
	struct fd_store store;
	size_t accept_next;     /* contract inetd: the listener whose turn it is */
	uint64_t source_warned; /* per_source_limit was complained about */
	struct logpipe log;
	struct login login;
	struct limit limit;
	struct watched *watched;
	size_t watched_n;
	struct spawn spawn;
	size_t fds_fixed; /* of its descriptors: those that every process gets */
	struct slots slots;

	struct pool pool;
	struct standing standing;
	uint32_t generation; /* raised when its processes must be replaced */
	uint32_t waiting;    /* clients in the queues, when somebody looked last */
	uint64_t dropped;
	uint64_t next_step; /* when the timer is set for */
	struct list processes;
	struct event timer;
	struct sequence sequence;
	bool ending; /* the daemon stops, and it has been told */
};

/* A new service without listeners; takes the definition. */
struct service *service_new(struct master *m, struct definition *d);

/* The definition of a reload takes the place of the present one (which is freed). */
void service_redefine(struct service *s, struct definition *d);

/* The service of that name, removed ones that still drain included; or NULL. */
struct service *service_find(const struct master *m, const char *name);

/* The first service of that type in the plan in force, or NULL. */
struct service *service_of_type(const struct master *m, const char *type);

/* The listener in force at this place, or NULL. */
struct listener *service_listener(const struct master *m, const struct listener_definition *at);

/* Closes what is still its own. */
void service_close_listeners(struct service *s);

/* Gives it its listeners (takes the array) and prepares the spawn. */
void service_set_listeners(struct service *s, struct watched *watched, size_t n);

/* Frees a service that has no processes; its listeners are closed. */
void service_free(struct service **s);

/* Steps it at the end of this turn and tells the engine. */
void service_touch(struct service *s);

/* Compares the pool with the standing order and acts: starts, asks, watches the listeners. */
void service_step(struct service *s);

/* What an operator wants (enum service_verb). -1: a sentence. */
int service_do(struct service *s, enum service_verb verb, struct err *e) MUST_USE;

/* No more starts, listeners closed, processes drain. */
void service_end(struct service *s);

/* Its processes take no more clients, finish those they have, and go. */
void service_retire_all(struct service *s);

/* No more starts, listeners closed; its processes end by themselves. */
void service_abandon(struct service *s);

/* Stopped by an operator: no listeners, no starts, until its start. */
bool service_is_stopped(const struct service *s);

/* Looks at the queues of its listeners now. */
void service_count_waiting(struct service *s);

#endif
