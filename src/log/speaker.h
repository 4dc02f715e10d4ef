/* speaker: what is known of the processes behind one pipe: by pid their prefix, their last client, and
 * whether they said themselves why they died. All of it is what the processes claim; it never leaves their
 * pipe. */
#ifndef REEVE_LOG_SPEAKER_H
#define REEVE_LOG_SPEAKER_H

#include "base/list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPEAKER_BUCKETS 64
#define SPEAKERS_MOST   16384 /* a service that invents pids pushes out its own oldest ones */

struct speaker {
	struct link by_age, by_pid;
	int32_t pid;
	bool died;    /* it wrote a fatal or panic line */
	char ip[48];  /* "": none */
	char *prefix; /* NULL: none */
	size_t prefix_len;
};

struct speakers {
	struct list oldest;
	struct list bucket[SPEAKER_BUCKETS];
};

void speakers_init(struct speakers *all);

/* The one with this pid, or NULL. */
struct speaker *speaker_find(const struct speakers *all, int32_t pid);

/* The same, made when it is new. */
struct speaker *speaker_of(struct speakers *all, int32_t pid);

/* An option line: `prefix=...` or `ip=...`. What is unknown is ignored. */
void speaker_option(struct speakers *all, int32_t pid, const char *text, size_t len);

void speaker_forget(struct speakers *all, int32_t pid);

void speakers_free(struct speakers *all);

#endif
