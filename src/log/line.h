/* line: what one line of a pipe says. Pure. */
#ifndef REEVE_LOG_LINE_H
#define REEVE_LOG_LINE_H

#include "log/level.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct line {
	enum level level;
	bool header; /* it begins with 0x01 type pid; else nobody said a pid or a level */
	int32_t pid;
	bool option;        /* text is `prefix=...` or `ip=...` of that pid; level means nothing */
	bool has_own;       /* the text has a prefix of its own, the pid's is not added */
	const char *prefix; /* of 0x40; NULL when there is none */
	size_t prefix_len;
	const char *text; /* borrowed */
	size_t len;
};

/* Reads `0x01 type pid text` or a line without a header, which has the level `bare`. What claims to have a
 * header and has not a right one is taken as text, as a whole. */
void line_parse(const char *bytes, size_t len, enum level bare, struct line *out);

/* Reads digits and the blank behind them; what follows, or NULL. */
const char *line_number(const char *at, const char *end, int32_t *n);

#endif
