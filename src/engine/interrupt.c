/* interrupt: the handler of SIGIO. All it calls is async-signal-safe; frames that are wrong are left for
 * session.c to answer. */
#include "engine/interrupt.h"

#include "base/err.h"
#include "engine/deadline.h"
#include "engine/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

static struct {
	volatile sig_atomic_t on;
	int fd, flags;
	uint32_t id;
	bool blind;  /* in the middle of a frame too large to be kept here: only the end is seen */
	size_t have; /* of bytes: read before */
	char bytes[INTERRUPT_LOOK];
} now; /* a signal handler has no other place to look */

/* Decimal digits at *at, up to `end` (exclusive); stops in front of the first other byte. */
static uint64_t number(const char *bytes, size_t *at, size_t end)
{
	uint64_t n = 0;

	for (; *at < end && bytes[*at] >= '0' && bytes[*at] <= '9' && n <= UINT32_MAX; (*at)++)
		n = n * 10 + (uint64_t)(bytes[*at] - '0');
	return n;
}

/* The end of the header's line, or `end`: there is none yet. */
static size_t line_end(const char *bytes, size_t at, size_t end)
{
	while (at < end && bytes[at] != '\n')
		at++;
	return at;
}

unsigned interrupt_count(const char *bytes, size_t n, uint32_t id)
{
	static const char verb[] = "cancel ";
	const size_t verb_n = sizeof verb - 1;
	unsigned found = 0;

	for (size_t at = 0; at < n;) {
		size_t end = line_end(bytes, at, n), word = at, digits;
		uint64_t length;
		bool is_cancel = end - at > verb_n && memcmp(bytes + at, verb, verb_n) == 0;
		if (end == n)
			break;
		for (int blanks = 0; word < end && blanks < 2; word++)
			blanks += bytes[word] == ' ';
		length = number(bytes, &word, end);
		if (word != end || length > FRAME_PAYLOAD_MAX || length > n - end - 1)
			break;
		digits = end + 1;
		at = digits + (size_t)length;
		found += is_cancel && length > 0 && number(bytes, &digits, at) == id && digits == at;
	}
	return found;
}

/* Nobody waits for the answer when the client is gone. */
static void look(void)
{
	ssize_t n = recv(now.fd, now.bytes + now.have, sizeof now.bytes - now.have, MSG_PEEK | MSG_DONTWAIT);
	bool gone = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
	size_t all = now.blind ? 0 : now.have + (n > 0 ? (size_t)n : 0);
	unsigned asked = interrupt_count(now.bytes, all, now.id);

	if (asked > 0 || gone)
		deadline_cancel(asked > 1 || (gone && asked > 0));
}

static void on_bytes(int number)
{
	int kept = errno;

	(void)number;
	if (now.on)
		look();
	errno = kept;
}

void interrupt_init(void)
{
	struct sigaction action;
	sigset_t set;

	memset(&action, 0, sizeof action);
	action.sa_handler = on_bytes;
	action.sa_flags = SA_RESTART;
	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	if (sigaction(SIGIO, &action, NULL) < 0 || sigprocmask(SIG_UNBLOCK, &set, NULL) < 0)
		die(EX_OSERR, "the signal of the control socket: %s", strerror(errno));
}

void interrupt_attend(int fd, const char *have, size_t have_n, uint32_t id)
{
	now.fd = fd;
	now.id = id;
	now.blind = have_n >= sizeof now.bytes;
	now.have = now.blind ? 0 : have_n;
	if (now.have > 0)
		memcpy(now.bytes, have, now.have);
	now.flags = fcntl(fd, F_GETFL);
	now.on = 1;
	if (now.flags >= 0 && fcntl(fd, F_SETOWN, getpid()) == 0)
		(void)fcntl(fd, F_SETFL, now.flags | O_ASYNC);
	(void)raise(SIGIO); /* for what is there already */
}

void interrupt_ignore(void)
{
	if (!now.on)
		return;
	now.on = 0;
	if (now.flags >= 0)
		(void)fcntl(now.fd, F_SETFL, now.flags);
}
