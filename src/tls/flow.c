/* flow: nothing in here fails. What waits moves to the front when the room behind it is used up. */
#include "tls/flow.h"

#include <assert.h>
#include <string.h>

size_t flow_room(struct flow *f, unsigned char **to)
{
	if (f->state != FLOW_OPEN || f->used == FLOW_ROOM)
		return 0;
	if (f->start + f->used == FLOW_ROOM) {
		memmove(f->at, f->at + f->start, f->used);
		f->start = 0;
	}
	*to = f->at + f->start + f->used;
	return FLOW_ROOM - f->start - f->used;
}

void flow_added(struct flow *f, size_t n)
{
	assert(f->state == FLOW_OPEN && n <= FLOW_ROOM - f->start - f->used);
	f->used += n;
}

void flow_end(struct flow *f)
{
	if (f->state == FLOW_OPEN)
		f->state = FLOW_ENDING;
}

size_t flow_waiting(const struct flow *f, const unsigned char **from)
{
	*from = f->at + f->start;
	return f->used;
}

void flow_removed(struct flow *f, size_t n)
{
	assert(n <= f->used);
	f->start += n;
	f->used -= n;
	if (f->used == 0)
		f->start = 0;
}

bool flow_must_tell(const struct flow *f)
{
	return f->state == FLOW_ENDING && f->used == 0;
}

void flow_told(struct flow *f)
{
	assert(flow_must_tell(f));
	f->state = FLOW_ENDED;
}

void flow_break(struct flow *f)
{
	f->state = FLOW_ENDED;
	f->start = f->used = 0;
}
