/* carry_section: what each "+section=value" of carry.h begins, a row of a table each: in the plan, or in what
 * runs. */
#ifndef REEVE_MASTER_CARRY_SECTION_H
#define REEVE_MASTER_CARRY_SECTION_H

#include "master/carry_field.h"
#include "master/process.h"

struct section;

/* What has been read so far. */
struct reading {
	struct master *m;
	struct plan *plan;
	const struct section *section;
	void *object; /* that the fields are of */
	struct listener_definition at;
	struct service *service;
	struct process *process;
	bool runs; /* the plan is whole */
	bool ended;
};

struct section {
	const char *word;
	const struct carry_fields *fields; /* of `object`; NULL: `setting`, or none */
	int (*begin)(struct reading *r, const char *value, struct err *e);
	int (*setting)(struct reading *r, const char *name, const char *value, struct err *e);
	int (*end)(struct reading *r, struct err *e);
	bool stays; /* no object of its own: the fields after it are of the section before */
};

/* The row of that word. NULL and a sentence: there is none, or it may not stand here. */
const struct section *section_find(const struct reading *r, const char *word, struct err *e);

/* Frees what a listener or file that was begun has kept. */
void section_forget_at(struct reading *r);

#endif
