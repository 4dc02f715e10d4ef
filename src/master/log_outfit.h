/* log_outfit: what a process of type log is told when it starts: settings, and the pipes that there are.
 * reeve-log finds in variables whose they are (src/log/log.h); Dovecot's log process is told in the pipes
 * (log_handshake.h). */
#ifndef REEVE_MASTER_LOG_OUTFIT_H
#define REEVE_MASTER_LOG_OUTFIT_H

#include "master/outfit.h"

#include <stdbool.h>

struct logpipes;
struct service;

/* Of a service of type log: its program is reeve-log, or understands it; else it is Dovecot's. */
bool log_outfit_is_reeves(const struct service *s);

/* The row of type log. Where the log process may not open its files (logpipes.opens_files), they are opened
 * here, for one start. */
void log_outfit_dress(struct service *s, struct outfit *o);

/* Closes those files: the process has them now. */
void log_outfit_close_files(struct logpipes *l);

/* All of its prepared environment that another start would not change by itself, as one text of the caller:
 * when it has changed, the log process must be replaced. */
char *log_outfit_summary(const struct service *s);

#endif
