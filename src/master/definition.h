/* definition: one service as a plan wants it to be: settings, what runs, where it is reached, which files it
 * gets. */
#ifndef REEVE_MASTER_DEFINITION_H
#define REEVE_MASTER_DEFINITION_H

#include "spec/spec.h"

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

enum listener_kind {
	LISTENER_UNIX,
	LISTENER_FIFO,
	LISTENER_INET,
};

/* Where a service wants to be reached. */
struct listener_definition {
	enum listener_kind kind;
	char *name;    /* for the process; a path listener's is its path below base_dir */
	char *address; /* an IP address, or an absolute path */
	uint16_t port;
	bool ssl, haproxy, reuse_port;
	mode_t mode;
	uid_t uid; /* (uid_t)-1: unchanged */
	gid_t gid;
};

/* A file that its processes get opened. */
struct file_definition {
	char *name, *path;
	int fd; /* -1: not opened yet; of the definition */
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec changed;
};

struct texts {
	char **text;
	size_t count;
};

struct definition {
	char *name;
	struct spec_service_settings settings;
	struct texts arguments;   /* the first is the program's path */
	struct texts environment; /* NAME=value */
	struct listener_definition *listeners;
	size_t listeners_n;
	struct file_definition *files;
	size_t files_n;
};

/* NULL is nothing. */
void definition_free(struct definition **d);

/* The queue its listeners ask for: every client that its processes could serve at once. */
int definition_backlog(const struct definition *d);

/* Opens its files, for reading. -1: the sentence names the file. */
int definition_open_files(struct definition *d, struct err *e) MUST_USE;

/* Whether both have opened the same files, unchanged. */
bool definition_files_are_same(const struct definition *a, const struct definition *b);

/* Same address, so that a socket can be kept. */
bool listener_definition_is_same_place(
	const struct listener_definition *a, const struct listener_definition *b);

#endif
