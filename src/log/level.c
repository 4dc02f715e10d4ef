/* level: one table. */
#include "log/level.h"

#include <stddef.h>

static const struct {
	const char *name;
	int severity;
	enum level_path path;
} levels[LEVEL_END] = {
	[LEVEL_DEBUG] = {"debug", 7, PATH_DEBUG},
	[LEVEL_INFO] = {"info", 6, PATH_INFO},
	[LEVEL_WARNING] = {"warning", 4, PATH_ERROR},
	[LEVEL_ERROR] = {"error", 3, PATH_ERROR},
	[LEVEL_FATAL] = {"fatal", 2, PATH_ERROR},
	[LEVEL_PANIC] = {"panic", 1, PATH_ERROR},
};

/* emerg and alert are panics, notice is an info */
static const enum level of_severity[] = {LEVEL_PANIC, LEVEL_PANIC, LEVEL_FATAL, LEVEL_ERROR, LEVEL_WARNING,
	LEVEL_INFO, LEVEL_INFO, LEVEL_DEBUG};

const char *level_name(enum level l)
{
	return levels[l].name;
}

int level_severity(enum level l)
{
	return levels[l].severity;
}

enum level level_of_severity(int severity)
{
	return of_severity[severity & 7];
}

enum level_path level_path(enum level l)
{
	return levels[l].path;
}
