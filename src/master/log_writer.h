/* log_writer: whose lines are whose. A process's lines have no name of their own: the log process is told
 * which process is the only one that writes to a pipe, and when one has ended and how. */
#ifndef REEVE_MASTER_LOG_WRITER_H
#define REEVE_MASTER_LOG_WRITER_H

#include <stdbool.h>
#include <sys/types.h>

struct service;

/* Whose lines without a header are: of the only process; 0: there is none, or several. */
pid_t log_writer_only(const struct service *s);

/* A process is about to be started; has been; is gone. */
void log_writer_starting(struct service *s);
void log_writer_started(struct service *s, pid_t pid);

/* True: the log process was told that the process has ended, and how (text: NULL when there is nothing to
 * say), so that the line comes behind all of that process's own. */
bool log_writer_ended(struct service *s, pid_t pid, int status, const char *text);

#endif
