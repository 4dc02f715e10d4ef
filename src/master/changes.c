/* changes: compares definitions. */
#include "master/changes.h"

#include "master/service.h"

#include <string.h>

static bool texts_are_same(const struct texts *a, const struct texts *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->text[i], b->text[i]) != 0)
			return false;
	return true;
}

static bool listeners_are_same(const struct definition *a, const struct definition *b)
{
	if (a->listeners_n != b->listeners_n)
		return false;
	for (size_t i = 0; i < a->listeners_n; i++) {
		const struct listener_definition *x = &a->listeners[i], *y = &b->listeners[i];
		if (!listener_definition_is_same_place(x, y) || strcmp(x->name, y->name) != 0 ||
			x->ssl != y->ssl || x->haproxy != y->haproxy)
			return false;
	}
	return true;
}

/* Of listeners that are the same. */
static bool owners_are_same(const struct definition *a, const struct definition *b)
{
	for (size_t i = 0; i < a->listeners_n && i < b->listeners_n; i++) {
		const struct listener_definition *x = &a->listeners[i], *y = &b->listeners[i];
		if (x->uid != y->uid || x->gid != y->gid || x->mode != y->mode)
			return false;
	}
	return true;
}

/* Dovecot's programs read dovecot.conf when they start: after `doveadm reload` others must run. Not anvil,
 * who would forget everybody, and not the log process, who is told in its environment. */
static bool rereads(const struct engine *en, const struct definition *d)
{
	const struct kind *kind = kind_find(d->settings.type);

	return en->is_reload && en->master->settings.doveadm &&
	       strcmp(d->settings.contract, "dovecot") == 0 && (kind == NULL || !kind->single);
}

static void name_change(const struct spec_row *row, void *arg)
{
	struct buf *names = arg;

	buf_print(names, "%s%s", names->used > 0 ? ", " : "", row->name);
}

/* How the definition of a service changes; the names of what differs go to `names`. */
static enum spec_change compare(const struct definition *old, const struct definition *new, struct buf *names)
{
	enum spec_change most = spec_diff(SPEC_service, &old->settings, &new->settings, name_change, names);
	enum spec_change because = most;
	const char *more[] = {
		texts_are_same(&old->arguments, &new->arguments) ? NULL : "executable",
		texts_are_same(&old->environment, &new->environment) ? NULL : "env",
		listeners_are_same(old, new) ? NULL : "listeners",
		definition_files_are_same(old, new) ? NULL : "open_files",
	};

	if (most < SPEC_LIVE && !owners_are_same(old, new)) {
		buf_print(names, "owner or mode of a listener");
		most = SPEC_LIVE;
	}

	for (size_t i = 0; i < sizeof more / sizeof *more; i++)
		if (more[i] != NULL) {
			if (strstr(buf_text(names), more[i]) == NULL)
				buf_print(names, "%s%s", names->used > 0 ? ", " : "", more[i]);
			most = SPEC_RENEW;
		}
	/* an anvil that is replaced forgets everybody: only what it must be replaced for */
	if (strcmp(new->settings.type, "anvil") == 0 && most == SPEC_RENEW && because == most &&
		more[0] == NULL && more[2] == NULL)
		return SPEC_LIVE;
	return most;
}

enum spec_change changes_of(const struct engine *en, const struct definition *old,
	const struct definition *new, struct buf *names)
{
	enum spec_change change = compare(old, new, names);

	if (change >= SPEC_RENEW || !rereads(en, new))
		return change;
	buf_print(names, "%sdovecot.conf is read again", names->used > 0 ? ", " : "");
	return SPEC_RENEW;
}

void changes_print(
	struct buf *text, const struct service *s, enum spec_change change, const struct buf *names)
{
	static const char *const verbs[] = {"keep  ", "live  ", "resize", "renew ", "renew "};

	buf_print(text, "%s %s%s%s%s%s\n", verbs[change], s->definition->name, names->used > 0 ? " (" : "",
		buf_text(names), names->used > 0 ? ")" : "", service_is_stopped(s) ? ", stopped" : "");
}

void changes_describe(const struct engine *en, struct buf *text)
{
	const struct plan *plan = en->plan;
	struct service *s;

	LIST_EACH (s, &en->master->services, struct service, link)
		if (s->number != 0 && !plan_has(plan, s->definition->name))
			buf_print(text, "stop   %s\n", s->definition->name);
	for (size_t i = 0; i < plan->services_n; i++) {
		struct buf names = {0};
		s = service_find(en->master, plan->services[i]->name);
		if (s == NULL || s->number == 0)
			buf_print(text, "start  %s\n", plan->services[i]->name);
		else
			changes_print(
				text, s, changes_of(en, s->definition, plan->services[i], &names), &names);
		buf_free(&names);
	}
}
