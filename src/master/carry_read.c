/* carry_read: from lines to a master. Written by root, and still not trusted: whatever does not fit is -1 and
 * a sentence, never a crash. A section is a row of a table. */
#include "base/fd.h"
#include "base/mem.h"
#include "base/say.h"
#include "master/carry.h"
#include "master/carry_field.h"
#include "master/process.h"
#include "master/process_table.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct section;

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

static void forget_at(struct reading *r)
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

	forget_at(r);
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

	forget_at(r);
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
	forget_at(r);
	d = r->plan->services[number(r) - 1];
	r->object = &d->files[d->files_n - 1];
	return 0;
}

/* ---- what runs */

static int number_services(struct master *m, struct err *e)
{
	struct service *s;
	size_t n = 0;

	LIST_EACH (s, &m->services, struct service, link)
		n += s->number != 0;
	m->services_n = n;
	m->by_number = mem_new(n, sizeof(struct service *));
	LIST_EACH (s, &m->services, struct service, link) {
		if (s->number == 0)
			continue;
		if (s->number > n || m->by_number[s->number - 1] != NULL)
			return err_set(e, "service %s: %u is not its number", s->definition->name, s->number);
		m->by_number[s->number - 1] = s;
	}
	return 0;
}

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

/* ---- lines */

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

static int end_section(struct reading *r, struct err *e)
{
	const struct section *s = r->section;

	r->section = NULL;
	r->object = NULL;
	return s != NULL && s->end != NULL ? s->end(r, e) : 0;
}

static int begin_section(struct reading *r, const char *word, const char *value, struct err *e)
{
	if (end_section(r, e) < 0)
		return -1;
	if (strcmp(word, "at") != 0)
		forget_at(r);
	for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
		if (strcmp(sections[i].is.word, word) != 0)
			continue;
		if (!is_time(r, &sections[i]))
			return err_set(e, "'%s' is not where it should be", word);
		r->section = &sections[i].is;
		return sections[i].is.begin(r, value, e);
	}
	return err_set(e, "there is nothing named '%.100s'", word);
}

static int take_field(struct reading *r, const char *name, const char *value, struct err *e)
{
	const struct section *s = r->section;

	if (s != NULL && s->setting != NULL)
		return s->setting(r, name, value, e);
	if (s != NULL && s->fields != NULL && r->object != NULL)
		return carry_take(s->fields, r->object, name, value, e);
	return err_set(e, "'%.100s' belongs to nothing", name);
}

/* `text` ends with NUL. */
static int take_line(struct reading *r, const char *text, struct err *e)
{
	char name[128];
	const char *equals = strchr(text, '=');
	size_t n = equals != NULL ? (size_t)(equals - text) : 0;

	if (n == 0 || n >= sizeof name)
		return err_set(e, "'%.100s' is no name and value", text);
	memcpy(name, text, n);
	name[n] = '\0';
	return name[0] == '+' ? begin_section(r, name + 1, equals + 1, e)
			      : take_field(r, name, equals + 1, e);
}

/* ---- the whole */

/* The pool's sums are made anew, by what each process is. */
static int check_service(struct service *s, struct err *e)
{
	struct process *p;

	for (size_t i = 0; i < s->watched_n; i++)
		if (s->watched[i].listener.fd < 0)
			return err_set(e, "service %s: a listener is missing", s->definition->name);
	LIST_EACH (p, &s->processes, struct process, link) {
		if (p->pid <= 0 || p->pidfd < 0 || p->id > s->master->next_id)
			return err_set(e, "service %s: a process is not whole", s->definition->name);
		pool_resumed(&s->pool, &p->pool);
	}
	return 0;
}

static int check_all(struct reading *r, struct err *e)
{
	struct master *m = r->m;
	struct service *s;

	if (!r->ended)
		return err_set(e, "it has no end");
	if (m->base_dir == NULL || m->lock < 0 || m->control.fd < 0 || m->control.at.address == NULL ||
		m->state < 0)
		return err_set(e, "the master is not whole");
	if (number_services(m, e) < 0)
		return -1;
	LIST_EACH (s, &m->services, struct service, link)
		if (check_service(s, e) < 0)
			return -1;
	return 0;
}

int carry_parse_lines(struct master *m, const char *lines, size_t len, struct err *e)
{
	struct reading r = {.m = m, .plan = plan_new()};
	int done = 0;

	if (len == 0 || lines[len - 1] != '\0')
		done = err_set(e, "its last line is cut");
	for (size_t at = 0; done == 0 && at < len; at += strlen(lines + at) + 1)
		done = take_line(&r, lines + at, e);
	if (done == 0)
		done = check_all(&r, e);
	forget_at(&r);
	for (size_t i = 0; i < r.plan->services_n; i++) /* they are not ours */
		for (size_t n = 0; n < r.plan->services[i]->files_n; n++)
			r.plan->services[i]->files[n].fd = -1;
	plan_free(&r.plan);
	return done;
}

int carry_parse(struct master *m, const void *bytes, size_t len, struct err *e)
{
	struct carry_head head;

	if (len < sizeof head)
		return err_set(e, "it is cut");
	memcpy(&head, bytes, sizeof head);
	if (head.magic != CARRY_MAGIC)
		return err_set(e, "it is not the state of a master");
	if (head.version != CARRY_VERSION)
		return err_set(e, "it is of version %llu, and this reeved reads version %d",
			(unsigned long long)head.version, CARRY_VERSION);
	if (head.length != len - sizeof head ||
		head.sum != carry_sum((const char *)bytes + sizeof head, len - sizeof head))
		return err_set(e, "it is damaged");
	return carry_parse_lines(m, (const char *)bytes + sizeof head, len - sizeof head, e);
}

int carry_read(struct master *m, int fd, struct err *e)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS), done;
	void *bytes;

	if (fstat(fd, &st) < 0 || seals < 0 || (seals & F_SEAL_WRITE) == 0 || (seals & F_SEAL_SHRINK) == 0)
		return err_set(e, "descriptor %d is not the sealed memory of a master", fd);
	if (st.st_size <= 0 || st.st_size > CARRY_MOST)
		return err_set(e, "it has %lld bytes", (long long)st.st_size);
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return err_set(e, "it cannot be mapped: %s", strerror(errno));
	done = carry_parse(m, bytes, (size_t)st.st_size, e);
	(void)munmap(bytes, (size_t)st.st_size);
	return done;
}

/* ---- the way back */

static void disown(struct carry_sink *to, int *fd)
{
	(void)to;
	*fd = -1;
}

static void forget_processes(struct master *m, struct service *s)
{
	struct process *p;

	LIST_EACH (p, &s->processes, struct process, link) {
		list_remove(&s->processes, &p->link);
		process_table_leave(m, p);
		m->alive--;
	}
}

void carry_forget(struct master *m)
{
	struct carry_sink sink = {.fd = disown};
	struct service *s;

	carry_walk(m, &sink);
	LIST_EACH (s, &m->services, struct service, link) {
		forget_processes(m, s);
		service_free(&s);
	}
	for (size_t i = 0; i < m->manager.passed_n; i++)
		mem_free(&m->manager.passed[i].name);
	mem_free(&m->manager.passed);
	m->manager.passed_n = 0;
	fd_close(&m->manager.sock);
	mem_free(&m->log.notices.queue);
	mem_free(&m->anvil.notices.queue);
	mem_free(&m->log.given);
	mem_free(&m->base_dir);
	mem_free(&m->control.at.address);
	mem_free(&m->by_number);
	m->services_n = 0;
	m->log.serving = NULL;
	spec_free(SPEC_global, &m->settings);
	spec_defaults(SPEC_global, &m->settings);
}
