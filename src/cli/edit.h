/* edit: a line from the terminal, with editing, history and completion (libedit). SIGINT and SIGWINCH are
 * blocked and come through a signalfd of the caller's, so that ^C is an event like any other. */
#ifndef REEVE_CLI_EDIT_H
#define REEVE_CLI_EDIT_H

#include <stddef.h>

struct edit;

/* A word that may stand at the end of the line. */
struct edit_word {
	size_t cut; /* bytes at the end of the line that it takes the place of */
	char *word, *signature;
};

struct edit_words {
	struct edit_word *list;
	size_t n;
};

struct edit_hooks {
	/* What may stand at the end of `text`; the caller frees it with edit_words_free. */
	struct edit_words (*complete)(void *arg, const char *text);
	/* Another fd to look at while the person thinks, -1: none; and what to do when it is readable. */
	int (*watched)(void *arg);
	void (*happened)(void *arg);
};

enum edit_end {
	EDIT_LINE,
	EDIT_INTERRUPTED, /* ^C: what was typed is gone */
	EDIT_EOF,
};

/* signals: the signalfd. past: a path for histfile.h, or NULL. NULL: there is no terminal to edit on. */
struct edit *edit_new(int signals, const char *past, const struct edit_hooks *hooks, void *arg);
void edit_free(struct edit **e);

/* Reads one. *line is without its newline, until the next call. */
enum edit_end edit_line(struct edit *e, const char *prompt, const char **line);

void edit_words_free(struct edit_words *words);

#endif
