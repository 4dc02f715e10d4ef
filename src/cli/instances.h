/* instances: which daemons run on this machine, for the sentence "no daemon there, but here". */
#ifndef REEVE_CLI_INSTANCES_H
#define REEVE_CLI_INSTANCES_H

#include <stdio.h>

/* Prints a line for each running instance that can be seen: those that hold /run/<name>/reeve.lock,
 * and every reeved in /proc (its base_dir, where the caller may see it). Returns how many. */
int instances_print(FILE *out);

/* Says on stderr that there is no daemon at `base_dir` (`why`), and which there are. Returns exit code 69. */
int instances_instead(const char *base_dir, const char *why);

#endif
