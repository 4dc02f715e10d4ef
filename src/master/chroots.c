/* chroots: made by path below base_dir, which only its owner can write. Failures are -1 and a sentence. */
#include "master/chroots.h"

#include "base/fd.h"
#include "base/say.h"
#include "master/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOGIN_MODE 0750

/* Through the directory's own fd: what is changed is what was made. */
static int close_to_others(const char *path, gid_t group, struct err *e)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), done = 0;

	if (fd < 0 || fstat(fd, &st) < 0) {
		int error = errno;
		fd_close(&fd);
		return err_set(e, "chroot %s cannot be opened: %s", path, strerror(error));
	}
	if (st.st_uid != 0 || st.st_gid != group || (st.st_mode & 07777) != LOGIN_MODE) {
		done = fchown(fd, 0, group) < 0 ? -1 : fchmod(fd, LOGIN_MODE);
		say(SAY_INFO, "chroot %s: root's now, group %u, mode 0750", path, (unsigned)group);
	}
	fd_close(&fd);
	return done < 0 ? err_set(e, "chroot %s cannot be given owner and mode: %s", path, strerror(errno))
			: 0;
}

static int make(const struct spec_service_settings *set, bool is_root, struct err *e)
{
	if (directory_make(set->chroot) < 0)
		return err_set(e, "chroot %s cannot be made: %s", set->chroot, strerror(errno));
	if (strcmp(set->type, "login") != 0 || !is_root || set->group < 0)
		return 0;
	return close_to_others(set->chroot, (gid_t)set->group, e);
}

int chroots_make(const struct plan *plan, bool is_root, struct err *e)
{
	for (size_t i = 0; i < plan->services_n; i++) {
		const struct spec_service_settings *set = &plan->services[i]->settings;
		if (strcmp(set->contract, "dovecot") != 0 ||
			directory_below(plan->settings.base_dir, set->chroot) == NULL)
			continue;
		if (make(set, is_root, e) < 0)
			return err_prefix(e, "service %s", plan->services[i]->name);
	}
	return 0;
}
