/* limit: patience, complaint, drop. Nothing fails. */
#include "master/limit.h"

#include "base/say.h"
#include "master/report.h"
#include "master/service.h"

#define WARN_MS  1000
#define GRACE_MS 10000

/* Names the setting that made it so: process_limit, unless there is one process by intent. */
static void complain(struct service *s, const char *what)
{
	const struct spec_service_settings *set = &s->definition->settings;
	const char *name = s->definition->name;

	if (s->contract->accepts)
		say(SAY_WARNING,
			"service %s: process_limit (%lld) is reached and %u clients %s; raise process_limit",
			name, (long long)set->process_limit, s->waiting, what);
	else if (set->process_limit > 1)
		say(SAY_WARNING,
			"service %s: process_limit (%lld) is reached and %u clients %s; raise process_limit, "
			"or client_limit (%lld) if a process can serve more",
			name, (long long)set->process_limit, s->waiting, what, (long long)set->client_limit);
	else if (set->service_count == 1)
		say(SAY_WARNING,
			"service %s: its one process takes one client (client_limit/service_count is 1) and "
			"%u clients %s; raise process_limit",
			name, s->waiting, what);
	else
		say(SAY_WARNING,
			"service %s: client_limit (%lld) of its one process is reached and %u clients %s; "
			"raise client_limit",
			name, (long long)set->client_limit, s->waiting, what);
}

static void drop(struct service *s)
{
	for (size_t i = 0; i < s->watched_n; i++)
		s->dropped += listener_drop(&s->watched[i].listener);
	service_count_waiting(s);
}

uint64_t limit_face(struct service *s, uint64_t now)
{
	struct limit *l = &s->limit;
	bool never_drops = s->kind->never_drops ||
			   s->contract->accepts; /* the next end of a process takes one of them */

	if (l->since == 0)
		l->since = now;
	if (s->kind->full != NULL)
		s->kind->full(s);
	if (now - l->since < s->kind->quiet_ms)
		return l->since + s->kind->quiet_ms;
	l->dropping = l->dropping || (!never_drops && now - l->since >= GRACE_MS);
	if (l->warned == 0 || now - l->warned >= WARN_MS) {
		l->warned = now;
		complain(s, l->dropping ? "are dropped" : "wait");
		report_event(s->master, WIRE_limit, &(struct wire_limit){s->number, now, s->waiting});
	}
	if (l->dropping)
		drop(s);
	return l->dropping || never_drops ? 0 : l->since + GRACE_MS;
}

void limit_clear(struct service *s, bool somebody_can)
{
	if (!somebody_can && s->limit.dropping)
		return;
	s->limit.since = 0;
	s->limit.dropping = false;
}
