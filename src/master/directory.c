/* directory: made by path, opened by the strict rule. Failures are -1, with errno or a sentence. */
#include "master/directory.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

const char *directory_below(const char *dir, const char *path)
{
	size_t n = strlen(dir);

	if (strncmp(dir, path, n) != 0 || path[n] != '/' || path[n + 1] == '\0')
		return NULL;
	for (const char *part = path + n + 1;; part++) {
		size_t len = strcspn(part, "/");
		if ((len == 1 && part[0] == '.') || (len == 2 && part[0] == '.' && part[1] == '.'))
			return NULL;
		part += len;
		if (*part == '\0')
			return path + n + 1;
	}
}

int directory_make(const char *path)
{
	char part[4096];
	size_t n = strlen(path);

	if (n >= sizeof part) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(part, path, n + 1);
	for (char *p = part + 1;; p++) {
		char kept = *p;
		if (kept != '/' && kept != '\0')
			continue;
		*p = '\0';
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return -1;
		if (kept == '\0')
			return 0;
		*p = '/';
	}
}

int directory_open_own(const char *setting, const char *dir, struct err *e)
{
	struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
	struct stat st;
	int fd = (int)syscall(SYS_openat2, AT_FDCWD, dir, &how, sizeof how);

	if (fd < 0 && errno == ELOOP)
		return err_set(e, "%s %s goes through a symbolic link; write the real path", setting, dir);
	if (fd < 0 || fstat(fd, &st) < 0) {
		int error = errno;
		fd_close(&fd);
		return err_set(e, "%s %s cannot be opened: %s", setting, dir, strerror(error));
	}
	if ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		fd_close(&fd);
		return err_set(e,
			"%s %s can be written by others (owner %u, mode %04o); give it to its user "
			"alone: "
			"chown %u %s; chmod 0755 %s",
			setting, dir, st.st_uid, st.st_mode & 07777, geteuid(), dir, dir);
	}
	return fd;
}
