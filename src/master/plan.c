/* plan: collects and checks definitions. Everything wrong in it is -1 and a sentence. */
#include "master/plan.h"

#include "base/fd.h"
#include "base/mem.h"
#include "master/kind.h"
#include "master/ready.h"
#include "master/rlimits.h"
#include "master/sequence.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

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

static void texts_free(struct texts *t)
{
	for (size_t i = 0; i < t->count; i++)
		mem_free(&t->text[i]);
	mem_free(&t->text);
	t->count = 0;
}

static void files_free(struct definition *d)
{
	for (size_t i = 0; i < d->files_n; i++) {
		mem_free(&d->files[i].name);
		mem_free(&d->files[i].path);
		fd_close(&d->files[i].fd);
	}
	mem_free(&d->files);
	d->files_n = 0;
}

void definition_free(struct definition **dp)
{
	struct definition *d = *dp;

	if (d == NULL)
		return;
	for (size_t i = 0; i < d->listeners_n; i++) {
		mem_free(&d->listeners[i].name);
		mem_free(&d->listeners[i].address);
	}
	mem_free(&d->listeners);
	files_free(d);
	texts_free(&d->arguments);
	texts_free(&d->environment);
	spec_free(SPEC_service, &d->settings);
	mem_free(&d->name);
	mem_free(dp);
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

static const char *below(const char *dir, const char *path)
{
	size_t n = strlen(dir);

	return strncmp(dir, path, n) == 0 && path[n] == '/' ? path + n + 1 : path;
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
	l->name = mem_text(below(plan->settings.base_dir, m->path));
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

/* O_NONBLOCK: a fifo, which is refused, must not stop us. */
static int open_file(struct file_definition *f, struct err *e)
{
	struct stat st;

	f->fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (f->fd < 0 || fstat(f->fd, &st) < 0)
		return err_set(e, "open_files: cannot open %s: %s", f->path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(e, "open_files: %s is not a regular file", f->path);
	f->dev = st.st_dev;
	f->ino = st.st_ino;
	f->size = st.st_size;
	f->changed = st.st_mtim;
	return 0;
}

int definition_open_files(struct definition *d, struct err *e)
{
	for (size_t i = 0; i < d->files_n; i++)
		if (d->files[i].fd < 0 && open_file(&d->files[i], e) < 0)
			return -1;
	return 0;
}

static bool file_is_same(const struct file_definition *a, const struct file_definition *b)
{
	return strcmp(a->name, b->name) == 0 && a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

bool definition_files_are_same(const struct definition *a, const struct definition *b)
{
	if (a->files_n != b->files_n)
		return false;
	for (size_t i = 0; i < a->files_n; i++)
		if (!file_is_same(&a->files[i], &b->files[i]))
			return false;
	return true;
}

int definition_backlog(const struct definition *d)
{
	int64_t n;

	if (__builtin_mul_overflow(d->settings.process_limit, d->settings.client_limit, &n) || n > INT_MAX)
		return INT_MAX;
	return n < 511 ? 511 : (int)n; /* room for a burst even before small pools */
}

bool listener_definition_is_same_place(
	const struct listener_definition *a, const struct listener_definition *b)
{
	return a->kind == b->kind && a->port == b->port && strcmp(a->address, b->address) == 0;
}

static int check_numbers(const struct definition *d, struct err *e)
{
	const struct spec_service_settings *s = &d->settings;

	if (s->client_limit < 1)
		return err_set(e, "client_limit must be at least 1");
	if (s->process_limit < 1)
		return err_set(e, "process_limit must be at least 1");
	if (s->process_min_avail > s->process_limit)
		return err_set(e, "process_min_avail %lld is more than process_limit %lld",
			(long long)s->process_min_avail, (long long)s->process_limit);
	if (s->vsz_limit > 0 && s->vsz_limit < 1 << 20)
		return err_set(e, "vsz_limit must be at least \"1M\", or 0 for none");
	return 0;
}

static int check_privileges(const struct definition *d, uid_t engine_uid, bool is_root, struct err *e)
{
	const struct spec_service_settings *s = &d->settings;

	if (is_root && s->user < 0)
		return err_set(e, "no user was given");
	if (!is_root && ((s->user >= 0 && s->user != (int64_t)geteuid()) || s->chroot[0] != '\0'))
		return err_set(e, "without root its processes can have no other user and no chroot");
	if (engine_uid != (uid_t)-1 && engine_uid != 0 && s->user == (int64_t)engine_uid)
		return err_set(e, "user %lld is the policy engine's own; no service may run as it",
			(long long)s->user);
	return 0;
}

/* What its contract can and cannot have. */
static int check_contract(const struct definition *d, struct err *e)
{
	const struct spec_service_settings *s = &d->settings;
	const struct contract *c = contract_find(s->contract, s->wait != 0);
	struct ready_rule ready;
	struct place alive;

	if (c == NULL)
		return err_set(e, "there is no contract '%s'", s->contract);
	if (ready_parse(s->ready, c, &ready, e) < 0)
		return err_prefix(e, "ready");
	if (s->alive[0] != '\0' && place_parse(s->alive, &alive, e) < 0)
		return err_prefix(e, "alive");
	if (strcmp(c->name, "inetd") == 0 && (d->listeners_n == 0 || (c->wait && d->listeners_n > 1)))
		return err_set(e, "contract \"inetd\" needs %s listener; it has %zu",
			c->wait ? "with wait = true exactly one" : "a", d->listeners_n);
	for (size_t i = 0; c->accepts && i < d->listeners_n; i++)
		if (d->listeners[i].kind == LISTENER_FIFO)
			return err_set(
				e, "nobody can be accepted on fifo_listener %s", d->listeners[i].address);
	return 0;
}

static int check_service(const struct plan *plan, const struct definition *d, bool is_root, struct err *e)
{
	if (d->arguments.count == 0 || d->arguments.text[0][0] != '/')
		return err_set(e, "its executable is not an absolute path");
	if (kind_find(d->settings.type) == NULL)
		return err_set(e, "there is no type '%s'", d->settings.type);
	if (check_contract(d, e) < 0 || check_numbers(d, e) < 0 || rlimits_check(d->settings.rlimits, e) < 0)
		return -1;
	return check_privileges(d, plan->engine_uid, is_root, e);
}

static int check_places(const struct plan *plan, size_t i, struct err *e)
{
	const struct definition *d = plan->services[i];

	for (size_t n = 0; n < d->listeners_n; n++)
		for (size_t j = 0; j <= i; j++) {
			const struct definition *other = plan->services[j];
			size_t end = j == i ? n : other->listeners_n;
			for (size_t k = 0; k < end; k++)
				if (listener_definition_is_same_place(&d->listeners[n], &other->listeners[k]))
					return err_set(e, "listener '%s' is also one of service %s",
						d->listeners[n].address, other->name);
		}
	return 0;
}

int plan_check(const struct plan *plan, bool is_root, struct err *e)
{
	if (plan->settings.base_dir[0] != '/')
		return err_set(e, "base_dir '%s' is not an absolute path", plan->settings.base_dir);
	for (size_t i = 0; i < plan->services_n; i++)
		if (check_service(plan, plan->services[i], is_root, e) < 0 || check_places(plan, i, e) < 0)
			return err_prefix(e, "service %s", plan->services[i]->name);
	return sequence_check(plan, e);
}
