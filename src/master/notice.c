/* notice: a table of what can be said and what is done about it. Nothing a process says ends the master. */
#include "master/notice.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/say.h"
#include "master/alive.h"
#include "master/ladder.h"
#include "master/notify_socket.h"
#include "master/outfit.h"
#include "master/process.h"
#include "master/report.h"

#include <event2/event.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define LAST_WORDS  64               /* datagrams that are read behind the end of their process */
#define EXTEND_MOST (10 * 60 * 1000) /* ms that one message may ask for */
#define USELESS     (1U << 31)       /* a datagram that is too long, or a stranger's */

static const char *name_of(const struct process *p)
{
	return p->service->definition->name;
}

/* Whoever may write to the socket may not fill the log: each kind of thing is said once for a process. */
static bool is_news(struct process *p, uint32_t what)
{
	bool news = (p->notice.complained & what) == 0;

	p->notice.complained |= what;
	return news;
}

/* ---- one function for each thing that can be said */

static void say_ready(struct process *p, const struct notice *n, struct notify_received *r)
{
	(void)n;
	(void)r;
	if (p->notice.is_reloading && p->step == STEP_RELOAD)
		ladder_climb(p, STEP_NONE, TEXT_UNLIMITED);
	p->notice.is_reloading = false;
	if (p->service->ready.kind == READY_NOTIFY)
		process_is_up(p);
}

/* MONOTONIC_USEC tells a reload from one that has been heard of; the older Type=notify goes without. */
static void say_reloading(struct process *p, const struct notice *n, struct notify_received *r)
{
	(void)r;
	if ((n->said & NOTIFY_MONOTONIC) != 0 && n->monotonic_usec <= p->notice.reload_usec)
		return;
	p->notice.reload_usec = n->monotonic_usec;
	p->notice.is_reloading = true;
	if (p->step == STEP_NONE)
		ladder_climb(p, STEP_RELOAD, p->service->definition->settings.start_timeout);
}

/* No signal, then or at a later stop: to many programs a second one means at once. Its time counts from here.
 */
static void say_stopping(struct process *p, const struct notice *n, struct notify_received *r)
{
	int64_t ms = p->service->definition->settings.stop_timeout;

	(void)n;
	(void)r;
	if (p->step >= STEP_FINISH)
		return; /* as it was told */
	pool_drain(&p->service->pool, &p->pool, clock_ms());
	p->finish_by = ms == TEXT_UNLIMITED ? 0 : clock_ms() + (uint64_t)ms;
	ladder_climb(p, STEP_FINISH, ms);
}

static void say_status(struct process *p, const struct notice *n, struct notify_received *r)
{
	(void)r;
	memcpy(p->notice.said, n->status, sizeof p->notice.said);
}

static void say_errno(struct process *p, const struct notice *n, struct notify_received *r)
{
	(void)r;
	if (is_news(p, NOTIFY_ERRNO))
		say(SAY_ERROR, "service %s: process %d says that it failed: %s", name_of(p), (int)p->pid,
			strerror((int)n->error));
}

static void say_mainpid(struct process *p, const struct notice *n, struct notify_received *r)
{
	(void)r;
	if (n->main_pid != p->pid && !heir_name(p, (pid_t)n->main_pid) && is_news(p, NOTIFY_MAINPID))
		say(SAY_WARNING,
			"service %s: process %d named process %" PRId64
			" as its main process, which is not of this service; that is ignored",
			name_of(p), (int)p->pid, n->main_pid);
}

static void say_watchdog_usec(struct process *p, const struct notice *n, struct notify_received *r)
{
	(void)r;
	alive_set_watchdog(p, n->watchdog_usec / 1000);
}

static void say_watchdog(struct process *p, const struct notice *n, struct notify_received *r)
{
	(void)n;
	(void)r;
	alive_fed(p);
}

static void say_trigger(struct process *p, const struct notice *n, struct notify_received *r)
{
	(void)n;
	(void)r;
	if (p->step < STEP_SIGNAL)
		alive_barked(p, "says that it failed (WATCHDOG=trigger)");
}

static void say_extend(struct process *p, const struct notice *n, struct notify_received *r)
{
	int64_t ms = n->extend_usec / 1000;

	(void)r;
	ladder_extend(p, ms < EXTEND_MOST ? ms : EXTEND_MOST);
}

static void say_store(struct process *p, const struct notice *n, struct notify_received *r)
{
	const char *name = (n->said & NOTIFY_FDNAME) != 0 ? n->fd_name : "stored";
	bool room = true;

	for (size_t i = 0; i < r->fds_n; i++)
		room = fd_store_add(&p->service->store, &r->fds[i], name, (n->said & NOTIFY_NO_POLL) != 0) &&
		       room;
	if (!room && is_news(p, NOTIFY_FDSTORE))
		say(SAY_WARNING,
			"service %s: process %d stores more descriptors than fd_store (%" PRId64
			") allows; they are closed",
			name_of(p), (int)p->pid, p->service->definition->settings.fd_store);
}

static void say_unstore(struct process *p, const struct notice *n, struct notify_received *r)
{
	(void)r;
	if ((n->said & NOTIFY_FDNAME) != 0)
		fd_store_remove(&p->service->store, n->fd_name);
}

/* In this order. BARRIER has no row: its answer is that the fd it brought is closed, as every fd is in the
 * end. */
static const struct {
	uint32_t said;
	void (*act)(struct process *p, const struct notice *n, struct notify_received *r);
} acts[] = {
	{NOTIFY_STATUS, say_status},
	{NOTIFY_ERRNO, say_errno},
	{NOTIFY_MAINPID, say_mainpid},
	{NOTIFY_WATCHDOG_USEC, say_watchdog_usec},
	{NOTIFY_RELOADING, say_reloading},
	{NOTIFY_READY, say_ready},
	{NOTIFY_STOPPING, say_stopping},
	{NOTIFY_EXTEND, say_extend},
	{NOTIFY_WATCHDOG, say_watchdog},
	{NOTIFY_TRIGGER, say_trigger},
	{NOTIFY_FDSTORE, say_store},
	{NOTIFY_FDSTOREREMOVE, say_unstore},
};

/* ---- the socket */

static bool is_heard(const struct process *p, const struct ucred *sender)
{
	const struct service *s = p->service;
	int64_t late = s->definition->settings.user; /* of a program that drops by itself */

	if (sender->pid == 0)
		return false;
	return sender->uid == 0 || sender->uid == s->spawn.uid ||
	       (s->spawn.uid == (uid_t)-1 && (sender->uid == geteuid() || (int64_t)sender->uid == late));
}

static void hear(struct process *p, const char *bytes, struct notify_received *r)
{
	struct notice n;

	notify_parse(bytes, r->len, &n);
	for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++)
		if ((n.said & acts[i].said) != 0)
			acts[i].act(p, &n, r);
	report_process(p);
	service_touch(p->service);
}

/* Whoever sends descriptors that cannot be closed sends no more of them. */
static void go_deaf(struct process *p)
{
	p->notice.deaf = true;
	(void)event_del(&p->notice.readable);
	say(SAY_ERROR,
		"service %s: process %d: descriptors that were sent to its NOTIFY_SOCKET cannot be closed; "
		"it is "
		"heard no more",
		name_of(p), (int)p->pid);
}

/* One datagram. Returns false when there was none. */
static bool take_one(struct process *p)
{
	char bytes[NOTIFY_BYTES];
	struct notify_received r;
	int got = notify_socket_receive(p->notice.sock, bytes, sizeof bytes, &r);

	if (got == 0)
		return false;
	if (got > 0 && is_heard(p, &r.sender))
		hear(p, bytes, &r);
	else if (is_news(p, USELESS))
		say(SAY_WARNING, "service %s: process %d: a notification of uid %u is ignored: it is %s",
			name_of(p), (int)p->pid, r.sender.uid,
			got < 0 ? "too long" : "not of the service's user");
	if (!notify_received_close(&r))
		go_deaf(p);
	return true;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)take_one(arg); /* one a turn: nobody is starved by a flood */
}

/* Do the processes of the service get a socket? */
static bool is_given(const struct service *s)
{
	return s->contract->notifies || s->ready.kind == READY_NOTIFY;
}

void notice_environment(struct service *s, struct outfit *o)
{
	int64_t watchdog = s->definition->settings.watchdog;

	if (!is_given(s))
		return;
	s->slots.notify_socket = outfit_slot(o, "NOTIFY_SOCKET=", NOTIFY_ADDRESS);
	if (watchdog == TEXT_UNLIMITED)
		return;
	outfit_add(o, "WATCHDOG_USEC=%" PRId64, watchdog * 1000);
	s->spawn.pid_text[1] = outfit_slot(o, "WATCHDOG_PID=", SPAWN_PID_ROOM);
}

enum kit_result notice_kit(struct process *p)
{
	if (!is_given(p->service))
		return KIT_COMPLETE;
	p->notice.sock = notify_socket_open(p->service->slots.notify_socket);
	return p->notice.sock < 0 ? KIT_STARVED : KIT_COMPLETE;
}

void notice_begin(struct process *p)
{
	if (p->notice.sock < 0)
		return;
	(void)event_assign(&p->notice.readable, p->service->master->loop, p->notice.sock,
		EV_READ | EV_PERSIST, on_readable, p);
	(void)event_add(&p->notice.readable, NULL);
}

void notice_end(struct process *p)
{
	if (p->notice.sock < 0)
		return;
	for (int i = 0; i < LAST_WORDS && !p->notice.deaf && take_one(p); i++)
		;
	(void)event_del(&p->notice.readable);
	fd_close(&p->notice.sock);
}
