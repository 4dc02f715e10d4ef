/* status: reading untrusted numbers. Nothing here fails; what is wrong is counted. */
#include "master/status.h"

#include <string.h>

void status_read(const void *bytes, size_t len, pid_t pid, uint32_t uid,
	void (*see)(void *arg, uint32_t available), void *arg, struct status *out)
{
	const char *at = bytes;

	memset(out, 0, sizeof *out);
	for (; len >= STATUS_BYTES; len -= STATUS_BYTES, at += STATUS_BYTES) {
		int32_t their_pid;
		uint32_t their_uid;
		memcpy(&their_pid, at, 4);
		memcpy(&their_uid, at + 4, 4);
		if (their_pid != pid || their_uid != uid) {
			out->bad++;
			continue;
		}
		memcpy(&out->available, at + 8, 4);
		out->messages++;
		see(arg, out->available);
	}
	if (len > 0)
		out->bad++;
}

const char *status_reason(int exit_status)
{
	static const struct {
		int status;
		const char *reason;
	} reasons[] = {
		{80, "cannot open its log"},
		{81, "cannot write its log"},
		{82, "internal error of its logging"},
		{83, "out of memory; vsz_limit may be too low"},
		{84, "exec failed"},
		{89, "fatal failure"},
		{126, "not executable"},
		{127, "command not found"},
	};

	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (reasons[i].status == exit_status)
			return reasons[i].reason;
	return "";
}
