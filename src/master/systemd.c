/* systemd: LISTEN_FDS and what belongs to it. */
#include "master/systemd.h"

#include "master/environment.h"
#include "master/outfit.h"
#include "master/process.h"

#include <stdio.h>
#include <string.h>

#define FIRST_FD  3 /* SD_LISTEN_FDS_START */
#define NAME_MOST 255

/* What stands between two colons: no colon, no control character. */
static char *add_name(char *at, const char *name, bool is_first)
{
	if (!is_first)
		*at++ = ':';
	for (size_t i = 0; name[i] != '\0' && i < NAME_MOST; i++)
		*at++ = name[i] > ' ' && name[i] <= '~' && name[i] != ':' ? name[i] : '_';
	*at = '\0';
	return at;
}

void systemd_environment(struct service *s, struct outfit *o)
{
	size_t room = s->store.room * (NOTIFY_NAME + 1) + 1;

	if (s->watched_n == 0 && s->store.room == 0)
		return;
	for (size_t i = 0; i < s->watched_n; i++)
		room += strnlen(s->watched[i].listener.at.name, NAME_MOST) + 1;
	s->slots.listen_fds = outfit_slot(o, "LISTEN_FDS=", 16);
	s->slots.listen_names = outfit_slot(o, "LISTEN_FDNAMES=", room);
	s->spawn.pid_text[0] = outfit_slot(o, "LISTEN_PID=", SPAWN_PID_ROOM);
}

void systemd_fds(struct service *s, const struct outfit *o)
{
	environment_plain_fds(s, o);
	for (size_t i = 0; i < s->watched_n; i++)
		s->spawn.fds[s->fds_fixed++] = s->watched[i].listener.fd;
}

enum kit_result systemd_kit(struct process *p, struct kit *k)
{
	struct service *s = p->service;
	struct spawn *sp = &s->spawn;
	char *at = s->slots.listen_names;

	(void)k;
	if (at == NULL)
		return KIT_COMPLETE;
	*at = '\0';
	for (size_t i = 0; i < s->watched_n; i++)
		at = add_name(at, s->watched[i].listener.at.name, i == 0);
	fd_store_sweep(&s->store);
	for (size_t i = 0; i < s->store.n; i++) {
		sp->fds[sp->fds_n++] = s->store.slots[i].fd;
		at = add_name(at, s->store.slots[i].name, s->watched_n + i == 0);
	}
	(void)sprintf(s->slots.listen_fds, "%zu", sp->fds_n - FIRST_FD);
	return KIT_COMPLETE;
}
