/* manager: datagrams that nobody waits for, and a short list of sockets. What is malformed is as if it were
 * not there; nothing fails. */
#include "master/manager.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/say.h"
#include "master/service.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIRST_FD    3
#define PASSED_MOST 1024

/* ---- what it gave us */

bool manager_set_address(struct manager *mg, const char *path)
{
	size_t n = path != NULL ? strlen(path) : 0;

	if (n < 2 || n >= sizeof mg->at.sun_path || (path[0] != '/' && path[0] != '@'))
		return false;
	fd_close(&mg->sock);
	mg->at.sun_family = AF_UNIX;
	memcpy(mg->at.sun_path, path, n);
	if (path[0] == '@')
		mg->at.sun_path[0] = '\0';
	mg->at_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (path[0] == '/'));
	mg->sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return true;
}

/* A number of the environment, 0: there is none. */
static long number(const char *name)
{
	const char *text = getenv(name);
	char *end;
	long n = text != NULL ? strtol(text, &end, 10) : 0;

	return n > 0 && *end == '\0' ? n : 0;
}

/* Is the variable of that name our pid? */
static bool is_for_us(const char *name)
{
	return number(name) == (long)getpid();
}

static char *name_of(const char **names)
{
	size_t n = strcspn(*names, ":");
	char *name = strndup(*names, n);

	*names += n + ((*names)[n] == ':');
	return name != NULL ? name : mem_text("");
}

static void take_sockets(struct manager *mg)
{
	long n = is_for_us("LISTEN_PID") ? number("LISTEN_FDS") : 0;
	const char *names = getenv("LISTEN_FDNAMES");

	if (n > PASSED_MOST)
		n = PASSED_MOST;
	names = names != NULL ? names : "";
	for (int fd = FIRST_FD; fd < FIRST_FD + n; fd++) {
		char *name = name_of(&names);
		if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
			mem_free(&name);
			continue; /* it is not open */
		}
		mg->passed = mem_grow(mg->passed, mg->passed_n + 1, sizeof *mg->passed);
		mg->passed[mg->passed_n++] = (struct passed){fd, name, false};
	}
}

void manager_init(struct manager *mg)
{
	static const char *const its[] = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_PID",
		"LISTEN_FDS", "LISTEN_FDNAMES"};

	memset(mg, 0, sizeof *mg);
	mg->sock = -1;
	take_sockets(mg);
	(void)manager_set_address(mg, getenv("NOTIFY_SOCKET"));
	if (getenv("WATCHDOG_PID") == NULL || is_for_us("WATCHDOG_PID"))
		mg->watchdog_ms = (uint64_t)number("WATCHDOG_USEC") / 1000;
	for (size_t i = 0; i < sizeof its / sizeof its[0]; i++)
		(void)unsetenv(its[i]);
}

void manager_end(struct manager *mg)
{
	for (size_t i = 0; i < mg->passed_n; i++) {
		fd_close(&mg->passed[i].fd);
		mem_free(&mg->passed[i].name);
	}
	mem_free(&mg->passed);
	mg->passed_n = 0;
	fd_close(&mg->sock);
}

/* ---- its sockets */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un path;
};

static bool is_listening(int fd, union address *a)
{
	int on = 0, type = 0;
	socklen_t len = sizeof on;

	memset(a, 0, sizeof *a);
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) < 0 || on == 0)
		return false;
	len = sizeof type;
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0 || type != SOCK_STREAM)
		return false;
	len = sizeof *a - 1;
	return getsockname(fd, &a->any, &len) == 0;
}

static bool is_kind(const union address *a, const struct listener_definition *at)
{
	if (at->kind == LISTENER_UNIX)
		return a->any.sa_family == AF_UNIX;
	return at->kind == LISTENER_INET && (a->any.sa_family == AF_INET || a->any.sa_family == AF_INET6);
}

static bool is_at(const union address *a, const struct listener_definition *at)
{
	char host[INET6_ADDRSTRLEN] = "";

	if (!is_kind(a, at))
		return false;
	if (at->kind == LISTENER_UNIX)
		return strcmp(a->path.sun_path, at->address) == 0;
	if (a->any.sa_family == AF_INET)
		return a->v4.sin_port == htons(at->port) &&
		       inet_ntop(AF_INET, &a->v4.sin_addr, host, sizeof host) != NULL &&
		       strcmp(host, at->address) == 0;
	return a->v6.sin6_port == htons(at->port) &&
	       inet_ntop(AF_INET6, &a->v6.sin6_addr, host, sizeof host) != NULL &&
	       strcmp(host, at->address) == 0;
}

static void give(struct passed *p, struct listener *l, const struct listener_definition *at)
{
	int flags = fcntl(p->fd, F_GETFL);

	if (flags >= 0)
		(void)fcntl(p->fd, F_SETFL, flags | O_NONBLOCK);
	p->is_used = true;
	memset(l, 0, sizeof *l);
	l->at = *at;
	l->fd = p->fd;
	l->is_managers = true;
}

bool manager_listener(struct manager *mg, struct listener *l, const struct listener_definition *at)
{
	union address a;

	for (size_t i = 0; i < mg->passed_n; i++)
		if (is_listening(mg->passed[i].fd, &a) && is_at(&a, at)) {
			give(&mg->passed[i], l, at);
			return true;
		}
	for (size_t i = 0; i < mg->passed_n; i++)
		if (at->name[0] != '\0' && strcmp(mg->passed[i].name, at->name) == 0 &&
			is_listening(mg->passed[i].fd, &a) && is_kind(&a, at)) {
			give(&mg->passed[i], l, at);
			return true;
		}
	return false;
}

void manager_plan(const struct manager *mg)
{
	for (size_t i = 0; i < mg->passed_n; i++)
		if (!mg->passed[i].is_used)
			say(SAY_WARNING,
				"the service manager passed a socket (descriptor %d, name '%s') that no "
				"listener has as its "
				"address or name; nobody will answer there",
				mg->passed[i].fd, mg->passed[i].name);
}

/* ---- what it is told */

static void tell(struct manager *mg, const char *format, ...) PRINTF(2, 3);

static void tell(struct manager *mg, const char *format, ...)
{
	char text[512];
	va_list args;
	int n;

	if (mg->sock < 0)
		return;
	va_start(args, format);
	n = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (n > 0)
		(void)sendto(mg->sock, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1,
			MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&mg->at, mg->at_len);
}

/* The first service that is not up yet, or NULL. */
static const struct service *first_missing(const struct master *m)
{
	const struct service *s;

	LIST_EACH (s, &m->services, const struct service, link) {
		uint32_t work = s->pool.in[POOL_IDLE].count + s->pool.in[POOL_BUSY].count;
		if (s->number != 0 && !s->pool.stopped && !s->contract->accepts &&
			work < (uint64_t)s->definition->settings.process_min_avail)
			return s;
	}
	return NULL;
}

static void print_status(const struct master *m, const struct service *missing, char *out, size_t room)
{
	const struct service *s;
	unsigned throttled = 0;
	uint64_t now = clock_ms();

	if (missing != NULL) {
		(void)snprintf(out, room, "waiting for %s: %u of %" PRId64 " processes are up",
			missing->definition->name,
			missing->pool.in[POOL_IDLE].count + missing->pool.in[POOL_BUSY].count,
			missing->definition->settings.process_min_avail);
		return;
	}
	LIST_EACH (s, &m->services, const struct service, link)
		throttled += s->pool.throttled_until > now;
	(void)snprintf(
		out, room, "%u processes of %zu services, %u throttled", m->alive, m->services_n, throttled);
}

void manager_turn(struct master *m)
{
	struct manager *mg = &m->manager;
	const struct service *missing;
	char status[sizeof mg->status];

	if (mg->sock < 0 || m->life != MASTER_RUNNING)
		return;
	missing = first_missing(m);
	print_status(m, mg->is_ready ? NULL : missing, status, sizeof status);
	if (!mg->is_ready && missing == NULL) {
		mg->is_ready = true;
		tell(mg, "READY=1\nSTATUS=%s", status);
	} else if (strcmp(status, mg->status) != 0) {
		tell(mg, "STATUS=%s", status);
	}
	memcpy(mg->status, status, sizeof status);
}

void manager_reloading(struct master *m)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	m->manager.is_reloading = true;
	tell(&m->manager, "RELOADING=1\nMONOTONIC_USEC=%lld",
		(long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

void manager_reloaded(struct master *m)
{
	if (!m->manager.is_reloading)
		return;
	m->manager.is_reloading = false;
	tell(&m->manager, "READY=1");
}

void manager_stopping(struct master *m)
{
	tell(&m->manager, "STOPPING=1\nSTATUS=stopping, %u processes are still there", m->alive);
}

void manager_alive(struct master *m)
{
	struct manager *mg = &m->manager;
	uint64_t now = clock_ms();

	if (mg->watchdog_ms == 0 || now - mg->fed < mg->watchdog_ms / 4)
		return;
	mg->fed = now;
	tell(mg, "WATCHDOG=1");
}
