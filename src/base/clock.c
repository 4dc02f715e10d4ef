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

void clock_print(const struct timespec *at, char *out, size_t room)
{
	struct tm tm;
	char day[32], zone[8];

	(void)localtime_r(&at->tv_sec, &tm);
	if (strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		day[0] = '\0';
	if (strftime(zone, sizeof zone, "%z", &tm) < 5)
		(void)snprintf(zone, sizeof zone, "+0000");
	(void)snprintf(out, room, "%s.%06ld%.3s:%.2s", day, at->tv_nsec / 1000, zone, zone + 3);
}

void clock_rfc3339(char *out, size_t room)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	clock_print(&now, out, room);
}
