/* privileges: becoming what the config says, for good. -1 and a sentence; the process should then end. */
#include "worker/environment.h"
#include "worker/reeve.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MOST_GROUPS 64
#define UNSET       ((unsigned)-1)

/* What the master has put into RESTRICT_*. Numbers UNSET where there is none. */
struct wanted {
	unsigned uid, gid, privileged;
	const char *chroot;
	gid_t groups[MOST_GROUPS];
	size_t groups_n;
};

static int read_id(const char *name, unsigned *id, struct reeve_error *e)
{
	const char *text = getenv(name);
	unsigned long value;
	char *end;

	*id = UNSET;
	if (text == NULL)
		return 0;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value >= UNSET)
		return error_set(e, "%s is '%.60s': it must be the number of a user or group", name, text);
	*id = (unsigned)value;
	return 0;
}

static int add_group(struct wanted *w, unsigned gid, struct reeve_error *e)
{
	if (w->groups_n == MOST_GROUPS)
		return error_set(e, "RESTRICT_SETEXTRAGROUPS: more than %d groups", MOST_GROUPS);
	w->groups[w->groups_n++] = (gid_t)gid;
	return 0;
}

static int read_groups(struct wanted *w, struct reeve_error *e)
{
	const char *text = getenv("RESTRICT_SETEXTRAGROUPS");

	if (w->gid != UNSET && add_group(w, w->gid, e) < 0)
		return -1;
	while (text != NULL && *text != '\0') {
		char *end;
		unsigned long gid = strtoul(text, &end, 10);

		if (*text < '0' || *text > '9' || (*end != ',' && *end != '\0') || gid >= UNSET)
			return error_set(e, "RESTRICT_SETEXTRAGROUPS: '%.60s' is no list of groups", text);
		if (add_group(w, (unsigned)gid, e) < 0)
			return -1;
		text = *end == ',' ? end + 1 : end;
	}
	return 0;
}

static int read_wanted(struct wanted *w, struct reeve_error *e)
{
	w->chroot = getenv("RESTRICT_CHROOT");
	return read_id("RESTRICT_SETUID", &w->uid, e) < 0 || read_id("RESTRICT_SETGID", &w->gid, e) < 0 ||
			       read_id("RESTRICT_SETGID_PRIV", &w->privileged, e) < 0 || read_groups(w, e) < 0
		       ? -1
		       : 0;
}

static int take_groups(const struct wanted *w, struct reeve_error *e)
{
	gid_t gid = (gid_t)w->gid, saved = w->privileged != UNSET ? (gid_t)w->privileged : gid;

	if (w->groups_n > 0 && setgroups(w->groups_n, w->groups) < 0)
		return error_set(e, "setgroups: %s", strerror(errno));
	if (w->gid != UNSET && setresgid(gid, gid, saved) < 0)
		return error_set(e, "setresgid(%u): %s", w->gid, strerror(errno));
	return 0;
}

/* The time zone is read first: its file is not inside. */
static int enter(const struct wanted *w, struct reeve_error *e)
{
	if (w->chroot == NULL)
		return 0;
	tzset();
	if (chroot(w->chroot) < 0 || chdir("/") < 0)
		return error_set(e, "chroot %.200s: %s", w->chroot, strerror(errno));
	return 0;
}

static int take_user(const struct wanted *w, struct reeve_error *e)
{
	uid_t uid = (uid_t)w->uid;

	if (w->uid != UNSET && setresuid(uid, uid, uid) < 0)
		return error_set(e, "setresuid(%u): %s", w->uid, strerror(errno));
	return 0;
}

/* Believed when it is read back, and when there is no way back. */
static int look(const struct wanted *w, struct reeve_error *e)
{
	uid_t r, f, s;
	gid_t rg, fg, sg;

	if (getresuid(&r, &f, &s) < 0 || getresgid(&rg, &fg, &sg) < 0)
		return error_set(e, "reading the ids back: %s", strerror(errno));
	if (w->uid != UNSET && (r != (uid_t)w->uid || f != r || s != r))
		return error_set(e, "the user is %u, not %u", (unsigned)r, w->uid);
	if (w->gid != UNSET && (rg != (gid_t)w->gid || fg != rg))
		return error_set(e, "the group is %u, not %u", (unsigned)rg, w->gid);
	if (w->uid != UNSET && w->uid != 0 && (setuid(0) == 0 || setegid(0) == 0))
		return error_set(e, "the privileges of root could be taken back");
	return 0;
}

int reeve_drop_privileges(struct reeve_error *error)
{
	static const char *const names[] = {"RESTRICT_SETUID", "RESTRICT_SETGID", "RESTRICT_SETGID_PRIV",
		"RESTRICT_SETEXTRAGROUPS", "RESTRICT_CHROOT"};
	struct wanted w = {0};

	if (read_wanted(&w, error) < 0 || take_groups(&w, error) < 0 || enter(&w, error) < 0 ||
		take_user(&w, error) < 0 || look(&w, error) < 0)
		return -1;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		(void)unsetenv(names[i]); /* done: a program that is started from here finds nothing to do */
	return 0;
}
