/* tail: the last log lines of every service, in a memfd that several programs share.
 *
 * The log process writes it, the policy engine reads it, the master only holds it: so the lines outlive both
 * and nobody opens a file for them. The file has TAIL_SLOTS slots of TAIL_SLOT bytes, one a service, found by
 * its name. A slot is written as a whole; its sequence is odd meanwhile, so a reader never sees half of it.
 * What a reader finds is foreign: bounded, but anything. */
#ifndef REEVE_BASE_TAIL_H
#define REEVE_BASE_TAIL_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

#define TAIL_SLOT  8192
#define TAIL_SLOTS 512
#define TAIL_BYTES ((size_t)TAIL_SLOT * TAIL_SLOTS)
#define TAIL_NAME  120

struct tail_head {
	uint32_t sequence; /* odd: it is being written */
	uint32_t length;   /* of the text behind the head */
	char name[TAIL_NAME];
};

#define TAIL_TEXT (TAIL_SLOT - sizeof(struct tail_head))

/* A new memfd of that size, empty. -1: errno */
int tail_new(void) MUST_USE;

/* Frees the slots of names that are not among the `n` names, so that a new one finds room. */
void tail_keep(int fd, const char *const names[], size_t n);

/* The slot of that name, taking a free one where it has none. -1: none is free, or the name is too long. */
int tail_slot(int fd, const char *name) MUST_USE;

/* Replaces the text of a slot that is the name's; what is beyond TAIL_TEXT is left out. -1: errno */
int tail_write(int fd, int slot, const char *name, const char *text, size_t len) MUST_USE;

/* The text of that name into `out` (TAIL_TEXT bytes); its length, -1: there is none. */
int tail_read(int fd, const char *name, char *out) MUST_USE;

#endif
