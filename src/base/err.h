/* err: what went wrong, as one whole sentence for the person who can mend it.
 *
 * A function that can fail through somebody's mistake (config, console, worker) takes a
 * `struct err *`, returns -1 and leaves a sentence that names thing, setting, value and way out. */
#ifndef REEVE_BASE_ERR_H
#define REEVE_BASE_ERR_H

#define MUST_USE       __attribute__((warn_unused_result))
#define PRINTF(at, to) __attribute__((format(printf, at, to)))

struct err {
	char text[1024];
};

/* Writes the sentence (cut, never overrun) and returns -1. `e` may be NULL. */
int err_set(struct err *e, const char *format, ...) PRINTF(2, 3);

/* Puts `prefix: ` before the sentence that is there already. Returns -1. */
int err_prefix(struct err *e, const char *format, ...) PRINTF(2, 3);

/* A hopeless environment at start: says the sentence and leaves with the exit code. */
_Noreturn void die(int code, const char *format, ...) PRINTF(2, 3);

#endif
