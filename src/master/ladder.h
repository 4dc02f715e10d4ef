/* ladder: the steps on which a process goes, each with a deadline and a successor:
 *
 *   START   it is awaited that it can work    -> killed
 *   RELOAD  reads its configuration anew      -> said
 *   LEAVE   asked to go while idle (SIGINT)   -> it counts as busy after all
 *   FINISH  finishes its clients              -> stop_signal
 *   SIGNAL  was sent stop_signal              -> SIGKILL
 *   KILL    was sent SIGKILL                  -> said again and again */
#ifndef REEVE_MASTER_LADDER_H
#define REEVE_MASTER_LADDER_H

#include "master/process.h"

/* Puts it on a step for `ms` (TEXT_UNLIMITED: for ever). */
void ladder_climb(struct process *p, enum process_step step, int64_t ms);

/* Its step may last until `ms` from now, if that is later than what it has: it says that it needs the time.
 */
void ladder_extend(struct process *p, int64_t ms);

/* Its step goes on as `step` and `due` say: a master before this one has put it there. */
void ladder_resume(struct process *p);

/* The time of its step is up: the callback of its timer; `arg` is the process. */
void ladder_on_timer(evutil_socket_t fd, short what, void *arg);

/* Asks the idle process to go; it may refuse. */
void process_ask(struct process *p);

/* No more clients; stop_signal at `deadline` (0: it may take for ever). An earlier deadline wins. */
void process_retire(struct process *p, uint64_t deadline);

void process_kill(struct process *p);

/* The number of a signal as the settings name it ("TERM", "SIGTERM"). */
int ladder_signal(const char *name);

/* It does not work any more: said, and ended by `sig` (0: stop_signal), by SIGKILL after kill_after. That is
 * a failure of its own. "service web: process 7 <why>; it is replaced" */
void process_fail(struct process *p, int sig, const char *why);

/* A signal to this process and no other, whoever has its pid by now. */
void process_signal(const struct process *p, int sig);

#endif
