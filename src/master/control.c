/* control: opening the control socket and who may reach its file. */
#include "master/control.h"

#include "base/mem.h"
#include "base/say.h"

#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 64

int control_open(struct master *m, const struct plan *plan, struct err *e)
{
	struct listener_definition at = plan->control;
	char path[sizeof((struct sockaddr_un *)0)->sun_path];
	int n = snprintf(path, sizeof path, "%s/control", plan->settings.base_dir);

	if (n < 0 || (size_t)n >= sizeof path)
		return err_set(e, "base_dir %s is too long for a socket below it", plan->settings.base_dir);
	at.name = (char[]){"control"};
	at.address = path;
	if (listener_open(&m->control, &at, BACKLOG, plan->settings.base_dir, e) < 0)
		return -1;
	m->control.at.name = NULL;
	m->control.at.address = mem_text(path); /* ours: the one above goes with this call */
	return 0;
}

void control_redefine(struct master *m, const struct plan *plan)
{
	struct listener_definition at = plan->control;
	struct err e;

	if (at.mode == m->control.at.mode && at.uid == m->control.at.uid && at.gid == m->control.at.gid)
		return;
	m->control.at.mode = at.mode;
	m->control.at.uid = at.uid;
	m->control.at.gid = at.gid;
	at.name = (char[]){"control"};
	at.address = m->control.at.address;
	if (at.uid == (uid_t)-1) /* as it was born */
		at.uid = geteuid();
	if (at.gid == (gid_t)-1)
		at.gid = getegid();
	if (!listener_is_there(&m->control)) /* never somebody else's file */
		say(SAY_WARNING,
			"the file of the control socket, %s, was removed: nobody can reach it until a "
			"restart",
			at.address);
	else if (listener_set_owner(&m->control, &at, &e) < 0)
		say(SAY_ERROR, "%s", e.text);
}

void control_close(struct master *m)
{
	if (m->control.at.address == NULL)
		return;
	listener_close(&m->control);
	mem_free(&m->control.at.address);
}
