/* program: finding and becoming reeved or reeve-engine. */
#include "cli/program.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* the directory of the running binary, without a slash at the end */
static int own_directory(char *path, size_t room, struct err *e)
{
	ssize_t n = readlink("/proc/self/exe", path, room - 1);
	char *slash;

	if (n < 0)
		return err_set(e, "/proc/self/exe: %s", strerror(errno));
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (slash == NULL)
		return err_set(e, "/proc/self/exe: '%s' is no path", path);
	*slash = '\0';
	return 0;
}

int program_find(const char *name, char *path, size_t room, struct err *e)
{
	static const char *const beside[] = {"", "/../libexec/reeve"};
	char own[PATH_MAX];

	if (own_directory(own, sizeof own, e) < 0)
		return -1;
	for (size_t i = 0; i < sizeof beside / sizeof beside[0]; i++) {
		(void)snprintf(path, room, "%s%s/%s", own, beside[i], name);
		if (access(path, X_OK) == 0)
			return 0;
	}
	(void)snprintf(path, room, "%s/libexec/reeve/%s", REEVE_PREFIX, name);
	if (access(path, X_OK) == 0)
		return 0;
	return err_set(e,
		"cannot find the program %s in %s, %s/../libexec/reeve or " REEVE_PREFIX
		"/libexec/reeve: build it (make) or install it (make install)",
		name, own, own);
}

int program_exec(const char *name, const char *const argv[])
{
	char path[PATH_MAX];
	struct err e;

	if (program_find(name, path, sizeof path, &e) < 0) {
		fprintf(stderr, "reeve: %s\n", e.text);
		return EX_OSFILE;
	}
	(void)execv(path, (char *const *)(uintptr_t)argv); /* which does not write to it */
	fprintf(stderr, "reeve: %s: %s\n", path, strerror(errno));
	return EX_OSERR;
}
