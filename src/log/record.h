/* record: one line on its way out, and its forms. */
#ifndef REEVE_LOG_RECORD_H
#define REEVE_LOG_RECORD_H

#include "base/buf.h"
#include "log/level.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct record {
	struct timespec at;
	enum level level;
	const char *service; /* clean */
	int32_t pid;         /* 0: unknown */
	const char *prefix;  /* of the process; foreign bytes; NULL when there is none */
	size_t prefix_len;
	const char *text; /* foreign bytes */
	size_t len;
	bool continues, cut;
};

/* prefix and text as one harmless line, with the marks of a piece. What all forms are made of. */
void record_clean(const struct record *r, struct buf *out);

/* TIME level service[pid]: CLEAN LF. `timestamp`: strftime's, NULL = RFC 3339. */
void record_text(
	const struct record *r, const char *clean, size_t len, const char *timestamp, struct buf *out);

/* {"time":...,"level":...,"service":...,"pid":...,"text":...} LF; no pid when it is unknown. */
void record_json(const struct record *r, const char *clean, size_t len, struct buf *out);

#endif
