/* mode: how hard the times are, told to processes. Nothing here fails. */
#include "master/mode.h"

#include "master/ladder.h"

#include <stdio.h>

void mode_dress(struct service *s)
{
	static const char *const names[] = {
		[POOL_NORMAL] = "normal", [POOL_STRESS] = "stress", [POOL_SHED] = "shed"};

	(void)snprintf(s->slots.mode, MODE_ROOM, "%s", names[s->standing.mode]);
}

void mode_tell(struct process *p)
{
	const struct service *s = p->service;
	const char *signal = s->definition->settings.mode_signal;

	if (p->mode == s->standing.mode || !p->pool.reported)
		return;
	p->mode = s->standing.mode;
	if (signal[0] != '\0')
		process_signal(p, ladder_signal(signal));
}

void mode_tell_all(struct service *s)
{
	struct process *p;

	LIST_EACH (p, &s->processes, struct process, link)
		mode_tell(p);
}
