/* check: one certificate, one sentence, one exit code. */
#include "tls/check.h"

#include "tls/certificate.h"

#include <grp.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define CERTIFICATE_FD 3
#define KEY_FD         4
#define NOBODY         65534

static int drop_root(void)
{
	if (geteuid() != 0)
		return 0;
	return setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
			       setresuid(NOBODY, NOBODY, NOBODY) < 0
		       ? -1
		       : 0;
}

int check_run(void)
{
	struct certificate c;
	struct reeve_error e;
	int result = CHECK_GOOD;

	if (drop_root() < 0) {
		(void)puts("the check could not give up its privileges");
		return CHECK_BAD;
	}
	if (certificate_read(&c, CERTIFICATE_FD, KEY_FD, &e) < 0) {
		(void)puts(e.text);
		return CHECK_BAD;
	}
	if (certificate_check_time(&c, time(NULL), &e) < 0) {
		(void)puts(e.text);
		result = CHECK_NOT_NOW;
	}
	certificate_free(&c);
	return result;
}
