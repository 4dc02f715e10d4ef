/* heap: what is planned, by time and then by the order of planning. */
#ifndef REEVE_SIM_HEAP_H
#define REEVE_SIM_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct planned {
	int64_t at;
	uint64_t seq;
	uint32_t kind, serial; /* serial: of `who` when it was planned */
	void *who;
};

struct heap {
	struct planned *items;
	size_t n, room;
	uint64_t seq;
};

/* Plans something; `seq` is set here. */
void heap_push(struct heap *h, struct planned item);

/* The soonest; the heap must not be empty. */
struct planned heap_pop(struct heap *h);

void heap_free(struct heap *h);

#endif
