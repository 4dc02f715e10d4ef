/* log_process: the process of type log, which reads the pipes (logpipe.h): when it is started, replaced and
 * told to open its files again. While it runs, the master's own lines go through its pipe. */
#ifndef REEVE_MASTER_LOG_PROCESS_H
#define REEVE_MASTER_LOG_PROCESS_H

#include <stdbool.h>

struct master;
struct process;
struct service;

/* The service of type log of the plan in force, or NULL. */
struct service *log_process_service(const struct master *m);

/* The plan in force has changed: makes the pipes that are missing, closes them all when nobody reads them any
 * more, and replaces a log process that was told something else (the old one ends first). */
void log_process_plan(struct master *m);

/* A master before this one had all this: its lines go where they went. */
void log_process_resume(struct master *m);

/* The log process is one of ours: another one of the program that is installed now takes its place. */
void log_process_renew(struct master *m);

/* Sends SIGUSR1 to the log process. False: there is none. */
bool log_process_reopen(struct master *m);

/* Nobody reads any more: the master's lines go to stderr, all pipes are closed. */
void log_process_end(struct master *m);

/* The row of type log. */
void log_process_starting(struct service *s);
void log_process_started(struct process *p);
void log_process_up(struct process *p);
bool log_process_leave(struct process *p);
bool log_process_ended(struct process *p, bool exited, int status);

#endif
