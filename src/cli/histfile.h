/* histfile: the lines of earlier consoles, in $XDG_STATE_HOME/reeve/history: plain text, a line each, newest
 * last, for its owner alone. A history that cannot be kept is no reason to stop: then there is none. */
#ifndef REEVE_CLI_HISTFILE_H
#define REEVE_CLI_HISTFILE_H

#define HISTFILE_MOST 2000 /* lines that are kept */

/* Its path (to be freed), its directories made with 0700; NULL: there is no place for one. */
char *histfile_path(void);

/* Each kept line, oldest first. A file that has grown to twice HISTFILE_MOST is cut. */
void histfile_each(const char *path, void (*take)(const char *line, void *arg), void *arg);

/* Adds a line, at once, so that two consoles at a time both keep theirs. Not a line that begins with a
 * blank: that is how people keep one to themselves. */
void histfile_add(const char *path, const char *line);

#endif
