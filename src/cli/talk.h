/* talk: a console's conversation with an engine, which may go and come again in the middle of it. */
#ifndef REEVE_CLI_TALK_H
#define REEVE_CLI_TALK_H

#include "cli/client.h"
#include "cli/edit.h"

#include <stdbool.h>

#define TALK_INTERRUPTED 130

struct talk {
	const char *base_dir;
	struct client client; /* fd -1: not connected */
	int signals;          /* a signalfd with SIGINT */
	bool json;
	bool person; /* somebody sits there: asks and explains more */
	bool met;    /* there has been a connection */
	uint32_t id; /* of the last thing asked */
	char *kept;  /* lines that set the session up, for the next engine */
	char *hello; /* what it said of itself */
};

void talk_init(struct talk *t, const char *base_dir, int signals, bool person, bool json);
void talk_end(struct talk *t);

/* Connects if need be, and waits for an engine that is being replaced. 0, or an exit code: it was said why.
 */
int talk_connect(struct talk *t);

/* Says one line (or chunk) and prints what comes until it is done. ^C cancels it in the engine, a second one
 * insists, the third does not wait any longer. Returns its exit code; 70: the engine went away meanwhile. */
int talk_line(struct talk *t, const char *line);

/* What may stand at the end of `text`; nothing when the engine is not there, or busy. */
struct edit_words talk_complete(struct talk *t, const char *text);

/* The fd to look at while nothing is asked, -1: none; and what to do when it is readable. */
int talk_watched(const struct talk *t);
void talk_happened(struct talk *t);

/* A value of hello ("generation"), into `out`; "": not said. */
void talk_about(const struct talk *t, const char *name, char *out, size_t room);

#endif
