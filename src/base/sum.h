/* sum: FNV-1a of 64 bits (Fowler, Noll and Vo). It finds accidents, for every step is a bijection of the
 * state, so that no change of a single byte goes unseen; it does not stop who wants to deceive. */
#ifndef REEVE_BASE_SUM_H
#define REEVE_BASE_SUM_H

#include <stddef.h>
#include <stdint.h>

#define SUM_BEGIN UINT64_C(14695981039346656037) /* of nothing yet */

/* The sum with one more number, as a single step. */
uint64_t sum_number(uint64_t sum, uint64_t number);

/* The sum with so many more bytes. */
uint64_t sum_bytes(uint64_t sum, const void *bytes, size_t n);

#endif
