/* rate: a window of one second that begins with the first line in it. */
#include "log/rate.h"

#define WINDOW_MS 1000

bool rate_take(struct rate *r, uint64_t now)
{
	if (r->most == 0)
		return true;
	if (now - r->begun_ms >= WINDOW_MS) {
		r->begun_ms = now;
		r->taken = 0;
	}
	if (r->taken < r->most) {
		r->taken++;
		return true;
	}
	r->refused++;
	return false;
}

uint64_t rate_told(struct rate *r, uint64_t now)
{
	uint64_t n = r->refused;

	if (n == 0 || now - r->begun_ms < WINDOW_MS)
		return 0;
	r->refused = 0;
	return n;
}
