/* carry_field: one member of a struct of the master as a line of carry.h: a row of a table each. */
#ifndef REEVE_MASTER_CARRY_FIELD_H
#define REEVE_MASTER_CARRY_FIELD_H

#include "base/err.h"
#include "master/carry.h"

enum carry_type {
	CARRY_UNSIGNED,
	CARRY_SIGNED,
	CARRY_FLAG,
	CARRY_FD,    /* -1: none, and no line */
	CARRY_TEXT,  /* char *, the struct's own; NULL: no line */
	CARRY_CHARS, /* char [size] */
};

struct carry_field {
	const char *name;
	enum carry_type type;
	size_t offset, size;
	uint64_t most; /* a bigger number is refused; 0: any that fits */
};

struct carry_fields {
	const struct carry_field *rows;
	size_t n;
};

extern const struct carry_fields carry_master, carry_service, carry_process, carry_watched, carry_stored,
	carry_passed, carry_file, carry_inet, carry_path;

/* A line for each. */
void carry_put(struct carry_sink *to, const struct carry_fields *fields, void *object);

/* Stores the value of the row with that name. -1: there is none, or the value does not fit it. */
int carry_take(const struct carry_fields *fields, void *object, const char *name, const char *value,
	struct err *e) MUST_USE;

#endif
