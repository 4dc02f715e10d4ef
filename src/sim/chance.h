/* chance: numbers that depend on the seed, a purpose and a count alone, so that what one client or process
 * meets does not depend on what a policy did for the others (common random numbers). The mixer is
 * splitmix64's. */
#ifndef REEVE_SIM_CHANCE_H
#define REEVE_SIM_CHANCE_H

#include <stdint.h>

enum chance { CHANCE_BOOT, CHANCE_START_FAILURE, CHANCE_CRASH, CHANCE_CRASH_TIME, CHANCE_RETRY };

static inline uint64_t chance_mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

/* In [0, 1). */
static inline double chance_of(uint64_t seed, enum chance purpose, uint64_t n)
{
	uint64_t x = chance_mix(seed + UINT64_C(0x9E3779B97F4A7C15) * ((uint64_t)purpose + 1));

	return (double)(chance_mix(x + UINT64_C(0x9E3779B97F4A7C15) * (n + 1)) >> 11) * 0x1p-53;
}

#endif
