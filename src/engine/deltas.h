/* deltas: records of numbers, flags and texts, each written as what differs from the last one of its kind. A
 * report of a busy process takes about a dozen bytes so. docs/RECORDING.md is the format. */
#ifndef REEVE_ENGINE_DELTAS_H
#define REEVE_ENGINE_DELTAS_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DELTAS_FIELDS_MOST 32
#define DELTAS_KINDS_MOST  60

enum delta_type {
	DELTA_INTEGER,
	DELTA_FLAG,
	DELTA_TEXT,
};

struct delta_field {
	char *name;
	enum delta_type type;
	int64_t number; /* the last one, of an integer or flag */
	struct buf text;
};

struct delta_kind {
	char *name;
	struct delta_field fields[DELTAS_FIELDS_MOST];
	size_t fields_n;
};

struct deltas {
	struct delta_kind kinds[DELTAS_KINDS_MOST];
	size_t kinds_n;
};

/* A value of a record, as the caller has it. */
struct delta_value {
	int64_t number;
	const char *text;
	size_t length;
};

/* Reads a schema: a line for each kind, `name field:i field:b field:s ...`. -1: it is none, or too long. */
int deltas_define(struct deltas *d, const char *schema, struct err *e) MUST_USE;
void deltas_free(struct deltas *d);

/* Forgets the last records: the next ones stand for themselves. */
void deltas_reset(struct deltas *d);

/* -1: there is no such kind. */
int deltas_find(const struct deltas *d, const char *name);

/* Adds a record to `out`; values in the order of the kind's fields. */
void deltas_put(struct deltas *d, size_t kind, const struct delta_value *values, struct buf *out);

/* Adds a record that is a text. */
void deltas_note(const char *text, size_t len, struct buf *out);

#endif
