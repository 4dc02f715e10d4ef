/* base_dir: an OFD lock, not a pid file: a lock cannot outlive its holder, a pid can be somebody
 * else's. Failures are -1 and a sentence. */
#include "master/base_dir.h"

#include "base/fd.h"
#include "master/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

/* The holder writes its pid a moment after it has the lock. */
static pid_t holder_of(int fd)
{
	char text[32] = "";

	for (int tries = 0; tries < 50; tries++) {
		ssize_t n = pread(fd, text, sizeof text - 1, 0);
		if (n > 0)
			return (pid_t)strtol(text, NULL, 10);
		(void)poll(NULL, 0, 2);
	}
	return 0;
}

static bool is_file_at(int fd, int dir_fd, const char *path)
{
	struct stat mine, named;

	return fstat(fd, &mine) == 0 && fstatat(dir_fd, path, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       mine.st_dev == named.st_dev && mine.st_ino == named.st_ino;
}

/* 1: locked, 0: the file was removed under us (try again), -1: held or broken */
static int try_lock(int dir_fd, int *lock)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	*lock = openat(dir_fd, "reeve.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (*lock < 0 || fcntl(*lock, F_OFD_SETLK, &whole) < 0)
		return -1;
	if (is_file_at(*lock, dir_fd, "reeve.lock"))
		return 1;
	fd_close(lock);
	return 0;
}

int base_dir_lock(const char *dir, int *exit_code, struct err *e)
{
	char pid[32];
	int lock = -1, got = 0, dir_fd, n;

	*exit_code = EX_OSERR;
	if (directory_make(dir) < 0)
		return err_set(e, "base_dir %s cannot be made: %s", dir, strerror(errno));
	dir_fd = directory_open_own("base_dir", dir, e);
	if (dir_fd < 0)
		return -1;
	for (int tries = 0; got == 0 && tries < 100; tries++)
		got = try_lock(dir_fd, &lock);
	fd_close(&dir_fd);
	if (got != 1 && lock >= 0 && (errno == EAGAIN || errno == EACCES)) {
		*exit_code = EX_CANTCREAT;
		(void)err_set(e,
			"Reeve runs already in %s as pid %d; stop it first (reeve -b %s stop), or take "
			"another "
			"base_dir with -b",
			dir, (int)holder_of(lock), dir);
		fd_close(&lock);
		return -1;
	}
	if (got != 1) {
		int error = errno;
		fd_close(&lock);
		return err_set(e, "%s/reeve.lock cannot be locked: %s%s", dir, strerror(error),
			error == EACCES || error == EROFS ? "; take a base_dir of your own with -b" : "");
	}
	n = snprintf(pid, sizeof pid, "%d\n", (int)getpid());
	if (ftruncate(lock, 0) < 0 || fchmod(lock, 0644) < 0 || pwrite(lock, pid, (size_t)n, 0) != n) {
		int error = errno;
		fd_close(&lock);
		return err_set(e, "%s/reeve.lock cannot be written: %s", dir, strerror(error));
	}
	return lock;
}

void base_dir_unlock(const char *dir, int *lock)
{
	char path[4096];

	if (*lock < 0)
		return;
	(void)snprintf(path, sizeof path, "%s/reeve.lock", dir);
	if (is_file_at(
		    *lock, AT_FDCWD, path)) /* the directory may have been removed, and be another's by now */
		(void)unlink(path);
	fd_close(lock);
}
