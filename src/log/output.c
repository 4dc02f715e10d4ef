/* output: from records to sinks. Nothing is dropped but what log_overflow allows; what fails is said and
 * tried again. */
#include "log/output.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/say.h"
#include "log/log.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define COMPLAIN_MS 60000
#define FINISH_MS   2000

static const struct timeval at_once = {0, 0}, soon = {0, 20000}, later = {0, 250000};

bool output_is_stuck(const struct log *log)
{
	for (size_t i = 0; i < log->sinks_n; i++)
		if (log->sinks[i].stuck_ms != 0)
			return true;
	return false;
}

void output_record(struct log *log, struct pipe *p, const struct record *r)
{
	struct sink *s = log->path_of[level_path(r->level)];
	struct buf clean = {NULL, 0, 0};

	if (p != NULL && p->drop && queue_size(&s->queue) >= SINK_WAIT_MOST) {
		p->lost += r->continues ? 0 : 1;
		return;
	}
	record_clean(r, &clean);
	if (!r->continues)
		errors_add(&log->errors, r, buf_text(&clean), clean.used);
	sink_put(s, r, buf_text(&clean), clean.used);
	if (p != NULL && !p->is_master && log->settings.tail_fd >= 0) {
		recent_add(&p->recent, r, buf_text(&clean), clean.used);
		log->tells = true;
	}
	buf_free(&clean);
}

void output_note(struct log *log, enum level level, const char *format, ...)
{
	struct record r = {.level = level, .service = "reeve-log", .pid = (int32_t)getpid()};
	char text[2048];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	r.text = text;
	r.len = strlen(text);
	(void)clock_gettime(CLOCK_REALTIME, &r.at);
	output_record(log, NULL, &r);
}

/* On stderr, once a minute, and only if that does not make us wait. */
static void complain(struct sink *s, uint64_t now)
{
	struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};

	if (s->fd == STDERR_FILENO || (s->error == EAGAIN && now - s->stuck_ms < 1000) ||
		(s->said_ms != 0 && now - s->said_ms < COMPLAIN_MS) || poll(&ready, 1, 0) != 1)
		return;
	s->said_ms = now;
	say(SAY_ERROR,
		"cannot write to %s %s: %s; %" PRIu64
		" lines are kept, and services with log_overflow = \"block\" "
		"wait when their pipes are full; free some space or mend it, it is tried again by itself",
		s->kind->name, s->where, strerror(s->error), s->queue.count);
}

static void reopen(struct log *log, struct sink *s)
{
	struct err e;

	if (sink_reopen(s, &e) == 0)
		return;
	if (errno == EACCES || errno == EPERM || errno == EROFS) {
		output_note(log, LEVEL_INFO, "%s; stopping, so that the master opens it and starts us again",
			e.text);
		(void)event_base_loopbreak(log->loop); /* the pipes keep what is in them */
		return;
	}
	if (s->said_ms == 0 || clock_ms() - s->said_ms >= COMPLAIN_MS) {
		s->said_ms = clock_ms();
		output_note(log, LEVEL_ERROR, "%s; going on with the old one", e.text);
	}
}

void output_reopen(struct log *log)
{
	for (size_t i = 0; i < log->sinks_n; i++)
		reopen(log, &log->sinks[i]);
}

static void go_on(struct log *log, struct sink *s, uint64_t now)
{
	uint64_t since = s->stuck_ms;

	s->stuck_ms = 0;
	if (s->said_ms != 0)
		output_note(log, LEVEL_WARNING, "%s %s could not be written to for %" PRIu64 " s",
			s->kind->name, s->where, (now - since) / 1000);
	s->said_ms = 0;
}

static void tell_lost(struct log *log)
{
	for (size_t i = 0; i < log->pipes_n; i++) {
		struct pipe *p = &log->pipes[i];
		if (p->lost > 0)
			output_note(log, LEVEL_WARNING,
				"service %s: %" PRIu64 " lines were dropped: the log could not be written "
				"(log_overflow = \"drop\")",
				p->name, p->lost);
		p->lost = 0;
	}
}

static void flush(struct log *log, struct sink *s)
{
	uint64_t now = clock_ms();

	if (s->queue.count > 0 && sink_moved(s, now))
		reopen(log, s);
	if (sink_flush(s, now)) {
		if (s->stuck_ms != 0)
			go_on(log, s, now);
		return;
	}
	complain(s, now);
	if (!evtimer_pending(log->retry, NULL))
		(void)evtimer_add(log->retry, s->error == EAGAIN ? &soon : &later);
}

/* What `reeve status NAME` shows. */
static void save_recent(struct log *log)
{
	log->tells = false;
	for (size_t i = 0; i < log->pipes_n; i++)
		if (log->pipes[i].recent.dirty)
			recent_save(&log->pipes[i].recent, log->settings.tail_fd, log->pipes[i].name);
}

/* A stuck one is left to the retry timer. */
void output_flush(struct log *log)
{
	for (size_t i = 0; i < log->sinks_n; i++)
		if (log->sinks[i].stuck_ms == 0)
			flush(log, &log->sinks[i]);
	if (log->tells)
		save_recent(log);
}

static void on_retry(int fd, short what, void *arg)
{
	struct log *log = arg;

	(void)fd, (void)what;
	for (size_t i = 0; i < log->sinks_n; i++)
		flush(log, &log->sinks[i]);
	if (output_is_stuck(log))
		return;
	tell_lost(log);
	output_flush(log);
	(void)evtimer_add(log->turn, &at_once);
}

static struct sink *sink_at(struct log *log, const char *word)
{
	for (size_t i = 0; i < LEVEL_PATHS; i++)
		if (log->path_of[i] != NULL && strcmp(log->settings.path[i], word) == 0)
			return log->path_of[i];
	return NULL;
}

static int open_sink(struct log *log, enum level_path path, struct err *e)
{
	const struct settings *set = &log->settings;
	struct sink *s = &log->sinks[log->sinks_n];

	if (sink_init(s, set->path[path], e) < 0)
		return -1;
	s->given = set->path_fd[path];
	s->timestamp = set->timestamp;
	s->instance = set->instance;
	s->facility = set->facility;
	s->json = set->json;
	if (sink_open(s, e) < 0)
		return -1;
	fd_close(&s->given);
	log->sinks_n++;
	log->path_of[path] = s;
	return 0;
}

int output_open(struct log *log, struct err *e)
{
	log->retry = evtimer_new(log->loop, on_retry, log);
	if (log->retry == NULL)
		return err_set(e, "no memory for a timer");
	for (enum level_path i = 0; i < LEVEL_PATHS; i++) {
		log->path_of[i] = sink_at(log, log->settings.path[i]);
		if (log->path_of[i] == NULL && open_sink(log, i, e) < 0)
			return -1;
	}
	return 0;
}

uint64_t output_finish(struct log *log)
{
	uint64_t until = clock_ms() + FINISH_MS, left = 0;

	for (;;) {
		for (size_t i = 0; i < log->sinks_n; i++)
			flush(log, &log->sinks[i]);
		if (!output_is_stuck(log))
			tell_lost(log);
		output_flush(log);
		if (!output_is_stuck(log) || clock_ms() >= until)
			break;
		(void)poll(NULL, 0, 20);
	}
	for (size_t i = 0; i < log->sinks_n; i++)
		left += log->sinks[i].queue.count;
	for (size_t i = 0; i < log->pipes_n; i++)
		left += log->pipes[i].lost;
	return left;
}

void output_close(struct log *log)
{
	for (size_t i = 0; i < log->sinks_n; i++)
		sink_close(&log->sinks[i]);
	event_free(log->retry);
}
