/* level: how bad a line is, in the numbers of the pipe's format. */
#ifndef REEVE_LOG_LEVEL_H
#define REEVE_LOG_LEVEL_H

enum level {
	LEVEL_DEBUG = 1,
	LEVEL_INFO,
	LEVEL_WARNING,
	LEVEL_ERROR,
	LEVEL_FATAL,
	LEVEL_PANIC,
	LEVEL_END,
};

/* The paths that lines take: errors and warnings, infos, debug. */
enum level_path {
	PATH_ERROR,
	PATH_INFO,
	PATH_DEBUG,
	LEVEL_PATHS,
};

/* "debug" ... "panic". */
const char *level_name(enum level l);

/* syslog's severity, 7 ... 1. */
int level_severity(enum level l);

/* The level of syslog's severity 0 ... 7. */
enum level level_of_severity(int severity);

enum level_path level_path(enum level l);

#endif
