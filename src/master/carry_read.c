/* carry_read: from a memfd to lines, and from those to a whole master. What is cut, damaged, of another
 * version or not whole is -1 and a sentence, never a crash. */
#include "base/fd.h"
#include "base/mem.h"
#include "master/carry.h"
#include "master/carry_section.h"
#include "master/process_table.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

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
		section_forget_at(r);
	r->section = section_find(r, word, e);
	return r->section == NULL ? -1 : r->section->begin(r, value, e);
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

/* Every service that has a number is at its place. */
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
	section_forget_at(&r);
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
