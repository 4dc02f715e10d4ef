/* carry_section: from the lines to plan and master. Written by root, and still not trusted: whatever does not
 * fit is -1 and a sentence. */
#include "master/carry_section.h"

#include "base/mem.h"
#include "master/process_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the master */

static int begin_reeve(struct reading *r, const char *value, struct err *e)
{
	if (strlen(value) >= sizeof r->m->upgrade.from)
		return err_set(e, "its version is too long");
	memcpy(r->m->upgrade.from, value, strlen(value) + 1);
	return 0;
}

static int begin_master(struct reading *r, const char *value, struct err *e)
{
	(void)value;
	(void)e;
	r->object = r->m;
	return 0;
}

static int take_pending(struct notices *n, const char *value, struct err *e)
{
	size_t len = strlen(value);

	if (len > NOTICES_BYTES || len == 0 || value[len - 1] != '\n' || n->queue != NULL)
		return err_set(e, "what waits for a pipe is not whole lines");
	n->queue = mem_new(NOTICES_BYTES, 1);
	memcpy(n->queue, value, len);
	n->used = len;
	return 0;
}

static int begin_log_pending(struct reading *r, const char *value, struct err *e)
{
	return take_pending(&r->m->log.notices, value, e);
}

static int begin_anvil_pending(struct reading *r, const char *value, struct err *e)
{
	return take_pending(&r->m->anvil.notices, value, e);
}

static int begin_manager(struct reading *r, const char *value, struct err *e)
{
	return manager_set_address(&r->m->manager, value) ? 0 : err_set(e, "'%.100s' is no address", value);
}

static int begin_passed(struct reading *r, const char *value, struct err *e)
{
	struct manager *mg = &r->m->manager;

	(void)e;
	mg->passed = mem_grow(mg->passed, mg->passed_n + 1, sizeof *mg->passed);
	mg->passed[mg->passed_n] = (struct passed){-1, mem_text(value), false};
	r->object = &mg->passed[mg->passed_n++];
	return 0;
}

/* ---- the plan */

static int begin_settings(struct reading *r, const char *value, struct err *e)
{
	(void)r;
	(void)value;
	(void)e;
	return 0;
}

static bool has(const void *settings, const struct spec_row *row, const char *value)
{
	const char *at = (const char *)settings + row->offset;
	char number[24];
	int64_t n;
	char *text;

	if (!spec_is_number(row->type)) {
		memcpy(&text, at, sizeof text);
		return strcmp(text, value) == 0;
	}
	memcpy(&n, at, sizeof n);
	(void)snprintf(number, sizeof number, "%" PRId64, n);
	return strcmp(number, value) == 0;
}

/* Nothing is to be done for a setting that had its default, which need not be a value that one may write:
 * here it is the same, or there is no such setting. */
static bool is_default(enum spec_scope scope, const void *settings, const char **name, const char *value)
{
	const struct spec_row *row;

	if (**name != '~')
		return false;
	++*name;
	row = spec_find(scope, *name);
	return row == NULL || has(settings, row, value);
}

static int take_global(struct reading *r, const char *name, const char *value, struct err *e)
{
	if (is_default(SPEC_global, &r->plan->settings, &name, value))
		return 0;
	return plan_global(r->plan, &(struct wire_global){name, value}, e);
}

static uint32_t number(const struct reading *r)
{
	return (uint32_t)r->plan->services_n;
}

static int begin_define(struct reading *r, const char *value, struct err *e)
{
	return plan_service(r->plan, &(struct wire_service){number(r) + 1, value}, e);
}

static int take_setting(struct reading *r, const char *name, const char *value, struct err *e)
{
	if (is_default(SPEC_service, &r->plan->services[number(r) - 1]->settings, &name, value))
		return 0;
	return plan_setting(r->plan, &(struct wire_setting){number(r), name, value}, e);
}

static int begin_argument(struct reading *r, const char *value, struct err *e)
{
	return plan_argument(r->plan, &(struct wire_argument){number(r), value}, e);
}

static int begin_environment(struct reading *r, const char *value, struct err *e)
{
	return plan_environment(r->plan, &(struct wire_environment){number(r), value}, e);
}

static int begin_inet(struct reading *r, const char *value, struct err *e)
{
	(void)e;
	r->at = (struct listener_definition){.kind = LISTENER_INET, .name = mem_text(value)};
	r->object = &r->at;
	return 0;
}

void section_forget_at(struct reading *r)
{
	mem_free(&r->at.name);
	mem_free(&r->at.address);
}

static int end_inet(struct reading *r, struct err *e)
{
	const struct listener_definition *at = &r->at;
	int done = plan_inet(r->plan,
		&(struct wire_inet_listener){number(r), at->name, at->address != NULL ? at->address : "",
			at->port, at->ssl, at->haproxy, at->reuse_port},
		e);

	section_forget_at(r);
	return done;
}

static int begin_path(struct reading *r, const char *value, struct err *e)
{
	(void)e;
	r->at = (struct listener_definition){.kind = LISTENER_UNIX, .address = mem_text(value)};
	r->object = &r->at;
	return 0;
}

static int64_t id_of(uint32_t id)
{
	return id == UINT32_MAX ? -1 : (int64_t)id;
}

static int end_path(struct reading *r, struct err *e)
{
	const struct listener_definition *at = &r->at;
	int done = plan_path(r->plan,
		&(struct wire_path_listener){number(r), at->kind == LISTENER_FIFO, at->address, at->mode,
			id_of(at->uid), id_of(at->gid)},
		e);

	section_forget_at(r);
	return done;
}

static int begin_file(struct reading *r, const char *value, struct err *e)
{
	(void)e;
	r->at = (struct listener_definition){.name = mem_text(value)};
	return 0;
}

/* The path of the file before. */
static int begin_at(struct reading *r, const char *value, struct err *e)
{
	struct definition *d;

	if (r->at.name == NULL)
		return err_set(e, "a path without a file");
	if (plan_file(r->plan, &(struct wire_open_file){number(r), r->at.name, value}, e) < 0)
		return -1;
	section_forget_at(r);
	d = r->plan->services[number(r) - 1];
	r->object = &d->files[d->files_n - 1];
	return 0;
}

/* ---- what runs */

static int begin_running(struct reading *r, const char *value, struct err *e)
{
	struct master *m = r->m;
	struct plan *plan = r->plan;
	struct spec_global_settings old = m->settings;

	(void)value;
	if (plan_check(plan, m->is_root, e) < 0)
		return -1;
	m->settings = plan->settings;
	plan->settings = old; /* freed with the plan */
	for (size_t i = 0; i < plan->services_n; i++)
		(void)service_new(m, plan_take(plan, i));
	plan->services_n = 0;
	r->runs = true;
	return 0;
}

static int begin_service(struct reading *r, const char *value, struct err *e)
{
	r->service = service_find(r->m, value);
	r->object = r->service;
	return r->service != NULL ? 0 : err_set(e, "there is no service '%.100s'", value);
}

static int begin_serving(struct reading *r, const char *value, struct err *e)
{
	(void)value;
	(void)e;
	r->m->log.serving = r->service;
	return 0;
}

static void make_watched(struct service *s)
{
	const struct definition *d = s->definition;

	s->watched = mem_new(d->listeners_n, sizeof *s->watched);
	s->watched_n = d->listeners_n;
	for (size_t i = 0; i < s->watched_n; i++) {
		s->watched[i].listener.at = d->listeners[i];
		s->watched[i].listener.fd = -1;
	}
}

static int begin_watched(struct reading *r, const char *value, struct err *e)
{
	struct service *s = r->service;
	char *end;
	unsigned long i = strtoul(value, &end, 10);

	if (value[0] == '\0' || *end != '\0' || i >= s->definition->listeners_n)
		return err_set(e, "service %s has no listener %.20s", s->definition->name, value);
	if (s->watched == NULL)
		make_watched(s);
	r->object = &s->watched[i];
	return 0;
}

static int begin_stored(struct reading *r, const char *value, struct err *e)
{
	struct fd_store *store = &r->service->store;
	struct stored_fd *slot;

	if (store->n >= store->room || strlen(value) >= NOTIFY_NAME)
		return err_set(e, "service %s stores more descriptors than fd_store allows",
			r->service->definition->name);
	slot = &store->slots[store->n++];
	memset(slot, 0, sizeof *slot);
	slot->fd = -1;
	memcpy(slot->name, value, strlen(value) + 1);
	r->object = slot;
	return 0;
}

static int begin_process(struct reading *r, const char *value, struct err *e)
{
	struct process *p;
	char *end;
	uint64_t id = strtoull(value, &end, 10);

	if (id == 0 || *end != '\0' || process_find(r->m, id) != NULL)
		return err_set(e, "'%.20s' is not the id of a process", value);
	p = process_table_take(r->m);
	if (p == NULL)
		return err_set(e, "there is not enough memory for its processes");
	p->service = r->service;
	p->contract = r->service->contract;
	p->id = id;
	list_add(&r->service->processes, &p->link);
	process_table_enter(r->m, p);
	r->m->alive++;
	r->process = p;
	r->object = p;
	return 0;
}

static int take_contract(struct reading *r, const char *name, bool wait, struct err *e)
{
	const struct contract *c = contract_find(name, wait);

	if (c == NULL || r->process == NULL)
		return err_set(e, "there is no contract '%.100s'", name);
	r->process->contract = c;
	r->object = r->process;
	return 0;
}

static int begin_contract(struct reading *r, const char *value, struct err *e)
{
	return take_contract(r, value, false, e);
}

static int begin_contract_wait(struct reading *r, const char *value, struct err *e)
{
	return take_contract(r, value, true, e);
}

static int begin_end(struct reading *r, const char *value, struct err *e)
{
	(void)value;
	(void)e;
	r->ended = true;
	return 0;
}

/* ---- the table */

/* clang-format off */
enum when { BEFORE, DEFINING, RUNNING };
static const struct placed {
	enum when when; /* the plan has no service yet, has one, is in force */
	struct section is;
} sections[] = {
	{BEFORE,   {.word = "reeve", .begin = begin_reeve}},
	{BEFORE,   {.word = "master", .begin = begin_master, .fields = &carry_master}},
	{BEFORE,   {.word = "log-pending", .begin = begin_log_pending}},
	{BEFORE,   {.word = "anvil-pending", .begin = begin_anvil_pending}},
	{BEFORE,   {.word = "manager", .begin = begin_manager}},
	{BEFORE,   {.word = "passed", .begin = begin_passed, .fields = &carry_passed}},
	{BEFORE,   {.word = "settings", .begin = begin_settings, .setting = take_global}},
	{BEFORE,   {.word = "define", .begin = begin_define, .setting = take_setting}},
	{DEFINING, {.word = "argument", .begin = begin_argument}},
	{DEFINING, {.word = "environment", .begin = begin_environment}},
	{DEFINING, {.word = "inet", .begin = begin_inet, .fields = &carry_inet, .end = end_inet}},
	{DEFINING, {.word = "path", .begin = begin_path, .fields = &carry_path, .end = end_path}},
	{DEFINING, {.word = "file", .begin = begin_file}},
	{DEFINING, {.word = "at", .begin = begin_at, .fields = &carry_file}},
	{BEFORE,   {.word = "running", .begin = begin_running}},
	{RUNNING,  {.word = "service", .begin = begin_service, .fields = &carry_service}},
	{RUNNING,  {.word = "serving", .begin = begin_serving}},
	{RUNNING,  {.word = "watched", .begin = begin_watched, .fields = &carry_watched}},
	{RUNNING,  {.word = "stored", .begin = begin_stored, .fields = &carry_stored}},
	{RUNNING,  {.word = "process", .begin = begin_process}},
	{RUNNING,  {.word = "contract", .begin = begin_contract, .fields = &carry_process}},
	{RUNNING,  {.word = "contract-wait", .begin = begin_contract_wait, .fields = &carry_process}},
	{RUNNING,  {.word = "end", .begin = begin_end}},
};
/* clang-format on */

static bool is_time(const struct reading *r, const struct placed *p)
{
	if (p->when == RUNNING)
		return r->runs && !r->ended &&
		       (r->service != NULL || p->is.fields == &carry_service || p->is.begin == begin_end);
	return !r->runs && (p->when == BEFORE || r->plan->services_n > 0);
}

const struct section *section_find(const struct reading *r, const char *word, struct err *e)
{
	for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
		if (strcmp(sections[i].is.word, word) != 0)
			continue;
		if (is_time(r, &sections[i]))
			return &sections[i].is;
		(void)err_set(e, "'%s' is not where it should be", word);
		return NULL;
	}
	(void)err_set(e, "there is nothing named '%.100s'", word);
	return NULL;
}
