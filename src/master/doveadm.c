/* doveadm: a socket and a pid file. Failures are -1 and a sentence. */
#include "master/doveadm.h"

#include "base/fd.h"
#include "master/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_ROOM 4096
#define BACKLOG   16

void doveadm_init(struct doveadm *d)
{
	memset(d, 0, sizeof *d);
	d->fd = -1;
}

static int open_socket(struct doveadm *d, const char *base_dir, struct err *e)
{
	char path[PATH_ROOM];
	struct listener l;
	struct listener_definition at = {.kind = LISTENER_UNIX,
		.name = (char[]){"master"},
		.address = path,
		.mode = 0600,
		.uid = (uid_t)-1,
		.gid = (gid_t)-1};

	if (snprintf(path, sizeof path, "%s/master", base_dir) > 107)
		return err_set(e, "base_dir %s is too long for a socket below it", base_dir);
	if (listener_open(&l, &at, BACKLOG, base_dir, e) < 0)
		return -1;
	d->fd = l.fd;
	d->dev = l.dev;
	d->ino = l.ino;
	return 0;
}

/* By rename: whoever reads it finds a whole pid, and what stood there under that name is not written to. */
static int write_pid(const char *base_dir, struct err *e)
{
	char path[PATH_ROOM], fresh[PATH_ROOM], text[32];
	int n = snprintf(text, sizeof text, "%d\n", (int)getpid()), fd;
	bool good;

	(void)snprintf(path, sizeof path, "%s/master.pid", base_dir);
	(void)snprintf(fresh, sizeof fresh, "%s/master.pid.new", base_dir);
	(void)unlink(fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	good = fd >= 0 && write(fd, text, (size_t)n) == n && rename(fresh, path) == 0;
	if (!good)
		(void)err_set(e, "%s cannot be written: %s", path, strerror(errno));
	fd_close(&fd);
	return good ? 0 : -1;
}

int doveadm_open(struct doveadm *d, const char *base_dir, struct err *e)
{
	return open_socket(d, base_dir, e) < 0 ? -1 : write_pid(base_dir, e);
}

void doveadm_close(struct doveadm *d, const char *base_dir)
{
	char path[PATH_ROOM];
	struct stat st;

	if (d->fd < 0)
		return;
	fd_close(&d->fd);
	(void)snprintf(path, sizeof path, "%s/master.pid", base_dir);
	(void)unlink(path);
	(void)snprintf(path, sizeof path, "%s/master", base_dir);
	if (lstat(path, &st) == 0 && st.st_dev == d->dev && st.st_ino == d->ino)
		(void)unlink(path);
}
