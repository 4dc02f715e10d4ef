/* pipe: one service's log pipe, and what is known of who writes to it.
 *
 * Bytes stay in the kernel until they are whole lines: tee(2) copies what the pipe holds into a scratch pipe
 * of our own, that copy is read and split, and then exactly the lines that were delivered are taken out.
 * Whoever reads the pipe after us finds the begin of a line. Advantage: nothing needs to be handed over on a
 * restart. Disadvantage: the bytes are copied twice, and a half line keeps the pipe readable, so epoll must
 * be told to report only news (EPOLLET). */
#ifndef REEVE_LOG_PIPE_H
#define REEVE_LOG_PIPE_H

#include "base/err.h"
#include "log/line.h"
#include "log/rate.h"
#include "log/recent.h"
#include "log/speaker.h"
#include "log/split.h"

#include <stdbool.h>
#include <stdint.h>

struct event;

struct pipe {
	int fd; /* -1: closed */
	char name[SPLIT_NAME_MOST];
	bool is_master;
	bool ready;    /* may have something that was not looked at */
	bool small;    /* below 64 KiB: half lines are taken as they are, or the writer could wait for ever */
	bool drop;     /* log_overflow */
	bool refusing; /* the line that a piece belongs to was refused by its rate */
	enum level bare; /* of lines without a header */
	int32_t only;    /* whose lines without a header are; 0 = unknown */
	uint64_t lost;   /* lines that found no room, since it was last said */
	size_t half;     /* bytes of half a line that the last step left */
	size_t taken;    /* bytes that the last step took out */
	struct split split;
	struct line going; /* header of the line whose next piece is to come */
	struct rate rate;
	struct speakers speakers;
	struct recent recent;
	struct event *ev;
};

enum pipe_state {
	PIPE_MORE,   /* took something; there may be more */
	PIPE_EMPTY,  /* nothing, or half a line */
	PIPE_CLOSED, /* nobody can write any more, and it is empty */
};

/* What a pipe calls for each line or piece. `line` is borrowed; `piece` says whether it is a part. `line` is
 * NULL for a handshake that would name the pipe (piece->text): pipe_name says yes. */
typedef void pipe_line_fn(
	void *arg, struct pipe *p, const struct line *line, const struct split_piece *piece);

/* Takes on the descriptor. `name` may be NULL. -1: a sentence. */
int pipe_open(struct pipe *p, int fd, const char *name, struct err *e) MUST_USE;

/* One step: at most `lines` whole lines out of the first `bytes` bytes, which must have room for one. When it
 * returns, what was delivered is no longer in the pipe; so what `deliver` gets must not be written before
 * that, or a death in between would double it. */
enum pipe_state pipe_step(struct pipe *p, size_t bytes, size_t lines, pipe_line_fn *deliver, void *arg);

/* Gives it the name of a handshake: "web: " is "web". */
void pipe_name(struct pipe *p, const char *prefix, size_t len);

/* Bytes in it now. */
size_t pipe_holds(const struct pipe *p);

/* Is there more behind the half line that the last step left? */
bool pipe_has_grown(const struct pipe *p);

void pipe_close(struct pipe *p);

#endif
