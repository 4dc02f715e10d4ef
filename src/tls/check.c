/* check: one question, one sentence, one exit code. */
#include "tls/check.h"

#include "tls/context.h"
#include "tls/mistake.h"

#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FIRST_FD 3
#define NOBODY   65534

static int drop_root(void)
{
	if (geteuid() != 0)
		return 0;
	return setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
			       setresuid(NOBODY, NOBODY, NOBODY) < 0
		       ? -1
		       : 0;
}

static int check_pair(const char *text, struct reeve_error *e)
{
	struct certificate c;
	int result;

	(void)text;
	if (certificate_read(&c, FIRST_FD, FIRST_FD + 1, e) < 0)
		return CHECK_BAD;
	result = certificate_check_time(&c, time(NULL), e) < 0 ? CHECK_NOT_NOW : CHECK_GOOD;
	certificate_free(&c);
	return result;
}

static int check_authorities(const char *text, struct reeve_error *e)
{
	struct authorities a;
	int result;

	(void)text;
	if (authorities_open(&a, e) < 0)
		return CHECK_BAD;
	result = authorities_add(&a, FIRST_FD, e) < 0 ? CHECK_BAD : CHECK_GOOD;
	authorities_close(&a);
	return result;
}

static int check_ciphers(const char *text, struct reeve_error *e)
{
	return context_check_ciphers(text != NULL ? text : "", e) < 0 ? CHECK_BAD : CHECK_GOOD;
}

static const struct {
	const char *what;
	int (*look)(const char *text, struct reeve_error *e);
} checks[] = {
	{"pair", check_pair},
	{"authorities", check_authorities},
	{"ciphers", check_ciphers},
};

int check_run(char *const words[])
{
	struct reeve_error e = {"there is nothing to check; see reeve-tls(8)"};
	int result = CHECK_BAD;

	if (drop_root() < 0)
		(void)refuse(&e, "the check could not give up its privileges");
	else
		for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
			if (words[0] != NULL && strcmp(words[0], checks[i].what) == 0)
				result = checks[i].look(words[1], &e);
	if (result != CHECK_GOOD)
		(void)puts(e.text);
	return result;
}
