/* flow: the bytes of one direction between two descriptors, with the end of the stream. Pure: a buffer that
 * is filled at one end and emptied at the other.
 *
 *   OPEN      the source may give more
 *   ENDING    the source has ended; what is here must still be written
 *   ENDED     all is written, and the sink was told of the end */
#ifndef REEVE_TLS_FLOW_H
#define REEVE_TLS_FLOW_H

#include <stdbool.h>
#include <stddef.h>

#define FLOW_ROOM 16384 /* a TLS record */

enum flow_state { FLOW_OPEN, FLOW_ENDING, FLOW_ENDED };

struct flow {
	enum flow_state state;
	size_t start, used; /* what waits is at[start .. start + used) */
	unsigned char at[FLOW_ROOM];
};

/* Where the next bytes go, and how many fit; 0: full, or the source has ended. */
size_t flow_room(struct flow *f, unsigned char **to);
void flow_added(struct flow *f, size_t n);

/* The source has ended. */
void flow_end(struct flow *f);

/* What waits to be written; 0: nothing. */
size_t flow_waiting(const struct flow *f, const unsigned char **from);
void flow_removed(struct flow *f, size_t n);

/* The sink must be told of the end now: flow_told after it. */
bool flow_must_tell(const struct flow *f);
void flow_told(struct flow *f);

/* The sink takes no more: what waits is lost. */
void flow_break(struct flow *f);

#endif
