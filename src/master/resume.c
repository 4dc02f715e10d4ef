/* resume: watches what was carried. Nothing here can fail but the reading. */
#include "master/resume.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/say.h"
#include "master/carry.h"
#include "master/environment.h"
#include "master/log_process.h"
#include "master/process.h"
#include "master/reload.h"

#include <errno.h>
#include <string.h>

/* Its array was filled by the reader. */
static void resume_listeners(struct service *s)
{
	struct watched *watched = s->watched;
	size_t n = s->watched_n;

	s->watched = NULL;
	s->watched_n = 0;
	service_set_listeners(s, watched, n);
}

static void resume_service(struct service *s)
{
	struct process *p;

	environment_prepare(s);
	login_resume(s);
	LIST_EACH (p, &s->processes, struct process, link)
		process_resume(p);
	service_touch(s);
}

int resume_begin(struct master *m, int fd, struct err *e)
{
	struct service *s;
	int done = carry_read(m, fd, e);

	fd_close(&fd);
	if (done < 0)
		return -1;
	if (carry_keep(m, false) < 0)
		return err_set(e, "a descriptor of it is not open: %s", strerror(errno));
	m->life = MASTER_RUNNING;
	m->engine_seen = clock_ms();
	log_process_resume(m);
	anvil_resume(m);
	LIST_EACH (s, &m->services, struct service, link)
		resume_listeners(s);
	sequence_plan(m);
	LIST_EACH (s, &m->services, struct service, link)
		resume_service(s);
	reload_reserve(m);
	return 0;
}

void resume_end(struct master *m)
{
	say(SAY_INFO, "Reeve %s goes on from %s: %u processes of %zu services", REEVE_VERSION,
		m->upgrade.from, m->alive, m->services_n);
	manager_reloaded(m);
	log_process_renew(m);
}
