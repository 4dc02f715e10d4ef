/* clock: reading time. Cannot fail on Linux. */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

uint64_t clock_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void clock_rfc3339(char *out, size_t room)
{
	struct timespec t;
	struct tm tm;
	char day[32], zone[8];

	(void)clock_gettime(CLOCK_REALTIME, &t);
	(void)localtime_r(&t.tv_sec, &tm);
	if (strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		day[0] = '\0';
	if (strftime(zone, sizeof zone, "%z", &tm) < 5)
		zone[0] = '\0';
	(void)snprintf(out, room, "%s.%06ld%.3s:%.2s", day, t.tv_nsec / 1000, zone, zone + 3);
}
