/* plan: collects and checks definitions. Everything wrong in it is -1 and a sentence. */
#include "master/plan.h"

#include "base/fd.h"
#include "base/mem.h"
#include "master/directory.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/un.h>

/* An engine gone wild must not eat root's memory. */
#define SERVICES_MOST  10000
#define TEXTS_MOST     4096
#define LISTENERS_MOST 1024
#define FILES_MOST     256

struct plan *plan_new(void)
{
	struct plan *plan = mem_new(1, sizeof *plan);

	spec_defaults(SPEC_global, &plan->settings);
	plan->control = (struct listener_definition){
		.kind = LISTENER_UNIX, .mode = 0600, .uid = (uid_t)-1, .gid = (gid_t)-1};
	plan->engine_uid = (uid_t)-1;
	plan->engine_gid = (gid_t)-1;
	plan->bundle = -1;
	return plan;
}

void plan_free(struct plan **pp)
{
	struct plan *plan = *pp;

	if (plan == NULL)
		return;
	for (size_t i = 0; i < plan->services_n; i++)
		definition_free(&plan->services[i]);
	mem_free(&plan->services);
	spec_free(SPEC_global, &plan->settings);
	fd_close(&plan->bundle);
	mem_free(pp);
}

struct definition *plan_take(struct plan *plan, size_t index)
{
	struct definition *d = plan->services[index];

	plan->services[index] = NULL;
	return d;
}

int plan_global(struct plan *plan, const struct wire_global *m, struct err *e)
{
	const struct spec_row *row = spec_find(SPEC_global, m->name);

	if (row == NULL)
		return err_set(e, "there is no global setting '%s'", m->name);
	return spec_store(row, &plan->settings, m->value, e);
}

int plan_service(struct plan *plan, const struct wire_service *m, struct err *e)
{
	struct definition *d;

	if (m->svc != plan->services_n + 1 || plan->services_n >= SERVICES_MOST)
		return err_set(e, "service %u ('%s') is not the next one", m->svc, m->name);
	if (m->name[0] == '\0' || strlen(m->name) > 64 || strpbrk(m->name, "/\t\n") != NULL)
		return err_set(e, "'%s' is not a name of a service", m->name);
	for (size_t i = 0; i < plan->services_n; i++)
		if (strcmp(plan->services[i]->name, m->name) == 0)
			return err_set(e, "service '%s' is defined twice", m->name);
	d = mem_new(1, sizeof *d);
	d->name = mem_text(m->name);
	spec_defaults(SPEC_service, &d->settings);
	plan->services = mem_grow(plan->services, plan->services_n + 1, sizeof *plan->services);
	plan->services[plan->services_n++] = d;
	return 0;
}

static struct definition *find(const struct plan *plan, uint32_t svc, struct err *e)
{
	if (svc >= 1 && svc <= plan->services_n)
		return plan->services[svc - 1];
	(void)err_set(e, "there is no service number %u", svc);
	return NULL;
}

int plan_setting(struct plan *plan, const struct wire_setting *m, struct err *e)
{
	struct definition *d = find(plan, m->svc, e);
	const struct spec_row *row = spec_find(SPEC_service, m->name);

	if (d == NULL)
		return -1;
	if (row == NULL)
		return err_set(e, "service %s: there is no setting '%s'", d->name, m->name);
	if (spec_store(row, &d->settings, m->value, e) < 0)
		return err_prefix(e, "service %s", d->name);
	return 0;
}

static int add_text(struct texts *t, const char *text, struct err *e)
{
	if (t->count >= TEXTS_MOST)
		return err_set(e, "more than %d words", TEXTS_MOST);
	t->text = mem_grow(t->text, t->count + 1, sizeof *t->text);
	t->text[t->count++] = mem_text(text);
	return 0;
}

int plan_argument(struct plan *plan, const struct wire_argument *m, struct err *e)
{
	struct definition *d = find(plan, m->svc, e);

	return d == NULL ? -1 : add_text(&d->arguments, m->value, e);
}

int plan_environment(struct plan *plan, const struct wire_environment *m, struct err *e)
{
	struct definition *d = find(plan, m->svc, e);

	if (d == NULL)
		return -1;
	if (strchr(m->value, '=') == NULL || m->value[0] == '=')
		return err_set(e, "service %s: '%s' is not NAME=value", d->name, m->value);
	return add_text(&d->environment, m->value, e);
}

static struct listener_definition *add_listener(struct plan *plan, uint32_t svc, struct err *e)
{
	struct definition *d = find(plan, svc, e);
	struct listener_definition *l;

	if (d == NULL)
		return NULL;
	if (d->listeners_n >= LISTENERS_MOST) {
		(void)err_set(e, "service %s has more than %d listeners", d->name, LISTENERS_MOST);
		return NULL;
	}
	d->listeners = mem_grow(d->listeners, d->listeners_n + 1, sizeof *d->listeners);
	l = &d->listeners[d->listeners_n++];
	memset(l, 0, sizeof *l);
	return l;
}

static bool is_address(const char *text)
{
	unsigned char room[16];

	return inet_pton(AF_INET, text, room) == 1 || inet_pton(AF_INET6, text, room) == 1;
}

int plan_inet(struct plan *plan, const struct wire_inet_listener *m, struct err *e)
{
	struct listener_definition *l;

	if (!is_address(m->address))
		return err_set(e, "inet_listener '%s': '%s' is not an IP address", m->name, m->address);
	if (m->port == 0 || m->port > 65535)
		return err_set(e, "inet_listener '%s': %u is not a port", m->name, m->port);
	l = add_listener(plan, m->svc, e);
	if (l == NULL)
		return -1;
	l->kind = LISTENER_INET;
	l->name = mem_text(m->name);
	l->address = mem_text(m->address);
	l->port = (uint16_t)m->port;
	l->ssl = m->ssl;
	l->haproxy = m->haproxy;
	l->reuse_port = m->reuse_port;
	return 0;
}

static bool is_owner(uint32_t mode, int64_t uid, int64_t gid)
{
	return uid >= -1 && uid < UINT32_MAX && gid >= -1 && gid < UINT32_MAX && mode <= 07777;
}

int plan_control(struct plan *plan, const struct wire_control_socket *m, struct err *e)
{
	if (!is_owner(m->mode, m->uid, m->gid))
		return err_set(e, "control: its owner or mode is out of range");
	plan->control.mode = (mode_t)m->mode;
	plan->control.uid = (uid_t)m->uid;
	plan->control.gid = (gid_t)m->gid;
	return 0;
}

int plan_path(struct plan *plan, const struct wire_path_listener *m, struct err *e)
{
	const char *inside = directory_below(plan->settings.base_dir, m->path);
	struct listener_definition *l;

	if (m->path[0] != '/' || strstr(m->path, "/../") != NULL)
		return err_set(e, "listener '%s' is not an absolute path without '..'", m->path);
	if (strlen(m->path) >= sizeof((struct sockaddr_un *)0)->sun_path)
		return err_set(e, "listener '%s' is longer than the %zu bytes a socket's path may have",
			m->path, sizeof((struct sockaddr_un *)0)->sun_path - 1);
	if (!is_owner(m->mode, m->uid, m->gid))
		return err_set(e, "listener '%s': its owner or mode is out of range", m->path);
	l = add_listener(plan, m->svc, e);
	if (l == NULL)
		return -1;
	l->kind = m->fifo ? LISTENER_FIFO : LISTENER_UNIX;
	l->name = mem_text(inside != NULL ? inside : m->path);
	l->address = mem_text(m->path);
	l->mode = (mode_t)m->mode;
	l->uid = (uid_t)m->uid;
	l->gid = (gid_t)m->gid;
	return 0;
}

static bool is_name(const char *text)
{
	size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

	return n > 0 && n <= 64 && text[n] == '\0';
}

int plan_file(struct plan *plan, const struct wire_open_file *m, struct err *e)
{
	struct definition *d = find(plan, m->svc, e);
	struct file_definition *f;

	if (d == NULL)
		return -1;
	if (!is_name(m->name) || m->path[0] != '/')
		return err_set(e, "service %s: open_files: '%s' = '%s' is not a name and an absolute path",
			d->name, m->name, m->path);
	if (d->files_n >= FILES_MOST)
		return err_set(e, "service %s: more than %d open_files", d->name, FILES_MOST);
	d->files = mem_grow(d->files, d->files_n + 1, sizeof *d->files);
	f = &d->files[d->files_n++];
	*f = (struct file_definition){.name = mem_text(m->name), .path = mem_text(m->path), .fd = -1};
	return 0;
}

bool plan_has(const struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->services_n; i++)
		if (strcmp(plan->services[i]->name, name) == 0)
			return true;
	return false;
}
