/* rogue: an engine that breaks one rule, for tests of the master. Stands as `reeve-engine` beside a copy of
 * reeved; which rule, is in $rule. It brings a plan with one service ($program on $port, two
 * spare processes) and works well until it has given its standing order; then it does what it is for,
 * once in the life of $once (a file): the next one behaves.
 *
 *   rule = garbage | flip | unknown | plan | strange-service | report | mode | fd | silent | early | hash */
#include "base/fd.h"
#include "wire/wire.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINK 3

static unsigned char frame[WIRE_FRAME_MAX];

static size_t put(enum wire_kind kind, const void *msg)
{
	size_t at = 0;

	if (wire_put(frame, sizeof frame, &at, wire_by_kind(kind), msg) < 0)
		exit(99);
	return at;
}

static void say(enum wire_kind kind, const void *msg)
{
	size_t n = put(kind, msg);

	while (fd_send(LINK, frame, n, wire_fd_of(wire_by_kind(kind), msg)) < 0)
		(void)poll(&(struct pollfd){LINK, POLLOUT, 0}, 1, 1000);
}

static void set(const char *name, const char *value)
{
	say(WIRE_setting, &(struct wire_setting){1, name, value});
}

static void plan(void)
{
	int bundle = memfd_create("bundle", MFD_CLOEXEC);

	say(WIRE_global, &(struct wire_global){"base_dir", getenv("base")});
	say(WIRE_service, &(struct wire_service){1, "s"});
	set("user", "65534");
	set("group", "65534");
	set("client_limit", "1");
	set("process_limit", "10");
	set("vsz_limit", "0");
	set("idle_kill", "60000");
	say(WIRE_argument, &(struct wire_argument){1, getenv("program")});
	say(WIRE_argument, &(struct wire_argument){1, "--hold"});
	say(WIRE_inet_listener,
		&(struct wire_inet_listener){1, "s", "127.0.0.1", (uint32_t)atoi(getenv("port")), 0, 0, 0});
	say(WIRE_plan_end, &(struct wire_plan_end){1, -1, -1, bundle});
	(void)close(bundle);
}

static void order(void)
{
	struct wire_standing s = {.svc = 1,
		.spare = 2,
		.at_most = UINT32_MAX,
		.burst = UINT32_MAX,
		.shrink_to = UINT32_MAX,
		.on_demand = 1};

	say(WIRE_standing, &s);
}

/* ---- the rules to break */

static void garbage(void)
{
	(void)send(LINK, "this is no frame of messages", 28, MSG_NOSIGNAL);
}

static void flip(void)
{
	size_t n = put(WIRE_pong, &(struct wire_pong){0});

	frame[n - 1] ^= 1;
	(void)send(LINK, frame, n, MSG_NOSIGNAL);
}

static void unknown(void)
{
	size_t n = put(WIRE_pong, &(struct wire_pong){0});

	memcpy(frame, &(uint32_t){9999}, 4);
	(void)send(LINK, frame, n, MSG_NOSIGNAL);
}

static void late_plan(void)
{
	say(WIRE_argument, &(struct wire_argument){1, "/bin/sh"});
}

static void strange_service(void)
{
	say(WIRE_service_do, &(struct wire_service_do){.svc = 77, .verb = SERVICE_STOP});
}

static void report(void)
{
	say(WIRE_turn, &(struct wire_turn){1});
}

static void mode(void)
{
	say(WIRE_standing, &(struct wire_standing){.svc = 1, .mode = 17});
}

static void stray_fd(void)
{
	size_t n = put(WIRE_pong, &(struct wire_pong){0});

	(void)fd_send(LINK, frame, n, STDERR_FILENO);
}

static void silent(void)
{
	for (;;)
		(void)pause();
}

static const struct {
	const char *name;
	void (*act)(void);
} rules[] = {
	{"garbage", garbage},
	{"flip", flip},
	{"unknown", unknown},
	{"plan", late_plan},
	{"strange-service", strange_service},
	{"report", report},
	{"mode", mode},
	{"fd", stray_fd},
	{"silent", silent},
};

static int is_rogue(const char *name)
{
	return strcmp(getenv("rule"), name) == 0;
}

/* true once: the file is made by the one who asks first */
static int first_time(void)
{
	int fd = open(getenv("once"), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

static void misbehave(void)
{
	if (!first_time())
		return;
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
		if (is_rogue(rules[i].name))
			rules[i].act();
}

static void hear(const struct wire_info *info, const union wire_any *m)
{
	static int reported;

	if (info->kind == WIRE_welcome)
		plan();
	else if (info->kind == WIRE_plan_taken)
		say(WIRE_locked, &(struct wire_locked){1});
	else if (info->kind == WIRE_begin)
		order();
	else if (info->kind == WIRE_ping)
		say(WIRE_pong, &(struct wire_pong){m->ping.seq});
	else if (info->kind == WIRE_process && m->process.ready && ++reported == 2)
		misbehave();
}

int main(void)
{
	static unsigned char in[WIRE_FRAME_MAX];

	if (is_rogue("early"))
		order();
	say(WIRE_hello, &(struct wire_hello){wire_hash() + (uint64_t)is_rogue("hash"), 1});
	for (;;) {
		int fd;
		size_t at = 0;
		ssize_t n = fd_receive(LINK, in, sizeof in, &fd);
		if (n == 0)
			return 0;
		while (n > 0 && at < (size_t)n) {
			union wire_any m;
			struct err e;
			const struct wire_info *info = wire_get(in, (size_t)n, &at, &fd, &m, &e);
			if (info == NULL)
				return 98;
			hear(info, &m);
		}
		fd_close(&fd);
		if (n < 0)
			(void)poll(&(struct pollfd){LINK, POLLIN, 0}, 1, -1);
	}
}
