/* program: where the other programs of Reeve are. */
#ifndef REEVE_CLI_PROGRAM_H
#define REEVE_CLI_PROGRAM_H

#include "base/err.h"

#include <stddef.h>

/* The path of reeved or reeve-engine: beside this binary (the build tree), else in ../libexec/reeve
 * of it, else below the PREFIX of the build. -1: a sentence that names the places. */
int program_find(const char *name, char *path, size_t room, struct err *e) MUST_USE;

/* Becomes that program. Only returns when it cannot be found or run: says why, exit code 71 or 72. */
int program_exec(const char *name, const char *const argv[]);

#endif
