/* log: reeve-log, the program that reads every service's log pipe and writes files, stderr, syslog or
 * journald. This comment is the contract with whoever starts it (src/master/log_process.c, or Dovecot's
 * master).
 *
 * DESCRIPTORS. 2 the master's stderr · 5 status pipe · 6 dead pipe (never looked at) · 7 the read end of the
 * master's own pipe · 8... the read ends of the services' pipes, in service order · then unix listeners
 * (`log-errors`). SOCKET_COUNT counts from 7 and includes all of them; SOCKETn_SETTINGS (n counted from 7)
 * exists for listeners only, so what has none is a pipe. Files that the master opened come behind those and
 * are not counted. Pipes are to be pipes of at least 64 KiB (F_SETPIPE_SZ; 1 MiB is good), else lines that
 * are written in several parts may be cut.
 *
 * ENVIRONMENT. Lists are separated by TABs; each item is FD=VALUE, FD as above.
 *   GENERATION, CLIENT_LIMIT
 *       sent once on fd 5 as {int32 pid, uint32 generation, uint32 available} when ready
 *   LOG_PATH, INFO_LOG_PATH, DEBUG_LOG_PATH
 *       a file, "/dev/stderr", "syslog" or "syslog:/SOCKET", "journald" or "journald:/SOCKET". Unset or
 *       empty: LOG_PATH is syslog, INFO_LOG_PATH is LOG_PATH, DEBUG_LOG_PATH is INFO_LOG_PATH
 *   LOG_PATH_FD, INFO_LOG_PATH_FD, DEBUG_LOG_PATH_FD
 *       that file, opened by the master O_RDWR|O_APPEND|O_CREAT; used where we may not open it
 *   LOG_DETACH
 *       when it is set, fd 2 becomes /dev/null once all is open
 *   LOG_TAIL_FD
 *       the shared file of base/tail.h: the last lines of each service, for `reeve status`
 *   LOG_TIMESTAMP
 *       strftime(3); unset: RFC 3339 with microseconds
 *   LOG_FORMAT
 *       "text" (default) or "json", for files and stderr
 *   SYSLOG_FACILITY, INSTANCE_NAME
 *       names; default "daemon" and "reeve"
 *   LOG_NAMES
 *       who writes to each pipe: "7=reeved\t8=web\t9=chat"
 *   LOG_RATES
 *       lines a second: "8=100". Absent: no limit
 *   LOG_OVERFLOW, LOG_OVERFLOWS
 *       "block" (default) or "drop", for all and for single ones: "9=drop"
 *   LOG_PIDS
 *       whose lines without a header are: "8=4711" (see ONLY). Absent: nobody's
 *   LOG_LEVELS
 *       their level: "8=info". Absent: error
 *   RESTRICT_SETUID, RESTRICT_SETGID
 *       taken on after the files are open (contract dovecot)
 *
 * WHO SPEAKS. The name in a line is always that of the pipe, never what the text claims.
 *   Contract reeve: the master gives LOG_NAMES and writes no handshake at all. Nothing a service writes can
 *   change a name, and nothing needs to be sent again when we are restarted.
 *   Contract dovecot: the handshake {uint32 0x02ff03fe, uint32 length, "NAME: "} names a pipe that
 *   LOG_NAMES does not name, if it is the first thing that *we* read from it; MASTER is fd 7. So before each
 *   start of a log process of that kind: read the pipe empty, write the handshake, put what was read back
 *   behind it. At the begin of a line the exact handshake of the pipe's own name is skipped wherever it comes
 *   (a master that changed programs left it there). Any other is text of the service, and is written as such,
 *   escaped.
 *   A pipe that nobody named is called fdN, and so is one whose handshake claims a name that is taken.
 *
 * THE MASTER'S PIPE, fd 7. A line is `FD PID WORD[ TEXT]`; what that pid wrote before is read first.
 *   BYE                 it was reaped: forget its prefix and its last client's ip
 *   FATAL TEXT          written as its fatal line, `master: TEXT`
 *   DEFAULT-FATAL TEXT  the same, unless it wrote a fatal or panic line itself
 *   ONLY                (Reeve's) lines without a header are PID's; 0: nobody's, there are several. Send
 *                       `0 ONLY` *before* a second process is started, `PID ONLY` when one is the only one
 *   0x01...             (Reeve's) the master's own log line, in the format of every service
 * What is none of these is written as an error of the master. All lines end in LF and are at most PIPE_BUF
 * long.
 *
 * LINES OF SERVICES. 0x01, a type byte, decimal pid, space, text, LF. Low six bits of the type: 1 debug, 2
 * info, 3 warning, 4 error, 5 fatal, 6 panic, 8 option (`prefix=...`, `ip=...`); 0x80: the text has a prefix
 * of its own; 0x40: a decimal count and a space follow the pid, so many bytes of the text are the prefix.
 * Without 0x01: what LOG_LEVELS says, or what `<N>` (syslog's numbers, as under systemd) at its begin says.
 * A line above 16 KiB is cut in pieces that end in ` [more follows]` and begin with `[continued] `.
 *
 * NOTHING IS LOST. A pipe is looked at with tee(2) and only whole lines are taken out of it, so that at any
 * moment of our death it begins at the begin of a line. What was taken is written in the same step. SIGTERM:
 * what is in the pipes at that moment is taken and written, then exit 0; half lines stay in the pipe.
 * SIGKILL: lost is at most what one step took from one pipe (64 KiB; with "drop" also what waits for a stuck
 * file, 1 MiB). A file that ends in half a line is given its LF first. *There must never be two readers*:
 * start the next log process when the pidfd of the last says that it has ended, and write nothing but the
 * lines above into pipes that it reads.
 *
 * STUCK. A full disk, a syslog that is away: with "block" nothing is taken from the pipe until all is written
 * (the pipe is the buffer, then the services wait); with "drop" up to 1 MiB waits here, more is counted, and
 * the count is written as a line when it goes on.
 *
 * FILES. SIGUSR1, or a file that is not at its path any more (looked at once a second): opened again. When we
 * may not open it ourselves we exit 0 with pipes still open: the master opens the files and starts us again
 * at once. Exit 80 at start: we may not open a file and got no fd for it: the master opens the files and
 * starts us again with the *_FD above, this time and from now on. SIGINT and SIGHUP are ignored. When all
 * pipes are closed: exit 0. 78: the environment is not to be understood (a sentence on fd 2), 81: lines could
 * not be written to the end. */
#ifndef REEVE_LOG_LOG_H
#define REEVE_LOG_LOG_H

#include "log/errors.h"
#include "log/pipe.h"
#include "log/settings.h"
#include "log/sink.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event;
struct event_base;

/* The program's whole state. One of them, made by main. */
struct log {
	struct settings settings;
	struct event_base *loop;
	struct sink sinks[LEVEL_PATHS]; /* the first `sinks_n` are in use */
	size_t sinks_n;
	struct sink *path_of[LEVEL_PATHS];
	struct pipe *pipes; /* [0] is the master's */
	size_t pipes_n, open_n;
	struct event **listeners;
	size_t listeners_n;
	struct errors errors;
	bool tells;          /* some pipe has recent lines that are not in the shared file yet */
	struct event *turn;  /* there is something to read */
	struct event *retry; /* a sink is stuck */
	struct event *tick;  /* lines were refused: say how many */
	struct event *look;  /* there are half lines: have they grown? */
	unsigned look_ms;    /* its next delay */
};

/* Opens the sinks, then takes on the pipes and listeners. `log->settings` has been read.
 * -1: a sentence; *code is the exit code. */
int log_open(struct log *log, struct event_base *loop, int *code, struct err *e) MUST_USE;

/* Takes what the pipe holds at this moment. Stops early when the log is stuck and the service is to wait. */
void log_drain(struct log *log, struct pipe *p);

/* The pipe with that descriptor, or NULL. */
struct pipe *log_pipe(const struct log *log, int32_t fd);

/* SIGTERM: takes what is in the pipes and leaves the loop. */
void log_stop(struct log *log);

void log_close(struct log *log);

#endif
