/* login: one bit for all processes of a service. What fails is said. */
#include "master/login.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/say.h"
#include "master/ladder.h"
#include "master/process.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TELL_MS 2000

static void tell(struct service *s)
{
	struct process *p;

	s->login.is_due = false;
	s->login.told = clock_ms();
	LIST_EACH (p, &s->processes, struct process, link)
		if (p->pool.reported) /* before that it has no handler */
			process_signal(p, SIGUSR1);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	tell(arg);
}

void login_init(struct service *s)
{
	memset(&s->login, 0, sizeof s->login);
	s->login.fd = -1;
	(void)evtimer_assign(&s->login.timer, s->master->loop, on_timer, s);
}

int login_file(struct service *s)
{
	if (s->login.fd < 0)
		s->login.fd = memfd_create("reeve-login", MFD_CLOEXEC);
	if (s->login.fd < 0)
		say(SAY_ERROR, "service %s: no file to tell its processes that they are full: %s",
			s->definition->name, strerror(errno));
	return s->login.fd;
}

void login_free(struct service *s)
{
	(void)event_del(&s->login.timer);
	fd_close(&s->login.fd);
}

static void tell_later(struct login *l, uint64_t now)
{
	uint64_t left = l->told + TELL_MS > now ? l->told + TELL_MS - now : 0;

	l->is_due = true;
	(void)event_add(
		&l->timer, &(struct timeval){(time_t)(left / 1000), (suseconds_t)(left % 1000 * 1000)});
}

void login_resume(struct service *s)
{
	if (s->login.is_due)
		tell_later(&s->login, clock_ms());
}

static void set(struct service *s, bool full)
{
	struct login *l = &s->login;
	uint64_t now = clock_ms();

	if (l->fd < 0 || l->is_full == full)
		return;
	l->is_full = full;
	(void)lseek(l->fd, full, SEEK_SET);
	if (l->is_due)
		return;
	if (l->told == 0 || now - l->told >= TELL_MS) {
		tell(s);
		return;
	}
	tell_later(l, now);
}

void login_full(struct service *s)
{
	set(s, true);
}

void login_counted(struct process *p, uint32_t before)
{
	const struct pool *pool = &p->service->pool;

	if (p->pool.available > before)
		set(p->service, false);
	else if (p->pool.available < before && pool->available == 0 && pool_live(pool) >= pool->process_limit)
		set(p->service, true);
}

bool login_ended(struct process *p, bool exited, int status)
{
	(void)exited;
	(void)status;
	set(p->service, false); /* there is room for another one */
	return false;
}
