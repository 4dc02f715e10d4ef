/* text: the values people write, read and printed in one place.
 *
 * Parsers take the whole text (no leading or trailing blanks), return 0 and the number, or -1 and
 * a sentence about the value alone ("'60' has no unit: ..."); the caller puts the name in front. */
#ifndef REEVE_BASE_TEXT_H
#define REEVE_BASE_TEXT_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* "unlimited" as a count or size, "never" as a duration. */
#define TEXT_UNLIMITED INT64_MAX

/* "500ms" "60s" "5min" "1h" "1d" "1min 30s" "0" "never" -> milliseconds.
 * "4294967295s" is "never", as in the documentation. */
int text_duration(const char *text, int64_t *ms, struct err *e) MUST_USE;

/* "64K" "256M" "1G" "0" "unlimited" -> bytes, powers of 1024. */
int text_size(const char *text, int64_t *bytes, struct err *e) MUST_USE;

/* "12" or "unlimited". */
int text_count(const char *text, int64_t *n, struct err *e) MUST_USE;

/* "-5", "12": a whole number with a sign. */
int text_integer(const char *text, int64_t *n, struct err *e) MUST_USE;

/* "0660" -> 0660; "0" -> 0 (a listener's: off). */
int text_mode(const char *text, int64_t *mode, struct err *e) MUST_USE;

/* The shortest text that the parser reads back as the same number. `room` of 64 is enough. */
void text_print_duration(char *out, size_t room, int64_t ms);
void text_print_size(char *out, size_t room, int64_t bytes);
void text_print_count(char *out, size_t room, int64_t n);
void text_print_integer(char *out, size_t room, int64_t n);
void text_print_mode(char *out, size_t room, int64_t mode);

/* Which of the `n` names was probably meant by `word`, or NULL. Optimal string alignment distance
 * (Damerau 1964, transpositions once), at most max(1, length / 3). */
const char *text_suggest(const char *word, const char *const *names, size_t n);

#endif
