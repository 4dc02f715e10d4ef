/* remote: /proc/self/mountinfo by a table of types. What cannot be read is as if nothing were mounted. */
#include "master/remote.h"

#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"
#include "master/directory.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define PLACE_FIELD 4 /* counted from 0, in proc(5) */

static bool is_remote(const char *type)
{
	static const char *const types[] = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph",
		"coda", "lustre", "gfs2", "ocfs2", "fuse", "fuseblk", "autofs"};

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return strncmp(type, "fuse.", strlen("fuse.")) == 0;
}

static bool is_octal(const char *digits)
{
	for (int i = 0; i < 3; i++)
		if (digits[i] < '0' || digits[i] > '7')
			return false;
	return true;
}

/* "\040" is a blank. */
static char *unescaped(const char *text)
{
	char *out = mem_text(text), *to = out;

	for (; *text != '\0'; to++)
		if (*text == '\\' && is_octal(text + 1)) {
			*to = (char)((text[1] - '0') * 64 + (text[2] - '0') * 8 + (text[3] - '0'));
			text += 4;
		} else {
			*to = *text++;
		}
	*to = '\0';
	return out;
}

/* "36 35 98:0 / /mnt rw,noatime shared:1 - nfs4 server:/x rw" */
static void take_line(struct remote *r, char *line)
{
	char *optional_end = strstr(line, " - "), *place = NULL, *type, *rest = line;

	if (optional_end == NULL)
		return;
	type = optional_end + strlen(" - ");
	type[strcspn(type, " ")] = '\0';
	for (int i = 0; i <= PLACE_FIELD; i++)
		place = strsep(&rest, " ");
	if (place == NULL || !is_remote(type) || strcmp(place, "/") == 0)
		return;
	r->places = mem_grow(r->places, r->n + 1, sizeof *r->places);
	r->places[r->n++] = unescaped(place);
}

void remote_parse(struct remote *r, const char *text)
{
	char *copy = mem_text(text), *rest = copy, *line;

	remote_free(r);
	while ((line = strsep(&rest, "\n")) != NULL)
		take_line(r, line);
	mem_free(&copy);
}

void remote_load(struct remote *r)
{
	char bytes[4096];
	struct buf all = {0};
	ssize_t n;
	int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && (n = read(fd, bytes, sizeof bytes)) > 0)
		buf_add(&all, bytes, (size_t)n);
	fd_close(&fd);
	remote_parse(r, buf_text(&all));
	buf_free(&all);
}

bool remote_has(const struct remote *r, const char *path)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->places[i], path) == 0 || directory_below(r->places[i], path) != NULL)
			return true;
	return false;
}

void remote_free(struct remote *r)
{
	for (size_t i = 0; i < r->n; i++)
		mem_free(&r->places[i]);
	mem_free(&r->places);
	r->n = 0;
}
