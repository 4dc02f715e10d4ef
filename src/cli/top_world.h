/* top_world: what `reeve top` knows of an instance: one answer of lua/reeve/verbs/top.lua, sorted and
 * filtered. */
#ifndef REEVE_CLI_TOP_WORLD_H
#define REEVE_CLI_TOP_WORLD_H

#include <stdbool.h>
#include <stddef.h>

/* The fields of a line, in the order of ABOUT, HOST, SERVICE and PROCESS there. */
enum top_about { ABOUT_VERSION, ABOUT_GENERATION, ABOUT_MASTER, ABOUT_ENGINE, ABOUT_DEGRADED, ABOUT_FIELDS };
enum top_host { HOST_LOAD, HOST_MEM_AVAIL, HOST_MEM_TOTAL, HOST_FIELDS };
enum top_service {
	TOP_NAME,
	TOP_LIVE,
	TOP_LIMIT,
	TOP_STARTING,
	TOP_BUSY,
	TOP_IDLE,
	TOP_DRAINING,
	TOP_CLIENTS,
	TOP_WAITING,
	TOP_RSS,
	TOP_CPU,
	TOP_STARTS,
	TOP_STATE,
	TOP_HISTORY,
	TOP_FIELDS
};
enum top_process {
	PROCESS_ID,
	PROCESS_PID,
	PROCESS_STATE,
	PROCESS_CLIENTS,
	PROCESS_SERVED,
	PROCESS_AGE,
	PROCESS_RSS,
	PROCESS_CPU,
	PROCESS_FIELDS
};

#define TOP_FIELDS_MOST TOP_FIELDS

/* All fields are texts, never NULL; what nobody knows is "-". */
struct top_row {
	const char *field[TOP_FIELDS_MOST];
	size_t of; /* of a process: the index of its service, as it came */
};

struct top_world {
	char *text; /* the answer, cut into fields */
	struct top_row about, host;
	struct top_row *services, *processes;
	size_t services_n, processes_n;
};

/* Takes the text (from malloc). Whatever is in it: lines of unknown kinds are passed over. */
void top_world_read(struct top_world *w, char *text);
void top_world_free(struct top_world *w);

/* The number of a field; -1: it is none. */
double top_number(const char *field);

/* Indices of the services whose name has `filter` in it, into `order` (services_n of them): sorted by
 * `field`, numbers from high to low, names from a to z, the other way round when `reversed`. How many there
 * are. */
size_t top_order(const struct top_world *w, const char *filter, int field, bool reversed, size_t *order);

#endif
