/* verbs: the table of verbs.def, for help, completion and dispatch. */
#ifndef REEVE_CLI_VERBS_H
#define REEVE_CLI_VERBS_H

#include <stddef.h>
#include <stdio.h>

enum verb_where {
	VERB_OWN,    /* src/cli does it */
	VERB_HERE,   /* `reeve-engine here` does it in this process's place */
	VERB_LIVE,   /* the engine of a running instance does it */
	VERB_SCREEN, /* src/cli draws what the engine is asked again and again */
	VERB_PAST,   /* as VERB_LIVE; with --since `reeve-engine here past<verb>` has a say, too */
	VERB_BOTH,   /* as VERB_HERE; with --running as VERB_LIVE */
	VERB_FILE, /* as VERB_LIVE; with -c its answer to --basis is what `reeve-engine here <verb>file` reads
		    */
};

struct verb {
	const char *name;
	enum verb_where where;
	const char *usage, *summary;
	const char *details; /* more lines for `reeve help VERB`; "" or ends in a newline */
};

extern const struct verb verbs[];
extern const size_t verbs_n;

/* NULL: no such verb */
const struct verb *verb_find(const char *name);

/* The verb that was probably meant, or NULL. */
const char *verb_suggest(const char *name);

/* Says that a word after the verb is not known, and how the verb is used: 64. */
int verb_misused(const char *name, const char *word);

/* All verbs, a line each; or one verb in full. */
void verb_help_all(FILE *out);
void verb_help(FILE *out, const struct verb *verb);

#endif
