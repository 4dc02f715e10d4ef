/* rogue: an engine that breaks one rule, for tests of the master. Stands as `reeve-engine` beside a copy of
 * reeved; which rule, is in $rule. It brings a plan with one service ($program on $port, two
 * spare processes) and works well until it has given its standing order; then it does what it is for,
 * once in the life of $once (a file): the next one behaves.
 *
 *   rule = garbage | flip | unknown | plan | strange-service | report | mode | fd | silent | early | hash |
 * bundle | endless | stop-in-reload | start-in-reload (the next one waits with `locked` until this one has
 * done that)
 */
#include "base/fd.h"
#include "wire/wire.h"

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
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

static int is_rogue(const char *name)
{
	return strcmp(getenv("rule"), name) == 0;
}

/* Each is as long as it may be, and there are as many as may be. */
static void fill_without_end(void)
{
	static char text[60000] = "A=";
	char name[16];

	memset(text + 2, 'x', sizeof text - 3);
	for (uint32_t svc = 1;; svc++) {
		(void)snprintf(name, sizeof name, "s%u", svc);
		say(WIRE_service, &(struct wire_service){svc, name});
		for (int i = 0; i < 1000; i++)
			say(WIRE_environment, &(struct wire_environment){svc, text});
	}
}

static void plan(void)
{
	int bundle = memfd_create("bundle", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (!is_rogue("bundle"))
		(void)fcntl(bundle, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK);
	say(WIRE_global, &(struct wire_global){"base_dir", getenv("base")});
	if (is_rogue("endless"))
		fill_without_end();
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

/* ---- two engines that meet in files beside $once */

static const char *beside(const char *name)
{
	static char path[4096];

	(void)snprintf(path, sizeof path, "%s.%s", getenv("once"), name);
	return path;
}

static void tell(const char *name)
{
	int fd = open(beside(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		exit(97);
	(void)close(fd);
}

static void await(const char *name)
{
	while (access(beside(name), F_OK) < 0)
		(void)poll(NULL, 0, 10);
}

/* An operator's verb, and the master's answer to it. Other reports are let go by. */
static void do_verb(enum service_verb verb)
{
	static unsigned char in[WIRE_FRAME_MAX];
	bool done = false;

	say(WIRE_service_do, &(struct wire_service_do){.svc = 1, .verb = verb, .ticket = 1});
	while (!done) {
		int fd;
		ssize_t n = fd_receive(LINK, in, sizeof in, &fd);
		fd_close(&fd);
		if (n == 0)
			exit(0);
		for (size_t at = 0; n > 0 && at < (size_t)n;) {
			uint32_t head[2]; /* kind and length of a message */
			memcpy(head, in + at, sizeof head);
			done = done || head[0] == WIRE_service_done;
			at += head[1];
		}
		if (n < 0)
			(void)poll(&(struct pollfd){LINK, POLLIN, 0}, 1, -1);
	}
}

static void reload_and(enum service_verb verb)
{
	say(WIRE_reload, &(struct wire_reload){.ticket = 7});
	await("taken");
	do_verb(verb);
	tell("done");
}

static void stop_in_reload(void)
{
	reload_and(SERVICE_STOP);
}

static void start_in_reload(void)
{
	do_verb(SERVICE_STOP);
	reload_and(SERVICE_START);
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
	{"stop-in-reload", stop_in_reload},
	{"start-in-reload", start_in_reload},
};

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

static void lock(void)
{
	if (strstr(getenv("rule"), "-in-reload") != NULL && access(getenv("once"), F_OK) == 0) {
		tell("taken");
		await("done");
	}
	say(WIRE_locked, &(struct wire_locked){1});
}

static void hear(const struct wire_info *info, const union wire_any *m)
{
	static int reported;

	if (info->kind == WIRE_welcome)
		plan();
	else if (info->kind == WIRE_plan_taken)
		lock();
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
