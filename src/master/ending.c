/* ending: words for a siginfo. Cannot fail. */
#include "master/ending.h"

#include "base/fd.h"
#include "base/text.h"
#include "master/status.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define OUT_OF_MEMORY 83

/* Where the kernel leaves no core although the signal makes one: why, and what to do about it. */
static const char *why_no_core(void)
{
	struct rlimit core;
	char dumpable = '?';
	int fd;

	if (getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0)
		return ", no core: core dumps are off (ulimit -c)";
	fd = open("/proc/sys/fs/suid_dumpable", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, &dumpable, 1) < 0)
		dumpable = '?';
	fd_close(&fd);
	return dumpable == '0' ? ", no core (a process that changed its user leaves none unless "
				 "fs.suid_dumpable is 2)"
			       : ", no core";
}

static const char *about_core(const siginfo_t *si)
{
	static const int dumping[] = {SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS};

	if (si->si_code == CLD_DUMPED)
		return ", core dumped";
	for (size_t i = 0; i < sizeof dumping / sizeof dumping[0]; i++)
		if (dumping[i] == si->si_status)
			return why_no_core();
	return "";
}

void ending_explain(int pid, int64_t vsz, const siginfo_t *si, char *out, size_t room)
{
	const char *reason = status_reason(si->si_status);

	if (si->si_code != CLD_EXITED)
		(void)snprintf(out, room, "process %d was ended by signal %d (%s)%s", pid, si->si_status,
			strsignal(si->si_status), about_core(si));
	else if (si->si_status == OUT_OF_MEMORY && vsz > 0 && vsz != TEXT_UNLIMITED)
		(void)snprintf(out, room,
			"process %d ended with status %d (out of memory; raise vsz_limit, it is %" PRId64
			"M)",
			pid, si->si_status, vsz >> 20);
	else if (reason[0] != '\0')
		(void)snprintf(out, room, "process %d ended with status %d (%s)", pid, si->si_status, reason);
	else
		(void)snprintf(out, room, "process %d ended with status %d", pid, si->si_status);
}
