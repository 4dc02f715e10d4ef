/* recording: opens the file anew for each engine, so that its lock is that engine's alone. */
#include "master/recording.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/say.h"
#include "master/directory.h"
#include "master/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define AGAIN_MS 5000
#define NAME     "recording"

static int check_file(int fd, const struct master *m, struct err *e)
{
	const char *dir = m->settings.state_dir;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set(e, "%s/" NAME ": %s", dir, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1 || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0 ||
		(st.st_uid != 0 && st.st_uid != geteuid()))
		return err_set(e,
			"%s/" NAME " is not a file of uid %u alone (owner %u, mode %04o, %u links); "
			"move it away",
			dir, geteuid(), st.st_uid, st.st_mode & 07777, (unsigned)st.st_nlink);
	if (st.st_size > m->settings.record && ftruncate(fd, m->settings.record) < 0)
		return err_set(e, "%s/" NAME " cannot be made smaller: %s", dir, strerror(errno));
	return 0;
}

/* The fd, or -1. */
static int open_file(const struct master *m, int dir, struct err *e)
{
	int fd = openat(dir, NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);

	if (fd < 0)
		return err_set(e, "%s/" NAME " cannot be opened: %s", m->settings.state_dir, strerror(errno));
	if (check_file(fd, m, e) < 0)
		fd_close(&fd);
	return fd;
}

/* <base_dir>/state leads to it, so that the command finds what a base_dir belongs to. */
static void leave_a_sign(const struct master *m)
{
	char path[4096], old[4096];
	const char *dir = m->settings.state_dir;
	ssize_t n;

	if (snprintf(path, sizeof path, "%s/state", m->settings.base_dir) >= (int)sizeof path ||
		strcmp(path, dir) == 0)
		return;
	n = readlink(path, old, sizeof old - 1);
	if (n >= 0) {
		old[n] = '\0';
		if (strcmp(old, dir) == 0)
			return;
		(void)unlink(path);
	}
	if (symlink(dir, path) < 0)
		say(SAY_WARNING, "%s cannot be made: %s", path, strerror(errno));
}

static int open_recording(const struct master *m, struct err *e)
{
	int dir, fd;

	if (directory_make(m->settings.state_dir) < 0)
		return err_set(e, "state_dir %s cannot be made: %s", m->settings.state_dir, strerror(errno));
	dir = directory_open_own("state_dir", m->settings.state_dir, e);
	if (dir < 0)
		return -1;
	leave_a_sign(m);
	fd = open_file(m, dir, e);
	fd_close(&dir);
	return fd;
}

void recording_forget(struct master *m)
{
	m->recording_tried = 0;
}

void recording_offer(struct master *m)
{
	struct engine *en = m->engine;
	uint64_t now = clock_ms();
	struct err e;
	int fd;

	if (en == NULL || en->phase != WIRE_RUNNING || en->records || m->settings.record == 0 ||
		m->settings.state_dir == NULL || m->settings.state_dir[0] == '\0' ||
		(m->recording_tried != 0 && now - m->recording_tried < AGAIN_MS))
		return;
	m->recording_tried = now;
	fd = open_recording(m, &e);
	if (fd < 0) {
		if (!m->recording_missed)
			say(SAY_ERROR, "nothing is recorded: %s", e.text);
		m->recording_missed = true;
		return;
	}
	en->records = engine_send(en, WIRE_recording, &(struct wire_recording){fd}) == 0;
	fd_close(&fd);
	if (en->records && m->recording_missed)
		say(SAY_INFO, "the recording goes on in %s", m->settings.state_dir);
	m->recording_missed = m->recording_missed && !en->records;
}
