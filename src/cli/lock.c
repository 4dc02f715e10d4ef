/* lock: reading the lock of an instance, never taking it. */
#include "cli/lock.h"

#include "base/fd.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

static int is_held(int fd)
{
	struct flock look = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return fcntl(fd, F_OFD_GETLK, &look) == 0 && look.l_type != F_UNLCK;
}

static pid_t pid_in(int fd)
{
	char text[32];
	ssize_t n = pread(fd, text, sizeof text - 1, 0);
	long pid;

	if (n <= 0)
		return 0;
	text[n] = '\0';
	pid = strtol(text, NULL, 10);
	return pid > 0 && pid <= INT_MAX ? (pid_t)pid : 0;
}

int lock_is_reeved(pid_t pid)
{
	char path[64], comm[32] = "";
	FILE *f;

	(void)snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	if (fgets(comm, sizeof comm, f) == NULL)
		comm[0] = '\0';
	(void)fclose(f);
	return strcmp(comm, "reeved\n") == 0;
}

int lock_holder(const char *base_dir, struct holder *h)
{
	char path[PATH_MAX];
	int fd;

	h->pid = 0;
	h->pidfd = -1;
	(void)snprintf(path, sizeof path, "%s/reeve.lock", base_dir);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return 0;
	if (is_held(fd))
		h->pid = pid_in(fd);
	if (h->pid != 0)
		h->pidfd = pidfd_open(h->pid, 0);
	/* a base_dir may be anybody's: a pid found there is only believed of a process named reeved;
	 * still held after the pidfd was made: so the pidfd is the holder's, not of a reused pid */
	if (h->pidfd < 0 || !lock_is_reeved(h->pid) || !is_held(fd))
		lock_let_go(h);
	fd_close(&fd);
	return h->pid != 0;
}

void lock_let_go(struct holder *h)
{
	fd_close(&h->pidfd);
	h->pid = 0;
}
