/* instances: a line for each instance that was ever started, words with tabs between them: when it was last
 * used, its name, its base_dir, its configuration. Ours is written anew, the others stay as they are.
 * Dovecot's own programs write the same file, under the lock that is the new file itself. */
#include "master/instances.h"

#include "base/buf.h"
#include "base/fd.h"
#include "base/say.h"
#include "master/directory.h"
#include "master/service.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILE_NAME "instances"
#define LOCK_NAME "instances.lock"
#define LINK_NAME "dovecot.conf"
#define MOST      65536
#define STALE_S   60 /* a lock that old is nobody's, as Dovecot has it */

/* The file that Dovecot's config process reads; NULL: there is none. */
static const char *configuration(const struct master *m)
{
	static const char name[] = "CONFIG_FILE=";
	const struct service *s;

	LIST_EACH (s, &m->services, const struct service, link) {
		const struct texts *env = &s->definition->environment;
		if (s->number == 0 || strcmp(s->definition->settings.type, "config") != 0)
			continue;
		for (size_t i = 0; i < env->count; i++)
			if (strncmp(env->text[i], name, strlen(name)) == 0)
				return env->text[i] + strlen(name);
	}
	return NULL;
}

/* ---- the link */

static void put_link(const char *base_dir, const char *to)
{
	char path[4096], fresh[4096], old[4096];
	ssize_t n;

	(void)snprintf(path, sizeof path, "%s/" LINK_NAME, base_dir);
	(void)snprintf(fresh, sizeof fresh, "%s/" LINK_NAME ".new", base_dir);
	n = readlink(path, old, sizeof old - 1);
	if (n >= 0 && (size_t)n == strlen(to) && memcmp(old, to, (size_t)n) == 0)
		return;
	if (n < 0 && errno == EINVAL) {
		say(SAY_WARNING, "%s is no link and stays: doveadm -i reads it in place of %s", path, to);
		return;
	}
	(void)unlink(fresh);
	if (symlink(to, fresh) < 0 || rename(fresh, path) < 0)
		say(SAY_WARNING, "%s cannot be made: %s", path, strerror(errno));
}

/* ---- the list */

/* A line of it, as far as it matters: its name and its base_dir. */
struct entry {
	const char *name, *dir;
	size_t name_len, dir_len;
};

static struct entry parse(const char *line, const char *end)
{
	struct entry e = {"", "", 0, 0};
	const char *tab = memchr(line, '\t', (size_t)(end - line));

	if (tab == NULL)
		return e;
	e.name = tab + 1;
	tab = memchr(e.name, '\t', (size_t)(end - e.name));
	e.name_len = (size_t)((tab != NULL ? tab : end) - e.name);
	if (tab == NULL)
		return e;
	e.dir = tab + 1;
	tab = memchr(e.dir, '\t', (size_t)(end - e.dir));
	e.dir_len = (size_t)((tab != NULL ? tab : end) - e.dir);
	return e;
}

static bool is(const char *text, size_t len, const char *wanted)
{
	return strlen(wanted) == len && memcmp(text, wanted, len) == 0;
}

/* Keeps the lines of others; whether one of them has our name. */
static bool keep_others(struct buf *out, const struct buf *old, const struct spec_global_settings *set)
{
	const char *at = buf_text(old), *stop = at + old->used;
	bool taken = false;

	while (at < stop) {
		const char *end = memchr(at, '\n', (size_t)(stop - at));
		if (end == NULL)
			end = stop;
		struct entry e = parse(at, end);
		if (e.dir_len > 0 && !is(e.dir, e.dir_len, set->base_dir)) {
			buf_add(out, at, (size_t)(end - at));
			buf_add(out, "\n", 1);
			taken = taken || is(e.name, e.name_len, set->instance_name);
		}
		at = end + 1;
	}
	return taken;
}

/* What stands there; nothing where there is no file yet. Only root's own is believed. */
static int read_list(int dir, struct buf *old)
{
	int fd = openat(dir, FILE_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char bytes[4096];
	struct stat st;
	ssize_t n = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > MOST || st.st_uid != geteuid() ||
		(st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		fd_close(&fd);
		errno = EPERM;
		return -1;
	}
	while (old->used <= MOST && (n = read(fd, bytes, sizeof bytes)) > 0)
		buf_add(old, bytes, (size_t)n);
	fd_close(&fd);
	return n < 0 ? -1 : 0;
}

/* The new file, which is the lock, too: who is second must wait, and we do not. */
static int take_lock(int dir)
{
	const int how = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
	int fd = openat(dir, LOCK_NAME, how, 0644);
	struct stat st;

	if (fd >= 0 || errno != EEXIST)
		return fd;
	if (fstatat(dir, LOCK_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0 && time(NULL) - st.st_mtime > STALE_S)
		(void)unlinkat(dir, LOCK_NAME, 0);
	return openat(dir, LOCK_NAME, how, 0644);
}

static int write_list(const struct master *m, int dir, int lock, const char *conf)
{
	struct buf old = {0}, new = {0};
	bool taken, good;

	if (read_list(dir, &old) < 0)
		return -1;
	taken = keep_others(&new, &old, &m->settings);
	if (taken)
		say(SAY_WARNING,
			"another instance is called '%s' already: `doveadm instance list` shows this one "
			"without a "
			"name; write another instance_name",
			m->settings.instance_name);
	buf_print(&new, "%lld\t%s\t%s\t%s\n", (long long)time(NULL), taken ? "" : m->settings.instance_name,
		m->settings.base_dir, conf);
	good = fchmod(lock, 0644) == 0 && fd_write_all(lock, new.data, new.used) == 0 &&
	       renameat(dir, LOCK_NAME, dir, FILE_NAME) == 0;
	buf_free(&old);
	buf_free(&new);
	return good ? 0 : -1;
}

static int enter_list(const struct master *m, const char *conf, struct err *e)
{
	const char *path = m->settings.state_dir;
	int dir, lock, result;

	if (directory_make(path) < 0)
		return err_set(e, "state_dir %s cannot be made: %s", path, strerror(errno));
	dir = directory_open_own("state_dir", path, e);
	if (dir < 0)
		return -1;
	lock = take_lock(dir);
	result = lock < 0 ? -1 : write_list(m, dir, lock, conf);
	if (result < 0)
		(void)err_set(e, "%s/" FILE_NAME ": %s", path, strerror(errno));
	if (result < 0 && lock >= 0)
		(void)unlinkat(dir, LOCK_NAME, 0);
	fd_close(&lock);
	fd_close(&dir);
	return result;
}

void instances_enter(const struct master *m)
{
	const char *conf = configuration(m);
	struct err e;

	if (!m->settings.doveadm || conf == NULL)
		return;
	put_link(m->settings.base_dir, conf);
	if (enter_list(m, conf, &e) < 0)
		say(SAY_WARNING, "`doveadm instance list` does not show this instance: %s", e.text);
}
