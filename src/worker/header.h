/* header: clients of listeners with haproxy = true whose PROXY header is not whole yet. They count as
 * clients; the program hears of them when their header was read. Who is not trusted, too slow or says
 * something else is logged and ended. */
#ifndef REEVE_WORKER_HEADER_H
#define REEVE_WORKER_HEADER_H

#include "worker/reeve.h"

struct waiting_client;
struct watch;

struct headers {
	int epoll_fd; /* of those who wait; -1: no listener has haproxy */
	size_t count;
	struct waiting_client *first, *last; /* in the order of their deadlines */
	const char *trusted;                 /* HAPROXY_TRUSTED_NETWORKS */
	uint64_t timeout_ms;                 /* HAPROXY_TIMEOUT */
};

/* Reads the environment. -1: errno. */
int headers_open(struct reeve_worker *w);
void headers_close(struct reeve_worker *w);

/* A client that has just come in. */
void headers_add(struct reeve_worker *w, const struct reeve_client *client);

/* Some of their descriptors are readable. */
void headers_ready(struct reeve_worker *w, struct watch *it);

/* When the first of them has waited too long; 0: nobody waits. */
uint64_t headers_due(const struct headers *h);
void headers_expire(struct reeve_worker *w, uint64_t now);

#endif
