/* instances: finding running daemons. What cannot be read is left out; nothing fails here. */
#include "cli/instances.h"

#include "cli/lock.h"

#include <ctype.h>
#include <dirent.h>
#include <glob.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define INSTANCES_MAX 64

struct seen {
	pid_t pids[INSTANCES_MAX];
	int n;
	FILE *out;
};

static bool may_look_at(pid_t pid)
{
	char fds[64];

	(void)snprintf(fds, sizeof fds, "/proc/%d/fd", (int)pid);
	return access(fds, R_OK | X_OK) == 0;
}

/* One that has ended, and that nobody has waited for yet, runs nowhere. */
static bool is_zombie(pid_t pid)
{
	char path[64], text[64] = "";
	const char *state;
	FILE *f;

	(void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (f == NULL)
		return true;
	if (fgets(text, sizeof text, f) == NULL)
		text[0] = '\0';
	(void)fclose(f);
	state = strstr(text, ") ");
	return state == NULL || state[2] == 'Z';
}

static void tell(struct seen *seen, pid_t pid, const char *base_dir)
{
	for (int i = 0; i < seen->n; i++)
		if (seen->pids[i] == pid)
			return;
	if (seen->n == INSTANCES_MAX)
		return;
	seen->pids[seen->n++] = pid;
	if (base_dir != NULL)
		fprintf(seen->out, "  reeve -b %s  (pid %d)\n", base_dir, (int)pid);
	else
		fprintf(seen->out, "  pid %d (%s)\n", (int)pid,
			may_look_at(pid) ? "it has no base_dir yet, or somebody removed it"
					 : "only root and its owner can see its base_dir");
}

/* /run/reeve/reeve.lock -> /run/reeve */
static void cut_file(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash != NULL)
		*slash = '\0';
}

static void look_in_run(struct seen *seen)
{
	glob_t found;

	if (glob("/run/*/reeve.lock", GLOB_NOSORT, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++) {
			struct holder h;
			cut_file(found.gl_pathv[i]);
			if (lock_holder(found.gl_pathv[i], &h))
				tell(seen, h.pid, found.gl_pathv[i]);
			lock_let_go(&h);
		}
	globfree(&found);
}

/* Is it the lock of an instance that `pid` holds? Then `path` becomes the base_dir. */
static int is_its_lock(char *path, pid_t pid)
{
	size_t n = strlen(path), tail = strlen("/reeve.lock");
	struct holder h;
	int held;

	if (n <= tail || strcmp(path + n - tail, "/reeve.lock") != 0)
		return 0;
	cut_file(path);
	held = lock_holder(path, &h) && h.pid == pid;
	lock_let_go(&h);
	return held;
}

/* the base_dir of a reeved, from the lock it has open */
static const char *base_dir_of(pid_t pid, char *path, size_t room)
{
	char fds[64], one[PATH_MAX];
	const struct dirent *entry;
	const char *found = NULL;
	DIR *dir;

	(void)snprintf(fds, sizeof fds, "/proc/%d/fd", (int)pid);
	dir = opendir(fds);
	while (dir != NULL && found == NULL && (entry = readdir(dir)) != NULL) {
		ssize_t n;
		(void)snprintf(one, sizeof one, "%s/%s", fds, entry->d_name);
		n = readlink(one, path, room - 1);
		if (n <= 0)
			continue;
		path[n] = '\0';
		if (is_its_lock(path, pid))
			found = path;
	}
	if (dir != NULL)
		(void)closedir(dir);
	return found;
}

static void look_in_proc(struct seen *seen)
{
	char path[PATH_MAX];
	const struct dirent *entry;
	DIR *proc = opendir("/proc");

	while (proc != NULL && (entry = readdir(proc)) != NULL) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (isdigit((unsigned char)entry->d_name[0]) && lock_is_reeved(pid) && !is_zombie(pid))
			tell(seen, pid, base_dir_of(pid, path, sizeof path));
	}
	if (proc != NULL)
		(void)closedir(proc);
}

int instances_print(FILE *out)
{
	struct seen seen = {.out = out};

	look_in_run(&seen);
	look_in_proc(&seen);
	return seen.n;
}

int instances_instead(const char *base_dir, const char *why)
{
	fprintf(stderr, "reeve: no daemon at %s (%s)\n", base_dir, why);
	fputs("running instances:\n", stderr);
	if (instances_print(stderr) == 0)
		fputs("  none was found; `reeve run` starts one\n", stderr);
	return EX_UNAVAILABLE;
}
