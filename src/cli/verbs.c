/* verbs: the rows of verbs.def and what help says of them. */
#include "cli/verbs.h"

#include "base/text.h"
#include "cli/cli.h"

#include <string.h>
#include <sysexits.h>

const struct verb verbs[] = {
#define VERB(name, where, usage, summary, details) {#name, VERB_##where, usage, summary, details},
#include "cli/verbs.def"
#undef VERB
};

const size_t verbs_n = sizeof verbs / sizeof verbs[0];

static const char *const names[] = {
#define VERB(name, where, usage, summary, details) #name,
#include "cli/verbs.def"
#undef VERB
	"help",
};

const struct verb *verb_find(const char *name)
{
	for (size_t i = 0; i < verbs_n; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

const char *verb_suggest(const char *name)
{
	return text_suggest(name, names, sizeof names / sizeof names[0]);
}

int verb_misused(const char *name, const char *word)
{
	fprintf(stderr, "reeve: %s: unknown argument '%s'\nusage: reeve %s %s\n", name, word, name,
		verb_find(name)->usage);
	return EX_USAGE;
}

void verb_help_all(FILE *out)
{
	fputs("usage: reeve [-b DIR] [-c FILE] VERB [ARGUMENT]...\n\n", out);
	for (size_t i = 0; i < verbs_n; i++)
		fprintf(out, "  %-12s %s\n", verbs[i].name, verbs[i].summary);
	fputs("  help         print this, or all about one verb: reeve help VERB\n\n"
	      "  -b DIR       which instance: its base_dir (else REEVE_BASE_DIR, else " CLI_BASE_DIR ")\n"
	      "  -c FILE      which config (else " CLI_CONFIG ")\n"
	      "Both may stand before or after the verb.\n",
		out);
}

void verb_help(FILE *out, const struct verb *verb)
{
	fprintf(out, "usage: reeve %s %s\n\n%s\n%s", verb->name, verb->usage, verb->summary, verb->details);
}
