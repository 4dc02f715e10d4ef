/* ready: readiness of programs that know nothing of us. Nothing a process writes is trusted to be more than a
 * newline or a number. */
#include "master/ready.h"

#include "base/fd.h"
#include "master/heir.h"
#include "master/process.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_PAUSE 20 /* ms between two looks, doubling to the last */
#define LAST_PAUSE  1000
#define PROBE_MS    1000 /* that a place has to answer */

static const struct {
	const char *word;
	enum ready_kind kind;
} words[] = {{"", READY_AT_START}, {"status", READY_STATUS}, {"notify", READY_NOTIFY}, {"fd", READY_FD}};

static int parse(const char *text, struct ready_rule *out, struct err *e)
{
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(text, words[i].word) == 0) {
			out->kind = words[i].kind;
			return 0;
		}
	if (strncmp(text, "pidfile:/", 9) == 0) {
		out->kind = READY_PIDFILE;
		out->pidfile = text + 8;
		return 0;
	}
	out->kind = READY_PLACE;
	return place_parse(text, &out->place, e);
}

int ready_parse(const char *text, const struct contract *c, struct ready_rule *out, struct err *e)
{
	memset(out, 0, sizeof *out);
	if (parse(text, out, e) < 0)
		return -1;
	if (c->reports && out->kind > READY_STATUS)
		return err_set(e,
			"'%s' is not for contract \"%s\", whose processes report by status messages", text,
			c->name);
	if (!c->reports && out->kind == READY_STATUS)
		return err_set(e, "contract \"%s\" has no status messages", c->name);
	if (c->accepts && out->kind != READY_AT_START)
		return err_set(e, "contract \"inetd\" with wait = false has a client from the start");
	if (c->reports)
		out->kind = READY_STATUS;
	return 0;
}

enum kit_result ready_kit(struct process *p, struct kit *k)
{
	struct spawn *sp = &p->service->spawn;
	int pair[2];

	if (p->service->ready.kind != READY_FD)
		return KIT_COMPLETE;
	if (fd_pipe(pair, 0) < 0 || fd_set_nonblock(pair[0]) < 0)
		return KIT_STARVED;
	p->ready.fd = pair[0];
	kit_add(k, pair[1]);
	(void)sprintf(p->service->slots.notify_fd, "%zu", sp->fds_n);
	sp->fds[sp->fds_n++] = pair[1];
	return KIT_COMPLETE;
}

/* What stands before the newline is a program's own business. */
static void on_newline(evutil_socket_t fd, short what, void *arg)
{
	struct process *p = arg;
	char bytes[256];
	ssize_t n = read(fd, bytes, sizeof bytes);

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && memchr(bytes, '\n', (size_t)n) == NULL)
		return;
	ready_end(p); /* closed without a newline: start_timeout tells */
	if (n > 0)
		process_is_up(p);
}

static void look_again(struct process *p)
{
	struct timeval tv = {p->ready.pause / 1000, p->ready.pause % 1000 * 1000};

	p->ready.pause = p->ready.pause * 2 < LAST_PAUSE ? p->ready.pause * 2 : LAST_PAUSE;
	(void)event_add(&p->ready.event, &tv);
}

static void on_answer(void *arg, bool answers)
{
	struct process *p = arg;

	if (answers)
		process_is_up(p);
	else
		look_again(p);
}

/* The pid in the file, 0: there is none. */
static pid_t read_pid(const char *path)
{
	char text[32] = "";
	struct stat st;
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY) : -1;
	ssize_t n =
		fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? read(fd, text, sizeof text - 1) : -1;
	long pid;

	fd_close(&fd);
	pid = n > 0 ? strtol(text, NULL, 10) : 0;
	return pid > 1 && pid <= INT32_MAX ? (pid_t)pid : 0;
}

static bool pidfile_says_so(struct process *p)
{
	pid_t pid = read_pid(p->service->ready.pidfile);

	return pid != 0 && (pid == p->pid || heir_name(p, pid));
}

static void on_look(evutil_socket_t fd, short what, void *arg)
{
	struct process *p = arg;
	struct service *s = p->service;

	(void)fd;
	(void)what;
	if (s->ready.kind == READY_PLACE)
		probe_begin(&p->ready.probe, s->master->loop, &s->ready.place, PROBE_MS, on_answer, p);
	else if (pidfile_says_so(p))
		process_is_up(p);
	else
		look_again(p);
}

void ready_begin(struct process *p)
{
	struct event_base *loop = p->service->master->loop;

	switch (p->service->ready.kind) {
	case READY_AT_START:
		process_is_up(p);
		return;
	case READY_FD:
		if (p->ready.fd < 0)
			return; /* it was closed before it said anything */
		(void)event_assign(&p->ready.event, loop, p->ready.fd, EV_READ | EV_PERSIST, on_newline, p);
		(void)event_add(&p->ready.event, NULL);
		return;
	case READY_PLACE:
	case READY_PIDFILE:
		(void)evtimer_assign(&p->ready.event, loop, on_look, p);
		p->ready.pause = FIRST_PAUSE;
		look_again(p);
		return;
	case READY_STATUS:
	case READY_NOTIFY:
		return; /* whoever reads what it says */
	}
}

void ready_end(struct process *p)
{
	probe_end(&p->ready.probe);
	if (event_initialized(&p->ready.event))
		(void)event_del(&p->ready.event);
	fd_close(&p->ready.fd);
}

void ready_last_look(struct process *p)
{
	if (p->service->ready.kind == READY_PIDFILE && !p->pool.reported)
		(void)pidfile_says_so(p);
}
