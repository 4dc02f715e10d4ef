/* clock: the two clocks. Timers use the monotonic one only; the wall clock is for text. */
#ifndef REEVE_BASE_CLOCK_H
#define REEVE_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Milliseconds of CLOCK_MONOTONIC. */
uint64_t clock_ms(void);

/* A time of the wall clock as RFC 3339 with microseconds, local zone: 2026-11-23T04:05:06.000007+00:00.
 * `room` of 40 is enough. */
void clock_print(const struct timespec *at, char *out, size_t room);

/* The same of now. */
void clock_rfc3339(char *out, size_t room);

#endif
