/* rate: at most so many lines a second of one service. Pure; counts exactly what it refused. */
#ifndef REEVE_LOG_RATE_H
#define REEVE_LOG_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct rate {
	uint32_t most;     /* lines a second; 0 = no limit */
	uint32_t taken;    /* in the second that began at */
	uint64_t begun_ms; /* this moment */
	uint64_t refused;  /* since the last rate_told */
};

/* May one more line be written now? */
bool rate_take(struct rate *r, uint64_t now);

/* How many were refused, if it is time to say so: their second is over. 0: nothing to say. Forgets them. */
uint64_t rate_told(struct rate *r, uint64_t now);

#endif
