/* resort: signalling the master. Exit 77 when the caller may not. */
#include "cli/resort.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sysexits.h>

static const struct resort resorts[] = {
	{"stop", SIGTERM, "SIGTERM", "waiting for it to end", false},
	{"reload", SIGHUP, "SIGHUP", "its log tells how the reload ends", false},
	{"upgrade", SIGUSR2, "SIGUSR2", "its log tells how the upgrade ends", true},
};

const struct resort *resort_for(const char *verb)
{
	for (size_t i = 0; i < sizeof resorts / sizeof resorts[0]; i++)
		if (strcmp(resorts[i].verb, verb) == 0)
			return &resorts[i];
	return NULL;
}

int resort_signal(const struct resort *resort, const struct holder *master)
{
	if (pidfd_send_signal(master->pidfd, resort->signal, NULL, 0) == 0) {
		fprintf(stderr,
			"reeve: the policy engine does not answer: sent %s to the master (pid %d); %s\n",
			resort->signal_name, (int)master->pid, resort->then);
		return EX_OK;
	}
	if (errno == ESRCH)
		return EX_OK; /* it ended meanwhile */
	if (errno != EPERM) {
		fprintf(stderr, "reeve: cannot signal the master (pid %d): %s\n", (int)master->pid,
			strerror(errno));
		return EX_OSERR;
	}
	fprintf(stderr,
		"reeve: the policy engine does not answer, and only root and the owner of the master "
		"(pid %d) may signal it\n",
		(int)master->pid);
	return EX_NOPERM;
}
