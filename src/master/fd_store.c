/* fd_store: a short array. Nothing fails. */
#include "master/fd_store.h"

#include "base/mem.h"
#include "master/foreign.h"

#include <assert.h>
#include <linux/kcmp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void close_from(struct fd_store *s, size_t first)
{
	int gone[FD_STORE_MOST];
	size_t n = 0;

	for (size_t i = first; i < s->n; i++)
		gone[n++] = s->slots[i].fd;
	(void)foreign_close(gone, n);
	s->n = first < s->n ? first : s->n;
}

/* Those that go move behind the others, which keep their order. */
static void close_if(
	struct fd_store *s, bool (*goes)(const struct stored_fd *f, const char *name), const char *name)
{
	struct stored_fd gone[FD_STORE_MOST];
	size_t stay_n = 0, gone_n = 0;

	for (size_t i = 0; i < s->n; i++)
		if (goes(&s->slots[i], name))
			gone[gone_n++] = s->slots[i];
		else
			s->slots[stay_n++] = s->slots[i];
	if (gone_n == 0)
		return;
	memcpy(s->slots + stay_n, gone, gone_n * sizeof *gone);
	close_from(s, stay_n);
}

void fd_store_resize(struct fd_store *s, size_t room)
{
	assert(room <= FD_STORE_MOST);
	close_from(s, room);
	if (room == 0)
		mem_free(&s->slots);
	else if (room != s->room)
		s->slots = mem_grow(s->slots, room, sizeof *s->slots);
	s->room = room;
}

/* Where the kernel has no kcmp everything is new. */
static bool is_same(int a, int b)
{
	pid_t self = getpid();

	return syscall(SYS_kcmp, self, self, KCMP_FILE, (unsigned long)a, (unsigned long)b) == 0;
}

bool fd_store_add(struct fd_store *s, int *fd, const char *name, bool stays)
{
	for (size_t i = 0; i < s->n; i++)
		if (is_same(s->slots[i].fd, *fd))
			return true;
	if (s->n == s->room)
		return false;
	s->slots[s->n].fd = *fd;
	s->slots[s->n].stays = stays || !foreign_is_stream(*fd);
	(void)snprintf(s->slots[s->n].name, NOTIFY_NAME, "%s", name);
	s->n++;
	*fd = -1;
	return true;
}

static bool has_name(const struct stored_fd *f, const char *name)
{
	return strcmp(f->name, name) == 0;
}

static bool has_ended(const struct stored_fd *f, const char *name)
{
	struct pollfd p = {.fd = f->fd};

	(void)name;
	return !f->stays && poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR)) != 0;
}

void fd_store_remove(struct fd_store *s, const char *name)
{
	close_if(s, has_name, name);
}

void fd_store_sweep(struct fd_store *s)
{
	close_if(s, has_ended, NULL);
}

void fd_store_clear(struct fd_store *s)
{
	close_from(s, 0);
}
