/* fd_store: a short array. Nothing fails. */
#include "master/fd_store.h"

#include "base/fd.h"
#include "base/mem.h"

#include <linux/kcmp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void drop(struct fd_store *s, size_t i)
{
	fd_close(&s->slots[i].fd);
	s->n--;
	memmove(&s->slots[i], &s->slots[i + 1], (s->n - i) * sizeof *s->slots);
}

void fd_store_resize(struct fd_store *s, size_t room)
{
	while (s->n > room)
		drop(s, s->n - 1);
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

bool fd_store_add(struct fd_store *s, int fd, const char *name, bool stays)
{
	for (size_t i = 0; i < s->n; i++)
		if (is_same(s->slots[i].fd, fd)) {
			fd_close(&fd);
			return true;
		}
	if (s->n == s->room) {
		fd_close(&fd);
		return false;
	}
	s->slots[s->n].fd = fd;
	s->slots[s->n].stays = stays;
	(void)snprintf(s->slots[s->n].name, NOTIFY_NAME, "%s", name);
	s->n++;
	return true;
}

void fd_store_remove(struct fd_store *s, const char *name)
{
	for (size_t i = s->n; i-- > 0;)
		if (strcmp(s->slots[i].name, name) == 0)
			drop(s, i);
}

void fd_store_sweep(struct fd_store *s)
{
	for (size_t i = s->n; i-- > 0;) {
		struct pollfd p = {.fd = s->slots[i].fd};
		if (!s->slots[i].stays && poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR)) != 0)
			drop(s, i);
	}
}

void fd_store_clear(struct fd_store *s)
{
	while (s->n > 0)
		drop(s, s->n - 1);
}
