/* carry: the walk over everything that a master holds, and the memfd it is written to. Allocates nothing but
 * what the defaults of the settings need. Failures are -1. */
#include "master/carry.h"

#include "base/fd.h"
#include "base/sum.h"
#include "master/carry_field.h"
#include "master/process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void line(struct carry_sink *to, const char *name, const char *value)
{
	if (to->line != NULL)
		to->line(to, name, value);
}

static void number_line(struct carry_sink *to, const char *name, uint64_t n)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%" PRIu64, n);
	line(to, name, text);
}

/* ---- the plan */

/* '~' marks a default: a build that does not know the setting does without it. */
static void put_setting(
	struct carry_sink *to, const struct spec_row *row, const char *settings, const char *defaults)
{
	char name[80], text[24];
	const int64_t *numbers[] = {
		(const void *)(settings + row->offset), (const void *)(defaults + row->offset)};
	char *const *texts[] = {
		(const void *)(settings + row->offset), (const void *)(defaults + row->offset)};
	bool same;

	if (spec_is_number(row->type)) {
		same = *numbers[0] == *numbers[1];
		(void)snprintf(text, sizeof text, "%" PRId64, *numbers[0]);
	} else {
		same = strcmp(*texts[0], *texts[1]) == 0;
	}
	(void)snprintf(name, sizeof name, "%s%s", same ? "~" : "", row->name);
	line(to, name, spec_is_number(row->type) ? text : *texts[0]);
}

static void put_settings(struct carry_sink *to, enum spec_scope scope, const void *settings,
	const void *defaults, bool with_order)
{
	for (size_t i = 0; i < spec_settings_n; i++) {
		const struct spec_row *row = &spec_settings[i];
		bool order = strcmp(row->name, "after") == 0 || strcmp(row->name, "requires") == 0;
		if (row->scope == scope && (with_order || !order))
			put_setting(to, row, settings, defaults);
	}
}

static void put_texts(struct carry_sink *to, const char *name, const struct texts *t)
{
	for (size_t i = 0; i < t->count; i++)
		line(to, name, t->text[i]);
}

static void put_listener_definition(struct carry_sink *to, struct listener_definition *l)
{
	if (l->kind == LISTENER_INET) {
		line(to, "+inet", l->name);
		carry_put(to, &carry_inet, l);
	} else {
		line(to, "+path", l->address);
		carry_put(to, &carry_path, l);
	}
}

static void put_file(struct carry_sink *to, struct file_definition *f)
{
	line(to, "+file", f->name);
	line(to, "+at", f->path);
	carry_put(to, &carry_file, f);
}

/* One that a reload has removed only sees its processes out: it listens nowhere and waits for nobody. */
static void put_definition(struct carry_sink *to, const struct service *s, const void *defaults)
{
	struct definition *d = s->definition;

	line(to, "+define", d->name);
	put_settings(to, SPEC_service, &d->settings, defaults, s->number != 0);
	put_texts(to, "+argument", &d->arguments);
	put_texts(to, "+environment", &d->environment);
	for (size_t i = 0; i < d->listeners_n && s->number != 0; i++)
		put_listener_definition(to, &d->listeners[i]);
	for (size_t i = 0; i < d->files_n; i++)
		put_file(to, &d->files[i]);
}

static void put_plan(struct carry_sink *to, struct master *m)
{
	struct spec_global_settings globals;
	struct spec_service_settings defaults;
	struct service *s;

	spec_defaults(SPEC_global, &globals);
	spec_defaults(SPEC_service, &defaults);
	line(to, "+settings", "");
	put_settings(to, SPEC_global, &m->settings, &globals, true);
	LIST_EACH (s, &m->services, struct service, link)
		put_definition(to, s, &defaults);
	spec_free(SPEC_global, &globals);
	spec_free(SPEC_service, &defaults);
}

/* ---- what runs */

static void put_process(struct carry_sink *to, struct process *p)
{
	number_line(to, "+process", p->id);
	line(to, p->contract->wait ? "+contract-wait" : "+contract", p->contract->name);
	carry_put(to, &carry_process, p);
}

/* In the order of the pool's lists, which is theirs afterwards: the longest idle first. */
static void put_processes(struct carry_sink *to, const struct service *s)
{
	struct process *p;

	for (int state = 0; state < POOL_STATES; state++)
		LIST_EACH (p, &s->pool.in[state], struct process, pool.link)
			put_process(to, p);
}

static void put_service(struct carry_sink *to, struct service *s)
{
	line(to, "+service", s->definition->name);
	carry_put(to, &carry_service, s);
	if (s->master->log.serving == s)
		line(to, "+serving", "");
	for (size_t i = 0; i < s->watched_n; i++) {
		number_line(to, "+watched", i);
		carry_put(to, &carry_watched, &s->watched[i]);
	}
	for (size_t i = 0; i < s->store.n; i++) {
		line(to, "+stored", s->store.slots[i].name);
		carry_put(to, &carry_stored, &s->store.slots[i]);
	}
	put_processes(to, s);
}

/* Whole lines that a pipe has not taken yet. */
static void put_pending(struct carry_sink *to, const char *name, const struct notices *n)
{
	char text[NOTICES_BYTES + 1];

	if (n->fd < 0 || n->used == 0 || n->used > NOTICES_BYTES)
		return;
	memcpy(text, n->queue, n->used);
	text[n->used] = '\0';
	line(to, name, text);
}

static void put_manager(struct carry_sink *to, struct manager *mg)
{
	char path[sizeof mg->at.sun_path + 1] = "";
	size_t n = mg->at_len > offsetof(struct sockaddr_un, sun_path)
			   ? mg->at_len - offsetof(struct sockaddr_un, sun_path)
			   : 0;

	if (mg->sock >= 0 && n > 0) {
		memcpy(path, mg->at.sun_path, n);
		if (path[0] == '\0')
			path[0] = '@';
		line(to, "+manager", path);
	}
	for (size_t i = 0; i < mg->passed_n; i++) {
		line(to, "+passed", mg->passed[i].name);
		carry_put(to, &carry_passed, &mg->passed[i]);
	}
}

void carry_walk(struct master *m, struct carry_sink *to)
{
	struct service *s;

	line(to, "+reeve", REEVE_VERSION);
	line(to, "+master", "");
	carry_put(to, &carry_master, m);
	put_pending(to, "+log-pending", &m->log.notices);
	put_pending(to, "+anvil-pending", &m->anvil.notices);
	put_manager(to, &m->manager);
	put_plan(to, m);
	line(to, "+running", "");
	LIST_EACH (s, &m->services, struct service, link)
		put_service(to, s);
	line(to, "+end", "");
}

/* ---- into a memfd */

uint64_t carry_sum(const char *lines, size_t len)
{
	return sum_bytes(SUM_BEGIN, lines, len);
}

struct writer {
	struct carry_sink sink;
	int fd, error; /* 0: none so far */
	size_t used;
	struct carry_head head;
	char bytes[65536];
};

static void flush(struct writer *w)
{
	w->head.sum = sum_bytes(w->head.sum, w->bytes, w->used);
	w->head.length += w->used;
	if (w->error == 0 && fd_write_all(w->fd, w->bytes, w->used) < 0)
		w->error = errno;
	w->used = 0;
}

static void add(struct writer *w, const char *text, size_t len)
{
	while (len > 0) {
		size_t n = sizeof w->bytes - w->used;
		if (n > len)
			n = len;
		memcpy(w->bytes + w->used, text, n);
		w->used += n;
		text += n;
		len -= n;
		if (w->used == sizeof w->bytes)
			flush(w);
	}
}

static void write_line(struct carry_sink *to, const char *name, const char *value)
{
	struct writer *w = (struct writer *)to; /* its first member */

	add(w, name, strlen(name));
	add(w, "=", 1);
	add(w, value, strlen(value) + 1);
}

static int seal(struct writer *w)
{
	flush(w);
	if (w->error == 0 && w->head.length > CARRY_MOST - sizeof w->head)
		w->error = EFBIG;
	if (w->error == 0 && (fd_write_at(w->fd, &w->head, sizeof w->head, 0) < 0 ||
				     fcntl(w->fd, F_ADD_SEALS,
					     F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0))
		w->error = errno;
	return w->error;
}

int carry_write(struct master *m, struct err *e)
{
	static struct writer w; /* 64 KiB that need not be found when memory is short */

	w = (struct writer){.sink = {.line = write_line},
		.fd = memfd_create("reeve-carry", MFD_CLOEXEC | MFD_ALLOW_SEALING),
		.head = {CARRY_MAGIC, CARRY_VERSION, 0, SUM_BEGIN}};
	if (w.fd < 0 || lseek(w.fd, sizeof w.head, SEEK_SET) < 0)
		w.error = errno;
	else
		carry_walk(m, &w.sink);
	if (w.fd < 0 || seal(&w) != 0) {
		fd_close(&w.fd);
		return err_set(e, "no memory for what is to be handed over: %s", strerror(w.error));
	}
	return w.fd;
}

/* ---- descriptors */

struct keeper {
	struct carry_sink sink;
	int flags, error;
};

static void keep_one(struct carry_sink *to, int *fd)
{
	struct keeper *k = (struct keeper *)to; /* its first member */

	if (fcntl(*fd, F_SETFD, k->flags) < 0)
		k->error = errno;
}

int carry_keep(struct master *m, bool over_exec)
{
	struct keeper k = {.sink = {.fd = keep_one}, .flags = over_exec ? 0 : FD_CLOEXEC};

	carry_walk(m, &k.sink);
	errno = k.error;
	return k.error == 0 ? 0 : -1;
}
