/* directory: where root writes: base_dir, state_dir and what is below them. */
#ifndef REEVE_MASTER_DIRECTORY_H
#define REEVE_MASTER_DIRECTORY_H

#include "base/err.h"

/* The part of `path` below `dir`, or NULL: it is not below it. A path with `.` or `..` behind `dir` is below
 * nothing. Texts are compared; nothing is looked up. */
const char *directory_below(const char *dir, const char *path);

/* Creates `path` and its missing parents with 0755. -1: errno. */
int directory_make(const char *path) MUST_USE;

/* Opens a directory that nobody but root or we can change, with no symbolic link on the way. An fd, or -1;
 * the sentence names the setting. */
int directory_open_own(const char *setting, const char *dir, struct err *e) MUST_USE;

#endif
