/* carry: what a running master hands to the program that takes its place (upgrade.h): everything it holds, in
 * a sealed memfd, as names and values, so that another build with other structs can read it.
 *
 *   head   magic, version of this format, length, checksum
 *   lines  texts that end with NUL: "+section=name" begins an object, "field=value" belongs to the last one
 *
 * First the plan in force, as an engine would send it (carry_read checks it with the same functions), then
 * what runs. A line that the reader does not know, or a value out of its range, is refused: then the old
 * master goes on. A field that is missing keeps its value of a fresh object. */
#ifndef REEVE_MASTER_CARRY_H
#define REEVE_MASTER_CARRY_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct master;

#define CARRY_MAGIC   UINT64_C(0x7972726143657652) /* "RveCarry" */
#define CARRY_VERSION 1
#define CARRY_MOST    (256 * 1024 * 1024) /* bytes */

struct carry_head {
	uint64_t magic, version, length, sum;
};

/* What is told of each line, and of each descriptor of the master's own. */
struct carry_sink {
	void (*line)(struct carry_sink *to, const char *name, const char *value); /* NULL: not */
	void (*fd)(struct carry_sink *to, int *fd);                               /* NULL: not */
};

/* Everything that is carried, in its order. Changes nothing by itself. */
void carry_walk(struct master *m, struct carry_sink *to);

/* The sum over the lines. */
uint64_t carry_sum(const char *lines, size_t len);

/* A sealed memfd with all of it. -1: a sentence. */
int carry_write(struct master *m, struct err *e) MUST_USE;

/* Makes every descriptor survive an exec, or not any more. -1: errno; one of them is not open. */
int carry_keep(struct master *m, bool over_exec) MUST_USE;

/* Reads it into a master that has no services yet, and checks all of it. Touches no descriptor; nothing runs
 * until resume_begin. -1: a sentence; the master is of no use then. */
int carry_read(struct master *m, int fd, struct err *e) MUST_USE;

/* The same of bytes in memory, and of the lines alone (for tests). */
int carry_parse(struct master *m, const void *bytes, size_t len, struct err *e) MUST_USE;
int carry_parse_lines(struct master *m, const char *lines, size_t len, struct err *e) MUST_USE;

/* Frees what carry_read made: the master is as it was. The descriptors stay open: they are not ours before
 * resume_begin. */
void carry_forget(struct master *m);

#endif
