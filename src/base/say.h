/* say: one log line of our own. Goes to fd 2, one write a line, never blocks the caller on parts. */
#ifndef REEVE_BASE_SAY_H
#define REEVE_BASE_SAY_H

#include "base/err.h"

#include <stdbool.h>

enum say_level {
	SAY_DEBUG,
	SAY_INFO,
	SAY_WARNING,
	SAY_ERROR,
};

/* Who speaks ("reeved", "reeve-engine"): stands in each line. `who` is borrowed for ever. */
void say_as(const char *who);

/* Lines below `least` are dropped. Default: SAY_INFO. */
void say_from(enum say_level least);

/* Lines go through `door`, without time and name, instead of to fd 2; a line that it does not take (false)
 * goes to fd 2 after all. NULL: fd 2 again. */
typedef bool say_door(void *arg, enum say_level level, const char *text);
void say_through(say_door *door, void *arg);

/* 2026-11-23T04:05:06.000007+00:00 warning reeved[17]: text
 * Where fd 2 is systemd's journal (JOURNAL_STREAM): <4>reeved: text
 * Control bytes in the text come out as \xNN, so that one call is one line. */
void say(enum say_level level, const char *format, ...) PRINTF(2, 3);

#endif
