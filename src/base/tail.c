/* tail: slots of a memfd. Nothing dies here; whatever the file holds is taken for foreign. */
#include "base/tail.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TRIES 100 /* a writer takes microseconds; one that died in the middle never ends */

int tail_new(void)
{
	int fd = memfd_create("reeve-tail", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd >= 0 && (ftruncate(fd, (off_t)TAIL_BYTES) < 0 ||
			       fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0))
		fd_close(&fd);
	return fd;
}

static off_t place(int slot)
{
	return (off_t)slot * TAIL_SLOT;
}

static int read_head(int fd, int slot, struct tail_head *head)
{
	if (pread(fd, head, sizeof *head, place(slot)) != (ssize_t)sizeof *head)
		return -1;
	head->name[TAIL_NAME - 1] = '\0';
	return 0;
}

/* The first slot with that name; "" is a free one. */
static int find(int fd, const char *name, struct tail_head *head)
{
	for (int slot = 0; slot < TAIL_SLOTS; slot++)
		if (read_head(fd, slot, head) == 0 && strcmp(head->name, name) == 0)
			return slot;
	return -1;
}

static int is_among(const char *name, const char *const names[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (names[i] != NULL && strcmp(names[i], name) == 0)
			return 1;
	return 0;
}

void tail_keep(int fd, const char *const names[], size_t n)
{
	static const struct tail_head none;
	struct tail_head head;

	for (int slot = 0; slot < TAIL_SLOTS; slot++)
		if (read_head(fd, slot, &head) == 0 && head.name[0] != '\0' && !is_among(head.name, names, n))
			(void)!pwrite(fd, &none, sizeof none, place(slot));
}

int tail_slot(int fd, const char *name)
{
	struct tail_head head;
	int slot;

	if (name[0] == '\0' || strlen(name) >= TAIL_NAME)
		return -1;
	slot = find(fd, name, &head);
	return slot >= 0 ? slot : find(fd, "", &head);
}

int tail_write(int fd, int slot, const char *name, const char *text, size_t len)
{
	struct tail_head head = {0}, before;

	if (read_head(fd, slot, &before) < 0)
		return -1;
	head.length = (uint32_t)(len < TAIL_TEXT ? len : TAIL_TEXT);
	strncpy(head.name, name, TAIL_NAME - 1);
	head.sequence = before.sequence | 1;
	if (pwrite(fd, &head, sizeof head, place(slot)) < 0 ||
		pwrite(fd, text, head.length, place(slot) + (off_t)sizeof head) < 0)
		return -1;
	head.sequence++;
	return pwrite(fd, &head, sizeof head, place(slot)) < 0 ? -1 : 0;
}

int tail_read(int fd, const char *name, char *out)
{
	struct tail_head head, after;
	int slot = find(fd, name, &head);

	for (int i = 0; slot >= 0 && i < TRIES; i++) {
		if (read_head(fd, slot, &head) < 0 || head.length > TAIL_TEXT || strcmp(head.name, name) != 0)
			return -1;
		if (head.sequence % 2 != 0 ||
			pread(fd, out, head.length, place(slot) + (off_t)sizeof head) != (ssize_t)head.length)
			continue;
		if (read_head(fd, slot, &after) == 0 && after.sequence == head.sequence)
			return (int)head.length;
	}
	return -1;
}
