/* output: the sinks as one: a record goes to where its level goes. */
#ifndef REEVE_LOG_OUTPUT_H
#define REEVE_LOG_OUTPUT_H

#include "base/err.h"
#include "log/level.h"

#include <stdbool.h>
#include <stdint.h>

struct log;
struct pipe;
struct record;

/* Opens what the settings name. -1: a sentence. */
int output_open(struct log *log, struct err *e) MUST_USE;

/* Puts one line in its sink's queue. `p`: whose it is; NULL: our own. */
void output_record(struct log *log, struct pipe *p, const struct record *r);

/* A line of our own. */
void output_note(struct log *log, enum level level, const char *format, ...) PRINTF(3, 4);

/* Writes what waits in every sink that is not stuck. A stuck one is tried again by a timer. */
void output_flush(struct log *log);

/* Does something wait that could not be written? */
bool output_is_stuck(const struct log *log);

/* SIGUSR1: opens the files again. */
void output_reopen(struct log *log);

/* Writes what waits, for at most two seconds. How many lines could not be written. */
uint64_t output_finish(struct log *log);

void output_close(struct log *log);

#endif
