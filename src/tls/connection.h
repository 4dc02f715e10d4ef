/* connection: one client and the program behind, as the files of the relay share it.
 *
 *     SHAKING -> CONNECTING -> RELAYING -> LINGERING     each may also end at once
 *
 * relay.c takes clients and goes from state to state, carry.c moves bytes, introduce.c says who the client
 * is. */
#ifndef REEVE_TLS_CONNECTION_H
#define REEVE_TLS_CONNECTION_H

#include "tls/flow.h"
#include "tls/front.h"
#include "tls/relay.h"

#include <stdint.h>

enum state { SHAKING, CONNECTING, RELAYING, LINGERING };

struct end {
	struct connection *c;
	int fd;
	uint32_t events;
	bool on; /* in the epoll */
};

struct connection {
	struct connection *next, *previous;
	struct relay *relay;
	const struct route *route;
	struct reeve_client client;
	struct front front;
	struct end near, far; /* the client, the program behind */
	enum state state;
	bool is_dead;
	uint64_t deadline, retry; /* 0: none */
	struct flow up, down;
};

uint64_t now_ms(void);

/* Look at the connections at that time; 0: never. */
void look_at(struct relay *r, uint64_t when);

/* The state, and how long it may last; 0: for ever. */
void expect(struct connection *c, enum state state, uint64_t within_ms);

/* Watches what the state and the buffers wait for. */
void watch_both(struct connection *c);

/* The end. Freed by free_dead at the end of the turn: an event of the same batch may still name it. */
void bury(struct connection *c);
void free_dead(struct relay *r);

/* All has been said to the client; it may close first: closing with unread input would lose our last bytes.
 */
void linger(struct connection *c);

/* carry.c: moves what can be moved. */
void step_relaying(struct connection *c);

/* introduce.c: puts a PROXY header before what the client says. */
void put_header(struct connection *c);

#endif
