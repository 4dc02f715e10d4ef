/* rlimits: limits by name. A wrong text is -1 and a sentence. */
#include "master/rlimits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static const struct {
	const char *name;
	int which;
} names[] = {
	{"core", RLIMIT_CORE},
	{"cpu", RLIMIT_CPU},
	{"fsize", RLIMIT_FSIZE},
	{"memlock", RLIMIT_MEMLOCK},
	{"msgqueue", RLIMIT_MSGQUEUE},
	{"nofile", RLIMIT_NOFILE},
	{"nproc", RLIMIT_NPROC},
	{"sigpending", RLIMIT_SIGPENDING},
	{"stack", RLIMIT_STACK},
};
#define NAMES_N (sizeof names / sizeof names[0])
_Static_assert(NAMES_N <= SPAWN_LIMITS, "each name once must fit");

/* One "name=number" that ends at a blank or the end; moves *at behind it. */
static int read_one(const char **at, struct spawn_limit *out)
{
	const char *is = strchr(*at, '=');
	size_t i = 0;
	long long n;
	char *end;

	if (is == NULL)
		return -1;
	while (i < NAMES_N && (strlen(names[i].name) != (size_t)(is - *at) ||
				      strncmp(names[i].name, *at, (size_t)(is - *at)) != 0))
		i++;
	errno = 0;
	n = strtoll(is + 1, &end, 10);
	if (i == NAMES_N || end == is + 1 || errno != 0 || n < -1 || (*end != '\0' && *end != ' '))
		return -1;
	*out = (struct spawn_limit){names[i].which, n < 0 ? RLIM_INFINITY : (uint64_t)n};
	*at = *end == ' ' ? end + 1 : end;
	return 0;
}

int rlimits_check(const char *text, struct err *e)
{
	struct spawn_limit one;

	for (size_t n = 0; *text != '\0'; n++)
		if (n == SPAWN_LIMITS || read_one(&text, &one) < 0)
			return err_set(e, "rlimits: '%s' is not a list of NAME=NUMBER", text);
	return 0;
}

size_t rlimits_read(const char *text, struct spawn_limit *out)
{
	size_t n = 0;

	while (*text != '\0' && n < SPAWN_LIMITS && read_one(&text, &out[n]) == 0)
		n++;
	return n;
}
