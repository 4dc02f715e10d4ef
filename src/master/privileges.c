/* privileges: from settings to ids, directories and limits. plan_check has refused what is out of range. */
#include "master/privileges.h"

#include "master/rlimits.h"
#include "master/service.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void add_numbers(struct spawn *sp, const char *words)
{
	char *end;

	while (*words != '\0' && sp->groups_n < SPAWN_GROUPS) {
		sp->groups[sp->groups_n++] = (gid_t)strtoul(words, &end, 10);
		if (end == words)
			break;
		words = *end != '\0' ? end + 1 : end;
	}
}

/* Dovecot's master does not write that root's group is root's. */
static bool says_group(const struct service *s)
{
	const struct spec_service_settings *set = &s->definition->settings;

	return set->group > 0 || (set->group == 0 && (set->user > 0 || !s->contract->drops_by_itself));
}

static void add_late_drop(struct outfit *o, const struct service *s)
{
	const struct spec_service_settings *set = &s->definition->settings;

	if (set->user > 0)
		outfit_add(o, "RESTRICT_SETUID=%" PRId64, set->user);
	if (says_group(s))
		outfit_add(o, "RESTRICT_SETGID=%" PRId64, set->group);
	if (set->privileged_group >= 0)
		outfit_add(o, "RESTRICT_SETGID_PRIV=%" PRId64, set->privileged_group);
	if (set->extra_groups[0] != '\0')
		outfit_add(o, "RESTRICT_SETEXTRAGROUPS=%s", set->extra_groups);
}

/* A binary of Dovecot's enters its chroot by itself, too. */
static void add_late_chroot(struct outfit *o, const struct service *s)
{
	const char *chroot = s->definition->settings.chroot;
	size_t n = strlen(chroot);

	if (n > 0 && s->contract->drops_by_itself)
		outfit_add(
			o, "RESTRICT_CHROOT=%.*s", (int)(n > 1 && chroot[n - 1] == '/' ? n - 1 : n), chroot);
}

void privileges_prepare(struct service *s, struct outfit *o)
{
	const struct spec_service_settings *set = &s->definition->settings;
	struct spawn *sp = &s->spawn;

	sp->uid = (uid_t)-1;
	sp->gid = (gid_t)-1;
	sp->umask = (mode_t)set->umask;
	sp->nice = (int)set->nice;
	sp->oom_score_adj = (int)set->oom_score_adj;
	sp->no_new_privs = set->no_new_privs != 0;
	sp->limits_text = set->rlimits;
	sp->limits_n = rlimits_read(set->rlimits, sp->limits);
	sp->open_files = s->master->open_files;
	sp->address_space =
		set->vsz_limit > 0 && set->vsz_limit != TEXT_UNLIMITED ? (uint64_t)set->vsz_limit : 0;
	sp->chroot = set->chroot[0] != '\0' && !s->contract->drops_by_itself ? set->chroot : NULL;
	sp->directory = set->working_directory[0] != '\0' ? set->working_directory
			: sp->chroot != NULL              ? NULL
							  : s->master->settings.base_dir;
	if (!s->master->is_root)
		return;
	if (!set->drop_priv_before_exec || s->contract->drops_by_itself)
		add_late_drop(o, s); /* who has dropped already finds that it is so */
	if (!set->drop_priv_before_exec) {
		add_late_chroot(o, s);
		return;
	}
	sp->uid = (uid_t)set->user;
	sp->gid = set->group >= 0 ? (gid_t)set->group : (gid_t)set->user;
	sp->groups[sp->groups_n++] = sp->gid;
	add_numbers(sp, set->extra_groups);
}
