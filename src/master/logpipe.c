/* logpipe: keeps the pipes, tells the log process what it reads. Failures are said; nothing ends here. */
#include "master/logpipe.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/say.h"
#include "master/environment.h"
#include "master/ladder.h"
#include "master/process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sysexits.h>
#include <unistd.h>

#define PIPE_BYTES  (1 << 20)
#define FIRST_FD    7
#define MAGIC       0x02ff03feU
#define NUDGES      2 /* the second one comes a second after it was ready at least */
#define CANNOT_OPEN 80
#define TYPE_OWN    0xC0 /* of a line: the text has its own prefix, whose length stands before it */

void logpipe_init(struct master *m)
{
	struct logpipes *l = &m->log;

	memset(l, 0, sizeof *l);
	l->engine[0] = l->engine[1] = -1;
	l->fds[0] = l->fds[1] = l->files[0] = l->files[1] = l->files[2] = -1;
	l->notices.fd = -1;
}

static bool is_log(const struct service *s)
{
	return strcmp(s->kind->name, "log") == 0;
}

struct service *logpipe_service(const struct master *m)
{
	struct service *s;

	LIST_EACH (s, &m->services, struct service, link)
		if (s->number != 0 && is_log(s))
			return s;
	return NULL;
}

/* ---- pipes */

/* The reader's end never blocks (the master empties pipes, too); the writers' end is as pipes are. */
static int make_pipe(int fds[2])
{
	if (fd_pipe(fds, 0) < 0)
		return -1;
	(void)fcntl(fds[0], F_SETPIPE_SZ, PIPE_BYTES);
	return fd_set_nonblock(fds[0]);
}

void logpipe_close(struct logpipe *l)
{
	fd_close(&l->fds[0]);
	fd_close(&l->fds[1]);
	l->at = 0;
	l->only = 0;
}

/* Nobody waits for a log that is stuck: the engine's lines are lost then. */
int logpipe_engine(struct master *m)
{
	int *fds = m->log.engine;

	if (!m->is_daemon)
		return STDERR_FILENO;
	if (fds[0] < 0 && (make_pipe(fds) < 0 || fd_set_nonblock(fds[1]) < 0))
		say(SAY_ERROR, "no pipe for the engine's log: %s", strerror(errno));
	return fds[1] >= 0 ? fds[1] : STDERR_FILENO;
}

static bool open_service(struct service *s)
{
	if (is_log(s) || s->log.fds[0] >= 0)
		return true;
	if (make_pipe(s->log.fds) == 0)
		return true;
	say(SAY_ERROR, "service %s: no pipe for its log: %s; its lines go to the master's stderr",
		s->definition->name, strerror(errno));
	logpipe_close(&s->log);
	return false;
}

static void open_all(struct master *m)
{
	struct service *s;

	if (m->log.fds[0] < 0) {
		if (make_pipe(m->log.fds) < 0 || fd_set_nonblock(m->log.fds[1]) < 0) {
			say(SAY_ERROR, "no pipe for the log: %s", strerror(errno));
			logpipe_end(m);
			return;
		}
		notices_open(&m->log.notices, m->loop, m->log.fds[1]);
	}
	LIST_EACH (s, &m->services, struct service, link)
		if (!open_service(s))
			return;
}

/* Lines of ours, as reeve-log reads them. */
static bool own_line(void *arg, enum say_level level, const char *text)
{
	static const char types[] = {[SAY_DEBUG] = 1, [SAY_INFO] = 2, [SAY_WARNING] = 3, [SAY_ERROR] = 4};
	struct logpipes *l = arg;
	char line[NOTICE_MOST];
	int n = snprintf(line, sizeof line, "\001%c%d %s", types[level], (int)getpid(), text);

	return notices_put(&l->notices, line, n < (int)sizeof line ? (size_t)n : sizeof line - 1);
}

static void stop_serving(struct master *m)
{
	struct service *s;

	say_through(NULL, NULL);
	m->log.nudges = 0;
	m->log.serving = NULL;
	LIST_EACH (s, &m->services, struct service, link)
		s->log.at = 0;
}

static void close_files(struct logpipes *l)
{
	for (int i = 0; i < 3; i++)
		fd_close(&l->files[i]);
}

void logpipe_end(struct master *m)
{
	struct logpipes *l = &m->log;
	struct service *s;

	stop_serving(m);
	LIST_EACH (s, &m->services, struct service, link)
		logpipe_close(&s->log);
	notices_close(&l->notices);
	fd_close(&l->fds[0]);
	fd_close(&l->fds[1]);
	close_files(l);
	mem_free(&l->given);
}

/* ---- what the log process is told */

static bool is_piped(const struct service *s)
{
	return s->log.fds[0] >= 0;
}

/* Whose lines without a header are: of the only process, 0 if there are several. */
static pid_t only_pid(const struct service *s)
{
	const struct process *p = LIST_OF(list_first(&s->processes), const struct process, link);

	return p != NULL && s->processes.count == 1 ? p->pid : 0;
}

static bool goes_nowhere(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 || (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3));
}

static void add_text(struct outfit *o, const char *name, const char *value)
{
	if (value[0] != '\0')
		environment_add(o, "%s=%s", name, value);
}

static void add_settings(struct outfit *o, const struct service *s)
{
	const struct spec_global_settings *set = &s->master->settings;
	bool unset = set->log_path[0] == '\0' && !s->master->is_daemon && !goes_nowhere(STDERR_FILENO);

	add_text(o, "LOG_PATH", unset ? "/dev/stderr" : set->log_path);
	add_text(o, "INFO_LOG_PATH", set->info_log_path);
	add_text(o, "DEBUG_LOG_PATH", set->debug_log_path);
	add_text(o, "LOG_TIMESTAMP", set->log_timestamp);
	add_text(o, "SYSLOG_FACILITY", set->syslog_facility);
	add_text(o, "INSTANCE_NAME", set->instance_name);
	if (strcmp(s->definition->settings.contract, "dovecot") == 0) {
		environment_add(o, "DOVECONF_ENV=1");
		environment_add(o, "SSL=no");
		if (set->verbose_proctitle)
			environment_add(o, "VERBOSE_PROCTITLE=1");
		return;
	}
	add_text(o, "LOG_FORMAT", set->log_format);
	if (s->master->is_daemon)
		environment_add(o, "LOG_DETACH=1");
}

static void add_item(struct buf *b, const char *name, int fd)
{
	buf_print(b, "%s%d=", b->used == 0 ? name : "\t", fd);
}

/* Who writes to each pipe and how much of it: "LOG_NAMES=7=reeved\t8=web". */
static void add_writers(struct outfit *o, const struct master *m)
{
	struct buf names = {0}, rates = {0}, overflows = {0}, pids = {0};
	struct service *s;
	int fd = FIRST_FD;

	add_item(&names, "LOG_NAMES=", fd);
	buf_print(&names, "reeved");
	LIST_EACH (s, &m->services, struct service, link) {
		const struct spec_service_settings *set = &s->definition->settings;
		if (!is_piped(s))
			continue;
		add_item(&names, "", ++fd);
		buf_print(&names, "%s", s->definition->name);
		if (set->log_rate > 0 && set->log_rate < UINT32_MAX) {
			add_item(&rates, "LOG_RATES=", fd);
			buf_print(&rates, "%" PRId64, set->log_rate);
		}
		if (strcmp(set->log_overflow, "drop") == 0) {
			add_item(&overflows, "LOG_OVERFLOWS=", fd);
			buf_print(&overflows, "drop");
		}
		if (only_pid(s) != 0) {
			add_item(&pids, "LOG_PIDS=", fd);
			buf_print(&pids, "%d", (int)only_pid(s));
		}
	}
	if (m->log.engine[0] >= 0) {
		add_item(&names, "", ++fd);
		buf_print(&names, "reeve-engine");
	}
	for (struct buf *b[] = {&names, &rates, &overflows, &pids, NULL}, **at = b; *at != NULL; at++) {
		if ((*at)->used > 0)
			environment_add(o, "%s", buf_text(*at));
		buf_free(*at);
	}
}

static void add_behind(struct outfit *o, int fd)
{
	o->behind = mem_grow(o->behind, o->behind_n + 1, sizeof(int));
	o->behind[o->behind_n++] = fd;
}

/* The number that the next descriptor behind the listeners has in the log process. */
static int next_behind(const struct outfit *o, const struct service *s)
{
	return FIRST_FD + (int)(o->fds_n + s->watched_n + o->behind_n);
}

/* Where it leaves the last lines of each service, for the engine. */
static void add_tail(struct outfit *o, const struct service *s)
{
	if (s->master->tail < 0)
		return;
	environment_add(o, "LOG_TAIL_FD=%d", next_behind(o, s));
	add_behind(o, s->master->tail);
}

/* Files that the log process may not open itself; they stand behind the listeners. */
static void add_files(struct outfit *o, struct service *s)
{
	const struct spec_global_settings *set = &s->master->settings;
	const char *paths[] = {set->log_path, set->info_log_path, set->debug_log_path};
	static const char *const names[] = {"LOG_PATH_FD", "INFO_LOG_PATH_FD", "DEBUG_LOG_PATH_FD"};
	int *files = s->master->log.files;

	for (int i = 0; i < 3; i++) {
		fd_close(&files[i]);
		if (paths[i][0] != '/' || strcmp(paths[i], "/dev/stderr") == 0)
			continue;
		files[i] =
			open(paths[i], O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
		if (files[i] < 0) {
			say(SAY_ERROR, "log file '%s': %s", paths[i], strerror(errno));
			continue;
		}
		environment_add(o, "%s=%d", names[i], next_behind(o, s));
		add_behind(o, files[i]);
	}
}

static bool speaks_reeve(const struct service *s)
{
	return strcmp(s->definition->settings.contract, "dovecot") != 0;
}

void logpipe_dress(struct service *s, struct outfit *o)
{
	const struct master *m = s->master;
	struct service *other;

	o->fds = mem_new(m->services.count + 2, sizeof *o->fds);
	if (m->log.fds[0] < 0)
		return; /* not yet */
	o->fds[o->fds_n++] = m->log.fds[0];
	LIST_EACH (other, &m->services, struct service, link)
		if (is_piped(other))
			o->fds[o->fds_n++] = other->log.fds[0];
	if (m->log.engine[0] >= 0 && speaks_reeve(s))
		o->fds[o->fds_n++] = m->log.engine[0];
	add_settings(o, s);
	if (speaks_reeve(s)) {
		add_writers(o, m);
		add_tail(o, s);
	}
	if (m->log.opens_files)
		add_files(o, s);
}

/* Is it a variable that each start writes anew? */
static bool is_of_one_start(const char *variable)
{
	static const char *const names[] = {"GENERATION=", "LOG_PIDS=", "REEVE_MODE="};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strncmp(variable, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/* What of the log process's environment must be told it again: everything but who it is now. */
static char *summary(const struct service *s)
{
	struct buf b = {0};
	char *text;

	for (char **e = s->spawn.envp; e != NULL && *e != NULL; e++)
		if (**e != '\0' && !is_of_one_start(*e))
			buf_print(&b, "%s\n", *e);
	text = mem_text(buf_text(&b));
	buf_free(&b);
	return text;
}

/* ---- Dovecot's log process learns names by a handshake that is the first it reads from a pipe */

/* A description of our own of a pipe's end: what we do never blocks, whatever the others have set on theirs.
 */
static int reopen(int fd, int how)
{
	char path[40];

	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return open(path, how | O_NONBLOCK | O_CLOEXEC);
}

static size_t read_empty(int fd, char **bytes)
{
	size_t have = 0, room = 0;
	ssize_t n;

	*bytes = NULL;
	do {
		room += 65536;
		*bytes = mem_grow(*bytes, room, 1);
		n = read(fd, *bytes + have, room - have);
		have += n > 0 ? (size_t)n : 0;
	} while (n > 0 && have < 2 * PIPE_BYTES);
	return have;
}

/* Whole lines in writes that the kernel does not divide, so that what services write meanwhile stands
 * between lines. Returns the bytes that found no room. */
static size_t put_back(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		size_t part = len < PIPE_BUF ? len : PIPE_BUF;
		const char *end = memrchr(bytes, '\n', part);
		if (end != NULL)
			part = (size_t)(end + 1 - bytes);
		if (write(fd, bytes, part) != (ssize_t)part)
			return len;
		bytes += part;
		len -= part;
	}
	return 0;
}

static void shake_hands(const int fds[2], const char *prefix)
{
	const uint32_t head[2] = {MAGIC, (uint32_t)strlen(prefix)};
	char hello[256], *bytes;
	int reader = reopen(fds[0], O_RDONLY), writer = reopen(fds[1], O_WRONLY);
	size_t len = read_empty(reader, &bytes), lost;

	memcpy(hello, head, sizeof head);
	memcpy(hello + sizeof head, prefix, head[1]);
	if (writer < 0 || write(writer, hello, sizeof head + head[1]) < 0)
		say(SAY_ERROR, "the log process cannot be told who '%s' is: %s", prefix, strerror(errno));
	lost = put_back(writer, bytes, len);
	if (lost > 0)
		say(SAY_ERROR, "%zu bytes of log lines of '%s' are lost: its pipe is full", lost, prefix);
	mem_free(&bytes);
	fd_close(&reader);
	fd_close(&writer);
}

static void name_pipes(const struct master *m)
{
	struct service *s;
	char prefix[80];

	shake_hands(m->log.fds, "MASTER");
	LIST_EACH (s, &m->services, struct service, link) {
		(void)snprintf(prefix, sizeof prefix, "%s: ", s->definition->name);
		if (is_piped(s))
			shake_hands(s->log.fds, prefix);
	}
}

/* Dovecot's log process handles what it read together with a handshake only when more comes. A word that
 * changes nothing is more: the prefix of our own pid, which never writes there. */
static void nudge(const struct logpipe *l)
{
	char line[40];
	int n = snprintf(line, sizeof line, "\001\010%d prefix=\n", (int)getpid()), fd;

	fd = reopen(l->fds[1], O_WRONLY);
	if (fd >= 0 && write(fd, line, (size_t)n) < 0 && errno != EAGAIN)
		say(SAY_WARNING, "a log pipe cannot be written to: %s", strerror(errno));
	fd_close(&fd);
}

void logpipe_second(struct master *m)
{
	struct service *s;

	if (m->log.nudges == 0)
		return;
	m->log.nudges--;
	LIST_EACH (s, &m->services, struct service, link)
		if (is_piped(s))
			nudge(&s->log);
}

/* ---- the life of the log process */

void logpipe_log_starting(struct service *s)
{
	if (!speaks_reeve(s) && s->master->log.fds[0] >= 0)
		name_pipes(s->master);
}

void logpipe_log_started(struct process *p)
{
	struct master *m = p->service->master;
	struct service *s;
	int fd = FIRST_FD;

	close_files(&m->log);
	mem_free(&m->log.given);
	m->log.given = summary(p->service);
	m->log.serving = p->service;
	m->log.speaks_reeve = speaks_reeve(p->service);
	LIST_EACH (s, &m->services, struct service, link) {
		s->log.at = is_piped(s) ? ++fd : 0;
		if (is_piped(s))
			s->log.only = only_pid(s);
	}
}

/* Of a daemon whose log can be written: it lets go of the terminal and of who waits for it. */
static void detach(struct master *m)
{
	int null;

	if (m->ready < 0)
		return;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd <= STDERR_FILENO && null >= 0; fd++)
		(void)dup2(null, fd);
	fd_close(&null);
	(void)!write(m->ready, "\n", 1);
	fd_close(&m->ready);
}

void logpipe_log_up(struct process *p)
{
	struct logpipes *l = &p->service->master->log;

	detach(p->service->master);

	if (l->speaks_reeve)
		say_through(own_line, l);
	else
		l->nudges = NUDGES;
}

/* 80: it may not open its files. 0 with pipes still open: it may not open them again. Both start it anew
 * with files that we opened; that is no failure. */
bool logpipe_log_ended(struct process *p, bool exited, int status)
{
	struct master *m = p->service->master;
	bool wants_files = exited && status == CANNOT_OPEN && !m->log.opens_files;

	stop_serving(m);
	if (m->is_daemon && m->ready < 0)
		say_through(own_line, &m->log); /* there is no stderr: the pipe keeps them for the next one */
	if (wants_files)
		m->log.opens_files = true;
	else if (m->ready >= 0) {
		say(SAY_ERROR,
			"the log process ended before it was ready: a daemon that cannot log is not started");
		m->exit_code = EX_CONFIG;
		master_stop(m, true);
	}
	return wants_files;
}

void logpipe_resume(struct master *m)
{
	struct logpipes *l = &m->log;
	const struct process *p;

	if (l->fds[0] < 0)
		return;
	notices_resume(&l->notices, m->loop, l->fds[1]);
	p = l->serving != NULL ? LIST_OF(list_first(&l->serving->processes), const struct process, link) : NULL;
	if (m->is_daemon || (p != NULL && p->pool.reported && l->speaks_reeve))
		say_through(own_line, l);
}

static void renew(struct service *s, const char *why)
{
	struct process *p;

	say(SAY_INFO, "the log process is replaced: %s", why);
	LIST_EACH (p, &s->processes, struct process, link)
		process_retire(p, clock_ms());
}

void logpipe_renew(struct master *m)
{
	if (m->log.serving != NULL && m->log.speaks_reeve)
		renew(m->log.serving, "its program may be another one now");
}

void logpipe_plan(struct master *m)
{
	struct service *s = logpipe_service(m);
	char *now;

	if (s == NULL) {
		/* whoever still writes into them has a reader to the end: it leaves when all are closed */
		if (m->log.fds[0] >= 0)
			logpipe_end(m);
		return;
	}
	open_all(m);
	environment_prepare(s);
	now = summary(s);
	if (s->processes.count > 0 && (m->log.given == NULL || strcmp(now, m->log.given) != 0))
		renew(s, "it has other pipes or settings now");
	mem_free(&now);
	close_files(&m->log);
}

bool logpipe_reopen(struct master *m)
{
	struct process *p;

	if (m->log.serving == NULL)
		return false;
	LIST_EACH (p, &m->log.serving->processes, struct process, link)
		process_signal(p, SIGUSR1);
	return true;
}

/* ---- whose lines are whose */

static void order(struct master *m, int at, pid_t pid, const char *word, const char *text)
{
	char line[NOTICE_MOST];
	int n = snprintf(line, sizeof line, "%d %d %s%s%s", at, (int)pid, word, text != NULL ? " " : "",
		text != NULL ? text : "");

	if (!notices_put(&m->log.notices, line, n < (int)sizeof line ? (size_t)n : sizeof line - 1) &&
		m->log.told_lost++ == 0)
		say(SAY_WARNING, "the log process does not read what the master tells it");
}

static void tell_only(struct service *s, pid_t pid)
{
	if (s->log.at == 0 || !s->master->log.speaks_reeve || s->log.only == pid)
		return;
	s->log.only = pid;
	order(s->master, s->log.at, pid, "ONLY", NULL);
}

void logpipe_starting(struct service *s)
{
	if (s->processes.count > 0)
		tell_only(s, 0);
}

void logpipe_started(struct service *s, pid_t pid)
{
	if (s->processes.count == 1)
		tell_only(s, pid);
}

bool logpipe_ended(struct service *s, pid_t pid, int status, const char *text)
{
	struct master *m = s->master;

	if (s->log.at == 0 || m->log.serving == NULL)
		return false;
	if (text != NULL)
		order(m, s->log.at, pid, status == 89 ? "DEFAULT-FATAL" : "FATAL", text);
	order(m, s->log.at, pid, "BYE", NULL);
	if (s->log.only == pid)
		s->log.only = 0;
	return text != NULL;
}
