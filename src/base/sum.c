/* sum: what was summed up so far, and more. Nothing here can fail. */
#include "base/sum.h"

uint64_t sum_number(uint64_t sum, uint64_t number)
{
	return (sum ^ number) * UINT64_C(1099511628211);
}

uint64_t sum_bytes(uint64_t sum, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;

	while (n-- > 0)
		sum = sum_number(sum, *p++);
	return sum;
}
