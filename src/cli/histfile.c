/* histfile: the file of the history. Whatever fails there is passed over. */
#include "cli/histfile.h"

#include "base/fd.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* $XDG_STATE_HOME, else ~/.local/state. 0: neither is known. */
static int state_home(char *path, size_t room)
{
	const char *given = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int n;

	if (given != NULL && given[0] == '/')
		n = snprintf(path, room, "%s", given);
	else if (home != NULL && home[0] == '/')
		n = snprintf(path, room, "%s/.local/state", home);
	else
		return 0;
	return n > 0 && (size_t)n < room;
}

static int make_directories(char *path)
{
	for (char *at = path + 1; *at != '\0'; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		(void)mkdir(path, 0700);
		*at = '/';
	}
	return mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : -1;
}

char *histfile_path(void)
{
	char home[PATH_MAX - 32], path[PATH_MAX];

	if (!state_home(home, sizeof home))
		return NULL;
	(void)snprintf(path, sizeof path, "%s/reeve", home);
	if (make_directories(path) < 0)
		return NULL;
	(void)snprintf(path, sizeof path, "%s/reeve/history", home);
	return mem_text(path);
}

static size_t count_lines(FILE *f)
{
	size_t n = 0;

	for (int c = getc(f); c != EOF; c = getc(f))
		n += c == '\n';
	rewind(f);
	return n;
}

/* Only the last lines stay: a new file takes the place of the old one. */
static void cut(const char *path, FILE *f, size_t skip)
{
	char other[PATH_MAX], *line = NULL;
	size_t room = 0;
	FILE *out;
	int fd;

	(void)snprintf(other, sizeof other, "%s.new", path);
	fd = open(other, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	out = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (out == NULL) {
		fd_close(&fd);
		return;
	}
	for (size_t i = 0; getline(&line, &room, f) >= 0; i++)
		if (i >= skip)
			(void)fputs(line, out);
	free(line);
	rewind(f);
	if (fclose(out) == 0)
		(void)rename(other, path);
}

void histfile_each(const char *path, void (*take)(const char *line, void *arg), void *arg)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t room = 0, n, skip;

	if (f == NULL)
		return;
	n = count_lines(f);
	skip = n > HISTFILE_MOST ? n - HISTFILE_MOST : 0;
	if (n > 2 * HISTFILE_MOST)
		cut(path, f, skip);
	for (size_t i = 0; getline(&line, &room, f) >= 0; i++) {
		line[strcspn(line, "\n")] = '\0';
		if (i >= skip && line[0] != '\0')
			take(line, arg);
	}
	free(line);
	(void)fclose(f);
}

void histfile_add(const char *path, const char *line)
{
	int fd;

	if (line[0] == ' ' || line[0] == '\t' || line[0] == '\0')
		return;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return;
	(void)fchmod(fd, 0600);
	(void)!fd_write_all(fd, line, strlen(line));
	(void)!fd_write_all(fd, "\n", 1);
	fd_close(&fd);
}
