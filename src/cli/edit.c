/* edit: libedit, told where characters come from and what Tab does. */
#include "cli/edit.h"

#include "base/mem.h"
#include "cli/histfile.h"

#include <errno.h>
#include <histedit.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <wchar.h>

#define LIST_MOST 40 /* candidates that are shown */

struct edit {
	EditLine *el;
	History *history;
	HistEvent event;
	int signals;
	const char *past, *prompt;
	const struct edit_hooks *hooks;
	void *arg;
	bool interrupted;
	mbstate_t state;
	char *line;
};

static struct edit *edit_of(EditLine *el)
{
	struct edit *e = NULL;

	(void)el_get(el, EL_CLIENTDATA, &e);
	return e;
}

static const char *prompt_of(EditLine *el)
{
	return edit_of(el)->prompt;
}

/* ---- characters */

/* 1: the person has interrupted. */
static int take_signal(struct edit *e)
{
	struct signalfd_siginfo info;

	if (read(e->signals, &info, sizeof info) != (ssize_t)sizeof info)
		return 0;
	if (info.ssi_signo == SIGWINCH)
		el_resize(e->el);
	e->interrupted = info.ssi_signo == SIGINT;
	return e->interrupted;
}

/* Waits until the terminal has something to read. 0: it is over, see `interrupted`. */
static int await(struct edit *e)
{
	for (;;) {
		struct pollfd p[3] = {{.fd = STDIN_FILENO, .events = POLLIN},
			{.fd = e->signals, .events = POLLIN},
			{.fd = e->hooks->watched(e->arg), .events = POLLIN}};
		if (poll(p, 3, -1) < 0 && errno != EINTR)
			return 0;
		if (p[1].revents != 0 && take_signal(e))
			return 0;
		if (p[2].revents != 0)
			e->hooks->happened(e->arg);
		if (p[0].revents != 0)
			return 1;
	}
}

/* One character; bytes that are none in this locale are passed over. */
static int next_character(EditLine *el, wchar_t *c)
{
	struct edit *e = edit_of(el);
	char byte;

	for (;;) {
		size_t n;
		if (!await(e) || read(STDIN_FILENO, &byte, 1) != 1)
			return 0;
		n = mbrtowc(c, &byte, 1, &e->state);
		if (n == (size_t)-1)
			memset(&e->state, 0, sizeof e->state);
		else if (n != (size_t)-2)
			return 1;
	}
}

/* ---- completion */

void edit_words_free(struct edit_words *words)
{
	for (size_t i = 0; i < words->n; i++) {
		mem_free(&words->list[i].word);
		mem_free(&words->list[i].signature);
	}
	mem_free(&words->list);
	words->n = 0;
}

/* How many bytes all of them begin with, if all take the place of the same bytes. */
static size_t common(const struct edit_words *words)
{
	size_t n = strlen(words->list[0].word);

	for (size_t i = 1; i < words->n; i++) {
		size_t same = 0;
		if (words->list[i].cut != words->list[0].cut)
			return 0;
		while (same < n && words->list[i].word[same] == words->list[0].word[same])
			same++;
		n = same;
	}
	return n;
}

static void show(const struct edit_words *words)
{
	size_t widest = 0;

	for (size_t i = 0; i < words->n && i < LIST_MOST; i++)
		if (strlen(words->list[i].word) > widest)
			widest = strlen(words->list[i].word);
	(void)fputs("\n", stdout);
	for (size_t i = 0; i < words->n && i < LIST_MOST; i++)
		printf("  %-*s  %s\n", (int)widest, words->list[i].word, words->list[i].signature);
	if (words->n > LIST_MOST)
		printf("  ... %zu more\n", words->n - LIST_MOST);
	(void)fflush(stdout);
}

static void replace_end(EditLine *el, size_t cut, const char *word, size_t n)
{
	char *text = mem_new(n + 1, 1);

	memcpy(text, word, n);
	el_deletestr(el, (int)cut);
	(void)el_insertstr(el, text);
	mem_free(&text);
}

/* Tab: what is sure is written, what is not is shown. */
static unsigned char on_tab(EditLine *el, int key)
{
	struct edit *e = edit_of(el);
	const LineInfo *line = el_line(el);
	size_t n = (size_t)(line->cursor - line->buffer), sure;
	char *text = mem_new(n + 1, 1);
	struct edit_words words;
	unsigned char done = CC_REFRESH;

	(void)key;
	memcpy(text, line->buffer, n);
	words = e->hooks->complete(e->arg, text);
	mem_free(&text);
	sure = words.n > 0 ? common(&words) : 0;
	if (words.n == 0) {
		done = CC_ERROR;
	} else if (words.n == 1 || sure > words.list[0].cut) {
		replace_end(el, words.list[0].cut, words.list[0].word, sure);
	} else {
		show(&words);
		done = CC_REDISPLAY;
	}
	edit_words_free(&words);
	return done;
}

/* ---- the whole */

static void remember(const char *line, void *arg)
{
	struct edit *e = arg;

	(void)history(e->history, &e->event, H_ENTER, line);
}

struct edit *edit_new(int signals, const char *past, const struct edit_hooks *hooks, void *arg)
{
	struct edit *e = mem_new(1, sizeof *e);

	e->signals = signals;
	e->past = past;
	e->hooks = hooks;
	e->arg = arg;
	e->el = el_init("reeve", stdin, stdout, stderr);
	e->history = history_init();
	if (e->el == NULL || e->history == NULL) {
		edit_free(&e);
		return NULL;
	}
	(void)history(e->history, &e->event, H_SETSIZE, HISTFILE_MOST);
	(void)history(e->history, &e->event, H_SETUNIQUE, 1);
	(void)el_set(e->el, EL_CLIENTDATA, e);
	(void)el_set(e->el, EL_PROMPT, prompt_of);
	(void)el_set(e->el, EL_EDITOR, "emacs");
	(void)el_set(e->el, EL_SIGNAL, 0);
	(void)el_set(e->el, EL_HIST, history, e->history);
	(void)el_set(e->el, EL_GETCFN, next_character);
	(void)el_set(e->el, EL_ADDFN, "reeve-complete", "complete the word", on_tab);
	(void)el_set(e->el, EL_BIND, "^I", "reeve-complete", NULL);
	(void)el_set(e->el, EL_BIND, "^R", "em-inc-search-prev", NULL);
	(void)el_source(e->el, NULL); /* ~/.editrc */
	if (past != NULL)
		histfile_each(past, remember, e);
	return e;
}

void edit_free(struct edit **ep)
{
	struct edit *e = *ep;

	if (e == NULL)
		return;
	if (e->history != NULL)
		history_end(e->history);
	if (e->el != NULL)
		el_end(e->el);
	mem_free(&e->line);
	mem_free(ep);
}

enum edit_end edit_line(struct edit *e, const char *prompt, const char **line)
{
	const char *got;
	int n = 0;

	e->prompt = prompt;
	e->interrupted = false;
	got = el_gets(e->el, &n);
	if (e->interrupted)
		return EDIT_INTERRUPTED;
	if (got == NULL || n <= 0)
		return EDIT_EOF;
	mem_free(&e->line);
	e->line = mem_text(got);
	e->line[strcspn(e->line, "\r\n")] = '\0';
	*line = e->line;
	if (e->line[0] != '\0' && e->line[0] != ' ' && e->line[0] != '\t') {
		remember(e->line, e);
		if (e->past != NULL)
			histfile_add(e->past, e->line);
	}
	return EDIT_LINE;
}
