/* report: what the master tells the engine. Never blocks and never grows: a gauge (pool, process)
 * is marked dirty and its latest value is sent; events are queued up to a bound, beyond which they
 * are counted and the engine gets `resync`. While there is no engine nothing is kept but the marks. */
#ifndef REEVE_MASTER_REPORT_H
#define REEVE_MASTER_REPORT_H

#include "master/process.h"

struct report *report_new(struct master *m);
void report_free(struct report **r);

/* A gauge changed. */
void report_service(struct service *s);
void report_process(struct process *p);

/* The process is gone: its last gauge is queued, its mark removed. Call before the exit event. */
void report_forget(struct process *p);
/* Its gauge is not sent. */
void report_unmark(struct process *p);
void report_forget_service(struct service *s);

/* Queues one event: a row of wire.def and its struct. */
void report_event(struct master *m, enum wire_kind kind, const void *msg);

/* Sends what there is if the last frame is old enough, else soon. */
void report_turn(struct master *m);

/* The engine wants to answer somebody: at the end of this turn everything is sent at once, and
 * then `synced`. */
void report_sync(struct master *m, uint32_t seq);

/* There is no engine: nothing waits for its socket. Call before its socket is closed. */
void report_engine_gone(struct master *m);

/* A new engine works: everything is dirty, nothing queued is for it. */
void report_all(struct master *m);

#endif
