/* sequence: a short list for each service. What a plan may have wrong is -1 and a sentence. */
#include "master/sequence.h"

#include "base/mem.h"
#include "base/say.h"
#include "master/report.h"
#include "master/service.h"

#include <stdio.h>
#include <string.h>

/* The next word of a list with blanks; NULL at its end. Moves *at behind it. */
static const char *next_word(const char **at, size_t *len)
{
	const char *word = *at + strspn(*at, " ");

	*len = strcspn(word, " ");
	*at = word + *len;
	return *len > 0 ? word : NULL;
}

static bool is_name(const char *word, size_t len, const char *name)
{
	return strlen(name) == len && memcmp(word, name, len) == 0;
}

/* ---- the plan */

static bool is_left(const struct plan *plan, const bool *placed, const char *word, size_t len)
{
	for (size_t i = 0; i < plan->services_n; i++)
		if (!placed[i] && is_name(word, len, plan->services[i]->name))
			return true;
	return false;
}

static bool exists(const struct plan *plan, const char *word, size_t len)
{
	for (size_t i = 0; i < plan->services_n; i++)
		if (is_name(word, len, plan->services[i]->name))
			return true;
	return false;
}

static const char *list_of(const struct definition *d, int i)
{
	return i == 0 ? d->settings.after : d->settings.requires;
}

static bool is_free(const struct plan *plan, const bool *placed, const struct definition *d)
{
	size_t len;

	for (int i = 0; i < 2; i++) {
		const char *at = list_of(d, i), *word;
		while ((word = next_word(&at, &len)) != NULL)
			if (is_left(plan, placed, word, len))
				return false;
	}
	return true;
}

static int check_names(const struct plan *plan, const struct definition *d, struct err *e)
{
	size_t len;

	for (int i = 0; i < 2; i++) {
		const char *at = list_of(d, i), *word;
		while ((word = next_word(&at, &len)) != NULL)
			if (!exists(plan, word, len))
				return err_set(e, "%s: there is no service '%.*s'",
					i == 0 ? "after" : "requires", (int)len, word);
	}
	return 0;
}

/* Places whoever waits for nobody that is not placed yet, until nothing moves: who is left then is in a
 * circle, or behind one. */
static const struct definition *find_cycle(const struct plan *plan, bool *placed)
{
	size_t left = plan->services_n;

	for (bool moved = true; moved && left > 0;) {
		moved = false;
		for (size_t i = 0; i < plan->services_n; i++)
			if (!placed[i] && is_free(plan, placed, plan->services[i])) {
				placed[i] = moved = true;
				left--;
			}
	}
	for (size_t i = 0; i < plan->services_n; i++)
		if (!placed[i])
			return plan->services[i];
	return NULL;
}

int sequence_check(const struct plan *plan, struct err *e)
{
	const struct definition *circle;
	bool *placed;

	for (size_t i = 0; i < plan->services_n; i++)
		if (check_names(plan, plan->services[i], e) < 0)
			return err_prefix(e, "service %s", plan->services[i]->name);
	placed = mem_new(plan->services_n + 1, sizeof *placed);
	circle = find_cycle(plan, placed);
	mem_free(&placed);
	return circle == NULL ? 0
			      : err_set(e, "service %s: after and requires lead back to it", circle->name);
}

static void add_need(struct service *s, struct service *other, bool is_required)
{
	struct sequence *q = &s->sequence;

	q->needs = mem_grow(q->needs, q->needs_n + 1, sizeof *q->needs);
	q->needs[q->needs_n++] = (struct need){other, is_required};
}

static void read_needs(struct service *s)
{
	struct service *other;
	size_t len;

	for (int i = 0; i < 2; i++) {
		const char *at = list_of(s->definition, i), *word;
		while ((word = next_word(&at, &len)) != NULL)
			LIST_EACH (other, &s->master->services, struct service, link)
				if (other->number != 0 && is_name(word, len, other->definition->name))
					add_need(s, other, i == 1);
	}
}

void sequence_free(struct service *s)
{
	mem_free(&s->sequence.needs);
	s->sequence.needs_n = 0;
}

void sequence_plan(struct master *m)
{
	struct service *s;

	LIST_EACH (s, &m->services, struct service, link) {
		sequence_free(s);
		if (s->number != 0)
			read_needs(s);
	}
}

/* ---- starts */

static void print_waits(struct service *s, char text[SEQUENCE_TEXT])
{
	const struct sequence *q = &s->sequence;
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < q->needs_n; i++) {
		int n;
		if (q->needs[i].service->sequence.is_up)
			continue;
		n = snprintf(text + used, SEQUENCE_TEXT - used, "%s%s", used > 0 ? ", " : "",
			q->needs[i].service->definition->name);
		used += n > 0 ? (size_t)n : 0;
		if (used >= SEQUENCE_TEXT)
			return;
	}
}

bool sequence_allows(struct service *s)
{
	char waits[SEQUENCE_TEXT];

	print_waits(s, waits);
	if (strcmp(waits, s->sequence.waits) != 0) {
		memcpy(s->sequence.waits, waits, sizeof waits);
		if (waits[0] != '\0')
			say(SAY_INFO, "service %s: waits for %s before it starts", s->definition->name,
				waits);
		report_service(s);
	}
	return waits[0] == '\0';
}

static bool has_come_up(const struct service *s)
{
	uint32_t work = s->pool.in[POOL_IDLE].count + s->pool.in[POOL_BUSY].count;

	if (s->pool.stopped || s->number == 0 || s->sequence.waits[0] != '\0')
		return false;
	if (s->contract->accepts)
		return true; /* its processes come with their clients */
	return s->kind->once ? s->pool.done : work >= (uint64_t)s->definition->settings.process_min_avail;
}

static bool needs(const struct service *s, const struct service *other)
{
	for (size_t i = 0; i < s->sequence.needs_n; i++)
		if (s->sequence.needs[i].service == other)
			return true;
	return false;
}

static bool requires(const struct service *s, const struct service *other)
{
	for (size_t i = 0; i < s->sequence.needs_n; i++)
		if (s->sequence.needs[i].service == other && s->sequence.needs[i].is_required)
			return true;
	return false;
}

void sequence_look(struct service *s)
{
	struct service *other;

	if (s->pool.stopped)
		s->sequence.is_up = false;
	if (s->sequence.is_up || !has_come_up(s))
		return;
	s->sequence.is_up = true;
	LIST_EACH (other, &s->master->services, struct service, link)
		if (needs(other, s))
			service_touch(other);
}

/* ---- ends */

bool sequence_is_needed(const struct service *s)
{
	const struct service *other;
	bool all_end = s->master->life == MASTER_STOPPING;

	LIST_EACH (other, &s->master->services, const struct service, link)
		if (other->processes.count > 0 && needs(other, s) &&
			(all_end || other->sequence.is_due || other->pool.stopped))
			return true;
	return false;
}

static void mark(struct service *s)
{
	struct service *other;

	s->sequence.is_due = true;
	LIST_EACH (other, &s->master->services, struct service, link)
		if (requires(other, s) && !other->pool.stopped && !other->sequence.is_due) {
			say(SAY_INFO, "service %s: stops because it requires %s", other->definition->name,
				s->definition->name);
			other->sequence.went_with = true;
			mark(other);
		}
}

/* Ending one may let another end. */
void sequence_turn(struct master *m)
{
	struct service *s;
	bool moved = true;

	while (moved) {
		moved = false;
		LIST_EACH (s, &m->services, struct service, link)
			if (s->sequence.is_due && !sequence_is_needed(s)) {
				s->sequence.is_due = false;
				service_end(s);
				fd_store_clear(&s->store);
				moved = true;
			}
	}
}

void sequence_stop(struct service *s)
{
	mark(s);
	sequence_turn(s->master);
}

static int start_one(struct service *s, struct err *e)
{
	s->sequence.is_due = false;
	return s->pool.stopped ? service_do(s, SERVICE_START, e) : 0;
}

int sequence_started(struct service *s, struct err *e)
{
	struct service *other;

	s->sequence.went_with = false;
	for (size_t i = 0; i < s->sequence.needs_n; i++)
		if (s->sequence.needs[i].is_required && start_one(s->sequence.needs[i].service, e) < 0)
			return err_prefix(e, "service %s", s->sequence.needs[i].service->definition->name);
	LIST_EACH (other, &s->master->services, struct service, link)
		if (requires(other, s) && other->sequence.went_with && start_one(other, e) < 0)
			return err_prefix(e, "service %s", other->definition->name);
	return 0;
}
