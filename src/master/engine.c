/* engine: starting, hearing and replacing the policy engine. An engine that breaks a rule, dies or
 * hangs is killed and started again; the standing orders hold meanwhile. */
#include "master/engine.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/say.h"
#include "master/mode.h"
#include "master/orphans.h"
#include "master/recording.h"
#include "master/reload.h"
#include "master/report.h"
#include "master/service.h"
#include "master/spawn.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define FIRST_DELAY  100
#define MOST_DELAY   5000
#define HEALTHY      60000 /* ms of health that make the back-off forget */
#define LOAD_TIME    30    /* s from start to `locked` */
#define WITHDRAW     60000 /* ms without an answer after which nothing is held down any more */
#define LAST_WORDS   2     /* s that a retired one has to answer whom it talks to */
#define LINK_FD      3
#define LOAD_MOST    (64 << 20) /* bytes: one that has gone wild must not eat root's memory */
#define FRAMES_ATURN 16         /* so that a flood of orders starves nobody */

int engine_send_frame(struct engine *en, const void *frame, size_t len)
{
	return fd_send(en->sock, frame, len, -1) == (ssize_t)len ? 0 : -1;
}

int engine_send(struct engine *en, enum wire_kind kind, const void *msg)
{
	unsigned char frame[WIRE_FRAME_MAX];
	const struct wire_info *info = wire_by_kind(kind);
	size_t at = 0;

	if (wire_put(frame, sizeof frame, &at, info, msg) < 0)
		return -1;
	return fd_send(en->sock, frame, at, wire_fd_of(info, msg)) == (ssize_t)at ? 0 : -1;
}

/* ---- what goes wrong */

static void lost(struct engine *en, const char *why)
{
	struct master *m = en->master;

	if (en == m->retiring) {
		engine_end(&m->retiring);
		upgrade_engine_left(m);
		return;
	}
	if (en == m->next) {
		say(SAY_ERROR, "the engine of the reload %s", why);
		reload_failed(m, EX_SOFTWARE, why);
		return;
	}
	if (m->life == MASTER_BOOTING) {
		say(SAY_ERROR, "the engine %s before it was ready", why);
		master_abort(m, EX_SOFTWARE);
		return;
	}
	if (m->life == MASTER_RUNNING)
		say(SAY_ERROR, "the engine %s; standing orders hold, another one is started", why);
	engine_replace(m);
}

/* A retired engine's words are read and dropped. */
static bool is_heard(const struct engine *en, const struct master *m)
{
	return !m->is_over && (en == m->engine || en == m->next);
}

/* It ended by what it was doing: a status of its own, or a signal for what it did. SIGKILL comes from
 * somebody else. */
static bool is_own_fault(const siginfo_t *si)
{
	static const int faults[] = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGSYS};

	if (si->si_code == CLD_EXITED)
		return si->si_status != 0;
	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
		if (faults[i] == si->si_status)
			return true;
	return false;
}

/* Its socket is closed: says how it ended. A process closes its files a moment before it is dead. */
static void lost_link(struct engine *en)
{
	struct pollfd end = {.fd = en->pidfd, .events = POLLIN};
	siginfo_t si = {0};
	char why[128] = "closed its socket";

	(void)poll(&end, 1, 50);
	if (waitid(P_PIDFD, (id_t)en->pidfd, &si, WEXITED | WNOHANG | WNOWAIT) == 0 && si.si_pid != 0) {
		en->master->engine_blame = is_own_fault(&si);
		if (si.si_code == CLD_EXITED)
			(void)snprintf(why, sizeof why, "ended with status %d", si.si_status);
		else
			(void)snprintf(why, sizeof why, "was ended by signal %d (%s)", si.si_status,
				strsignal(si.si_status));
	}
	lost(en, why);
}

static int check_size(struct engine *en, size_t len, struct err *e)
{
	if (en->phase == WIRE_RUNNING)
		return 0;
	en->heard += len;
	return en->heard <= LOAD_MOST ? 0 : err_set(e, "a plan of more than %d MiB", LOAD_MOST >> 20);
}

static int obey_frame(struct engine *en, const unsigned char *frame, size_t len, int *fd, struct err *e)
{
	struct master *m = en->master;

	for (size_t at = 0; is_heard(en, m) && at < len;) {
		union wire_any msg;
		const struct wire_info *info = wire_get(frame, len, &at, fd, &msg, e);
		if (info == NULL)
			return -1;
		if (engine_obey(en, info, &msg, e) < 0)
			return -1;
		if (!is_heard(en, m))
			return 0; /* the order ended it */
	}
	return 0;
}

static void on_frame(evutil_socket_t sock, short what, void *arg)
{
	static unsigned char frame[WIRE_FRAME_MAX]; /* one reader at a time: the loop is single-threaded */
	struct engine *en = arg;
	struct master *m = en->master;

	(void)what;
	for (int i = 0; i < FRAMES_ATURN && (is_heard(en, m) || en == m->retiring); i++) {
		int fd;
		struct err e;
		ssize_t n;
		if (event_base_got_break(m->loop))
			return; /* its order ends the daemon: its own end behind it is no news */
		n = fd_receive(sock, frame, sizeof frame, &fd);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			lost_link(en);
			return;
		}
		if (check_size(en, (size_t)n, &e) < 0 || obey_frame(en, frame, (size_t)n, &fd, &e) < 0) {
			say(SAY_ERROR, "the engine sent what is refused: %s", e.text);
			fd_close(&fd);
			lost(en, "broke the rules");
			return;
		}
		fd_close(&fd);
	}
}

static void on_load_time(evutil_socket_t fd, short what, void *arg)
{
	struct engine *en = arg;

	(void)fd;
	(void)what;
	lost(en, en == en->master->retiring ? "was retired" : "did not load the config in time");
}

/* ---- start and end */

static pid_t spawn_engine(struct master *m, int sock, int *pidfd, struct spawn_failure *f)
{
	static char daemon[] = "--daemon", base_dir[] = "--base-dir";
	char *argv[] = {m->engine_program, (char[]){"serve"}, (char[]){"--config"}, m->config_path, NULL,
		NULL, NULL, NULL};
	int fds[] = {SPAWN_NULL, SPAWN_NULL, logpipe_engine(m), sock};
	struct spawn sp = {
		.argv = argv,
		.envp = environ,
		.program = m->engine_program,
		.fds = fds,
		.fds_n = LINK_FD + 1,
		.uid = (uid_t)-1,
		.gid = (gid_t)-1,
		.umask = 0077,
	};
	size_t n = 4;

	if (m->is_daemon)
		argv[n++] = daemon;
	if (m->base_dir_override != NULL) {
		argv[n++] = base_dir;
		argv[n] = m->base_dir_override;
	}
	return spawn_run(&sp, pidfd, f);
}

int engine_start(struct master *m, bool is_reload, struct engine **made, struct err *e)
{
	struct timeval load_time = {LOAD_TIME, 0};
	struct spawn_failure f;
	int pair[2];
	struct engine *en;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return err_set(e, "no socket for the engine: %s", strerror(errno));
	en = mem_new(1, sizeof *en);
	en->pid = spawn_engine(m, pair[1], &en->pidfd, &f);
	fd_close(&pair[1]);
	if (en->pid < 0) {
		char why[512];
		spawn_explain(&f, why, sizeof why);
		fd_close(&pair[0]);
		mem_free(&en);
		return err_set(e, "the engine cannot be started: %s", why);
	}
	en->master = m;
	en->sock = pair[0];
	en->phase = WIRE_GREETING;
	en->is_reload = is_reload;
	en->plan = plan_new();
	(void)event_assign(&en->readable, m->loop, en->sock, EV_READ | EV_PERSIST, on_frame, en);
	(void)event_add(&en->readable, NULL);
	(void)evtimer_assign(&en->timer, m->loop, on_load_time, en);
	(void)event_add(&en->timer, &load_time);
	*made = en;
	return 0;
}

void engine_end(struct engine **enp)
{
	struct engine *en = *enp;

	if (en == NULL)
		return;
	*enp = NULL;
	(void)event_del(&en->readable);
	(void)event_del(&en->timer);
	(void)syscall(SYS_pidfd_send_signal, en->pidfd, SIGKILL, NULL, 0);
	fd_close(&en->pidfd);
	orphans_soon(en->master);
	fd_close(&en->sock);
	reload_discard(en);
	plan_free(&en->plan);
	free(en);
}

void engine_retire(struct master *m)
{
	struct timeval last_words = {LAST_WORDS, 0};
	struct engine *old = m->engine;

	engine_end(&m->retiring);
	if (old == NULL || old->phase != WIRE_RUNNING) {
		engine_end(&m->engine); /* one that came to replace another, and is not needed any more */
		return;
	}
	report_engine_gone(m);
	m->retiring = old;
	m->engine = NULL;
	(void)engine_send(old, WIRE_retired, &(struct wire_retired){m->generation});
	(void)event_add(&old->timer, &last_words);
}

void engine_replace(struct master *m)
{
	uint64_t now = clock_ms();
	struct timeval tv;

	if (m->engine != NULL && m->engine->since != 0 && now - m->engine->since > HEALTHY)
		m->engine_delay = 0;
	report_engine_gone(m);
	engine_end(&m->engine);
	if (m->life != MASTER_RUNNING)
		return;
	m->engine_delay = m->engine_delay == 0 ? FIRST_DELAY : m->engine_delay * 2;
	if (m->engine_delay > MOST_DELAY)
		m->engine_delay = MOST_DELAY;
	tv = (struct timeval){(time_t)(m->engine_delay / 1000), (suseconds_t)(m->engine_delay % 1000 * 1000)};
	(void)event_add(&m->engine_timer, &tv);
}

/* ---- the watch, each second */

static void withdraw(struct master *m)
{
	struct service *s;
	bool any = false;

	m->withdrawn = true;
	LIST_EACH (s, &m->services, struct service, link)
		if (standing_withdraw(&s->standing)) {
			any = true;
			mode_tell_all(s);
			service_touch(s);
		}
	if (any)
		say(SAY_WARNING,
			"no engine for %d s: hold, at_most and mode of its standing orders are withdrawn",
			WITHDRAW / 1000);
}

void engine_watch(struct master *m)
{
	uint64_t now = clock_ms();
	struct engine *en = m->engine;

	if (now - m->engine_seen > WITHDRAW && !m->withdrawn)
		withdraw(m);
	if (en == NULL || en->phase != WIRE_RUNNING)
		return;
	recording_offer(m);
	if (m->engine_asked != 0 && now - m->engine_asked > (uint64_t)m->settings.engine_timeout) {
		say(SAY_ERROR, "the engine has not answered for %llu ms (engine_timeout)",
			(unsigned long long)(now - m->engine_asked));
		engine_replace(m);
		return;
	}
	if (m->engine_asked == 0)
		m->engine_asked = now;
	(void)engine_send(en, WIRE_ping, &(struct wire_ping){++m->ping_seq, now});
}
