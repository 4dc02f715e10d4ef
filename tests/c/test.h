/* test: what every cmocka test includes, and a random number that is the same in every run. */
#ifndef REEVE_TEST_H
#define REEVE_TEST_H

/* cmocka.h needs the others before it */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
/* clang-format on */

/* The form of output, for tests that empty their environment, too. */
__attribute__((constructor)) static void test_output(void)
{
	if (getenv("CMOCKA_MESSAGE_OUTPUT") != NULL)
		cmocka_set_message_output(CM_OUTPUT_TAP);
}

/* splitmix64 (Steele, Lea, Flood 2014). TEST_SEED in the environment starts elsewhere. */
static inline uint64_t test_random(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static inline uint32_t test_below(uint64_t *state, uint32_t n)
{
	return (uint32_t)(test_random(state) % n);
}

static inline uint64_t test_seed(void)
{
	const char *given = getenv("TEST_SEED");

	return given != NULL ? strtoull(given, NULL, 10) : 1;
}

#endif
