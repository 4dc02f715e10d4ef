/* log: from pipes to sinks, one step of one pipe at a time. What fails after the start is said and tried
 * again. */
#include "log/log.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/tail.h"
#include "log/orders.h"
#include "log/output.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <string.h>

#define EXIT_NO_OPEN  80
#define LOOK_FIRST_MS 5
#define LOOK_LAST_MS  1000

static const struct timeval at_once = {0, 0}, second = {1, 0};

struct pipe *log_pipe(const struct log *log, int32_t fd)
{
	for (size_t i = 0; i < log->pipes_n; i++)
		if (log->pipes[i].fd == fd)
			return &log->pipes[i];
	return NULL;
}

static bool name_is_taken(const struct log *log, const char *name, size_t len)
{
	for (size_t i = 0; i < log->pipes_n; i++)
		if (strlen(log->pipes[i].name) == len && memcmp(log->pipes[i].name, name, len) == 0)
			return true;
	return false;
}

static void on_name(struct log *log, struct pipe *p, const struct split_piece *piece)
{
	size_t len = piece->len >= 2 && memcmp(piece->text + piece->len - 2, ": ", 2) == 0 ? piece->len - 2
											   : piece->len;

	if (!name_is_taken(log, piece->text, len))
		pipe_name(p, piece->text, piece->len);
	else
		output_note(log, LEVEL_WARNING,
			"the pipe of %s says that it is '%.*s', which another one is: not believed", p->name,
			(int)len, piece->text);
}

/* The prefix that stands before the text. "web: " of service web would say nothing new. */
static void add_prefix(const struct pipe *p, const struct line *line, struct record *r)
{
	const struct speaker *who =
		line->header && !line->has_own ? speaker_find(&p->speakers, line->pid) : NULL;
	size_t n = strlen(p->name);

	r->prefix = who != NULL ? who->prefix : line->prefix;
	r->prefix_len = who != NULL ? who->prefix_len : line->prefix_len;
	if (r->prefix != NULL && r->prefix_len == n + 2 && memcmp(r->prefix, p->name, n) == 0 &&
		memcmp(r->prefix + n, ": ", 2) == 0)
		r->prefix = NULL;
}

static bool may_pass(struct log *log, struct pipe *p, bool continues)
{
	if (!continues)
		p->refusing = !rate_take(&p->rate, clock_ms());
	if (p->refusing && !evtimer_pending(log->tick, NULL))
		(void)evtimer_add(log->tick, &second);
	return !p->refusing;
}

static void on_text(struct log *log, struct pipe *p, const struct line *line, const struct split_piece *piece)
{
	struct record r = {.level = line->level, .service = p->name};

	r.pid = line->header ? line->pid : p->only;
	r.text = line->text;
	r.len = line->len;
	r.continues = piece->continues;
	r.cut = piece->cut;
	if (line->header && line->level >= LEVEL_FATAL)
		speaker_of(&p->speakers, line->pid)->died = true;
	if (!may_pass(log, p, piece->continues))
		return;
	add_prefix(p, line, &r);
	(void)clock_gettime(CLOCK_REALTIME, &r.at);
	output_record(log, p, &r);
}

static void on_line(void *arg, struct pipe *p, const struct line *line, const struct split_piece *piece)
{
	struct log *log = arg;

	if (line == NULL) {
		on_name(log, p, piece);
		return;
	}
	if (p->is_master && !line->header && !piece->continues && orders_line(log, line->text, line->len))
		return;
	if (!line->option)
		on_text(log, p, line, piece);
	else if (!piece->continues && !piece->cut)
		speaker_option(&p->speakers, line->pid, line->text, line->len);
}

/* ---- turns */

static void end_pipe(struct log *log, struct pipe *p)
{
	if (p->ev != NULL)
		event_free(p->ev);
	p->ev = NULL;
	pipe_close(p);
	if (--log->open_n == 0)
		(void)event_base_loopbreak(log->loop);
}

static void look_later(struct log *log)
{
	struct timeval after = {log->look_ms / 1000, log->look_ms % 1000 * 1000};

	if (!evtimer_pending(log->look, NULL))
		(void)evtimer_add(log->look, &after);
}

/* Half lines that grew without an event; each time later while nothing comes. */
static void on_look(int fd, short what, void *arg)
{
	struct log *log = arg;
	bool any = false;

	(void)fd, (void)what;
	log->look_ms = log->look_ms * 2 < LOOK_LAST_MS ? log->look_ms * 2 : LOOK_LAST_MS;
	for (size_t i = 0; i < log->pipes_n; i++) {
		struct pipe *p = &log->pipes[i];
		p->ready |= pipe_has_grown(p);
		any |= p->half > 0;
	}
	if (any)
		look_later(log);
	(void)evtimer_add(log->turn, &at_once);
}

/* One step. True: there may be more. The master's orders make us step and write other pipes' lines, so each
 * is taken out on its own. */
static bool step(struct log *log, struct pipe *p, size_t bytes)
{
	enum pipe_state state = pipe_step(p, bytes, p->is_master ? 1 : SIZE_MAX, on_line, log);

	output_flush(log);
	if (state == PIPE_CLOSED)
		end_pipe(log, p);
	p->ready = state == PIPE_MORE;
	if (p->ready)
		log->look_ms = LOOK_FIRST_MS;
	if (p->half > 0)
		look_later(log);
	return p->ready;
}

static bool must_wait(const struct log *log, const struct pipe *p)
{
	return !p->drop && output_is_stuck(log);
}

void log_drain(struct log *log, struct pipe *p)
{
	size_t left = pipe_holds(p);

	while (left > 0 && !must_wait(log, p) && step(log, p, left))
		left -= p->taken < left ? p->taken : left;
}

static void drain_orders(struct log *log)
{
	for (size_t i = 0; i < log->pipes_n; i++)
		if (log->pipes[i].is_master)
			log_drain(log, &log->pipes[i]);
}

/* A line is written as the master's orders of before it want it: what the pipe holds by now is taken when
 * the orders that are there by then are done. */
static bool step_behind_orders(struct log *log, struct pipe *p)
{
	size_t held = pipe_holds(p);

	if (!p->is_master)
		drain_orders(log);
	return p->fd >= 0 && step(log, p, held > 0 ? held : 1);
}

static void on_turn(int fd, short what, void *arg)
{
	struct log *log = arg;
	bool more = false;

	(void)fd, (void)what;
	for (size_t i = 0; i < log->pipes_n; i++) {
		struct pipe *p = &log->pipes[i];
		if (p->fd >= 0 && p->ready && !must_wait(log, p))
			more |= step_behind_orders(log, p);
	}
	if (more)
		(void)evtimer_add(log->turn, &at_once);
}

static void on_readable(int fd, short what, void *arg)
{
	struct log *log = arg;
	struct pipe *p = log_pipe(log, fd);

	(void)what;
	if (p != NULL)
		p->ready = true;
	(void)evtimer_add(log->turn, &at_once);
}

static void tell_refused(struct log *log, struct pipe *p, uint64_t now)
{
	uint64_t n = rate_told(&p->rate, now);

	if (n > 0)
		output_note(log, LEVEL_WARNING,
			"service %s: %" PRIu64 " lines were dropped: more than %" PRIu32
			" a second (log_rate)",
			p->name, n, p->rate.most);
}

static void on_tick(int fd, short what, void *arg)
{
	struct log *log = arg;
	bool more = output_is_stuck(log);

	(void)fd, (void)what;
	for (size_t i = 0; i < log->pipes_n && !output_is_stuck(log); i++) {
		tell_refused(log, &log->pipes[i], clock_ms());
		more |= log->pipes[i].rate.refused > 0;
	}
	output_flush(log);
	if (more)
		(void)evtimer_add(log->tick, &second);
}

void log_stop(struct log *log)
{
	for (size_t i = log->pipes_n; i-- > 0;) /* the master's last: it speaks of what the others wrote */
		if (log->pipes[i].fd >= 0)
			log_drain(log, &log->pipes[i]);
	for (size_t i = 0; i < log->pipes_n; i++)
		tell_refused(log, &log->pipes[i], UINT64_MAX);
	(void)event_base_loopbreak(log->loop);
}

/* ---- start and end */

static int take_pipe(struct log *log, int fd, const struct settings_socket *at, struct err *e)
{
	struct pipe *p = &log->pipes[log->pipes_n];

	if (pipe_open(p, fd, at->name, e) < 0)
		return -1;
	p->is_master = fd == SETTINGS_FIRST_FD;
	p->rate.most = at->rate;
	p->drop = at->drop && !p->is_master;
	p->only = at->pid;
	p->bare = at->bare;
	p->ev = event_new(log->loop, fd, EV_READ | EV_ET | EV_PERSIST, on_readable, log);
	log->pipes_n++;
	log->open_n++;
	if (p->ev == NULL || event_add(p->ev, NULL) < 0)
		return err_set(e, "cannot watch log pipe %d", fd);
	if (p->small)
		output_note(log, LEVEL_WARNING,
			"the pipe of %s is below 64 KiB: lines that are written in several parts may be cut",
			p->name);
	return 0;
}

static int take_listener(struct log *log, int fd, struct err *e)
{
	struct event *ev;

	if (fd_set_nonblock(fd) < 0)
		return err_set(e, "descriptor %d should be a listener: %s", fd, strerror(errno));
	ev = errors_listen(&log->errors, log->loop, fd);
	if (ev == NULL)
		return err_set(e, "cannot watch listener %d", fd);
	log->listeners[log->listeners_n++] = ev;
	return 0;
}

/* Slots of services that are no more. */
static void tidy_tail(const struct log *log)
{
	const char **names = mem_new(log->pipes_n + 1, sizeof *names);

	for (size_t i = 0; i < log->pipes_n; i++)
		names[i] = log->pipes[i].name;
	if (log->settings.tail_fd >= 0)
		tail_keep(log->settings.tail_fd, names, log->pipes_n);
	mem_free(&names);
}

static int take_all(struct log *log, struct err *e)
{
	const struct settings *set = &log->settings;

	log->pipes = mem_new(set->sockets_n, sizeof *log->pipes);
	log->listeners = mem_new(set->sockets_n, sizeof(struct event *));
	for (size_t i = 0; i < set->sockets_n; i++) {
		int fd = SETTINGS_FIRST_FD + (int)i;
		if ((set->sockets[i].listener ? take_listener(log, fd, e)
					      : take_pipe(log, fd, &set->sockets[i], e)) < 0)
			return -1;
	}
	tidy_tail(log);
	return log->pipes_n > 0 ? 0
				: err_set(e, "SOCKET_COUNT has listeners only: there is no log pipe to read");
}

int log_open(struct log *log, struct event_base *loop, int *code, struct err *e)
{
	log->loop = loop;
	log->turn = evtimer_new(loop, on_turn, log);
	log->tick = evtimer_new(loop, on_tick, log);
	log->look = evtimer_new(loop, on_look, log);
	log->look_ms = LOOK_FIRST_MS;
	*code = 78;
	if (log->turn == NULL || log->tick == NULL || log->look == NULL)
		return err_set(e, "no memory for timers");
	if (output_open(log, e) < 0) {
		*code = EXIT_NO_OPEN;
		return -1;
	}
	if (take_all(log, e) < 0)
		return -1;
	output_flush(log);
	(void)evtimer_add(log->turn, &at_once);
	return 0;
}

void log_close(struct log *log)
{
	for (size_t i = 0; i < log->pipes_n; i++) {
		if (log->pipes[i].ev != NULL)
			event_free(log->pipes[i].ev);
		pipe_close(&log->pipes[i]);
	}
	for (size_t i = 0; i < log->listeners_n; i++)
		event_free(log->listeners[i]);
	output_close(log);
	event_free(log->turn);
	event_free(log->tick);
	event_free(log->look);
	errors_free(&log->errors);
	mem_free(&log->pipes);
	mem_free(&log->listeners);
	settings_free(&log->settings);
}
