/* limit: what happens to clients that wait while process_limit is reached and nobody can take them. They
 * are complained about at most once a second; after 10 s without anybody becoming free all that wait are
 * accepted and closed (counted as dropped), and so is everybody who comes until a process has room. Of type
 * login they wait on: its processes are told instead to drop their oldest strangers. */
#ifndef REEVE_MASTER_LIMIT_H
#define REEVE_MASTER_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

struct service;

struct limit {
	uint64_t since;  /* clients wait at the limit since; 0: they do not */
	uint64_t warned; /* when that was complained about last */
	bool dropping;
};

/* Clients wait at the limit now. Returns when to look again (0: at the next event). */
uint64_t limit_face(struct service *s, uint64_t now);

/* They do not. `somebody_can`: a process has room again. */
void limit_clear(struct service *s, bool somebody_can);

#endif
