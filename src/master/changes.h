/* changes: how the plan of an engine differs from the one in force, service by service: what has to be done,
 * and because of which settings. */
#ifndef REEVE_MASTER_CHANGES_H
#define REEVE_MASTER_CHANGES_H

#include "base/buf.h"
#include "master/engine.h"

/* What the new definition of a service asks for; the names of what differs go to `names`. */
enum spec_change changes_of(const struct engine *en, const struct definition *old,
	const struct definition *new, struct buf *names);

/* A line of a description: what is done, to whom, because of what. */
void changes_print(
	struct buf *text, const struct service *s, enum spec_change change, const struct buf *names);

/* What putting the plan of `en` into force would do, a line a service. Nothing is changed. */
void changes_describe(const struct engine *en, struct buf *text);

#endif
