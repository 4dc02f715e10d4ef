/* definition: its memory and its files. */
#include "master/definition.h"

#include "base/fd.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

static void texts_free(struct texts *t)
{
	for (size_t i = 0; i < t->count; i++)
		mem_free(&t->text[i]);
	mem_free(&t->text);
	t->count = 0;
}

static void files_free(struct definition *d)
{
	for (size_t i = 0; i < d->files_n; i++) {
		mem_free(&d->files[i].name);
		mem_free(&d->files[i].path);
		fd_close(&d->files[i].fd);
	}
	mem_free(&d->files);
	d->files_n = 0;
}

void definition_free(struct definition **dp)
{
	struct definition *d = *dp;

	if (d == NULL)
		return;
	for (size_t i = 0; i < d->listeners_n; i++) {
		mem_free(&d->listeners[i].name);
		mem_free(&d->listeners[i].address);
	}
	mem_free(&d->listeners);
	files_free(d);
	texts_free(&d->arguments);
	texts_free(&d->environment);
	spec_free(SPEC_service, &d->settings);
	mem_free(&d->name);
	mem_free(dp);
}

/* O_NONBLOCK: a fifo, which is refused, must not stop us. */
static int open_file(struct file_definition *f, struct err *e)
{
	struct stat st;

	f->fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (f->fd < 0 || fstat(f->fd, &st) < 0)
		return err_set(e, "open_files: cannot open %s: %s", f->path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(e, "open_files: %s is not a regular file", f->path);
	f->dev = st.st_dev;
	f->ino = st.st_ino;
	f->size = st.st_size;
	f->changed = st.st_mtim;
	return 0;
}

int definition_open_files(struct definition *d, struct err *e)
{
	for (size_t i = 0; i < d->files_n; i++)
		if (d->files[i].fd < 0 && open_file(&d->files[i], e) < 0)
			return -1;
	return 0;
}

static bool file_is_same(const struct file_definition *a, const struct file_definition *b)
{
	return strcmp(a->name, b->name) == 0 && a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

bool definition_files_are_same(const struct definition *a, const struct definition *b)
{
	if (a->files_n != b->files_n)
		return false;
	for (size_t i = 0; i < a->files_n; i++)
		if (!file_is_same(&a->files[i], &b->files[i]))
			return false;
	return true;
}

int definition_backlog(const struct definition *d)
{
	int64_t n;

	if (__builtin_mul_overflow(d->settings.process_limit, d->settings.client_limit, &n) || n > INT_MAX)
		return INT_MAX;
	return n < 511 ? 511 : (int)n; /* room for a burst even before small pools */
}

bool listener_definition_is_same_place(
	const struct listener_definition *a, const struct listener_definition *b)
{
	return a->kind == b->kind && a->port == b->port && strcmp(a->address, b->address) == 0;
}
