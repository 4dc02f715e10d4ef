/* plan: what an engine wants the daemon to be, as it arrives message by message. A plan is checked
 * whole before anything of it is used; until then nothing in the daemon changes. */
#ifndef REEVE_MASTER_PLAN_H
#define REEVE_MASTER_PLAN_H

#include "spec/spec.h"
#include "wire/wire.h"

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

struct plan {
	struct spec_global_settings settings;
	struct listener_definition control; /* of the control socket; without name and address */
	struct definition **services;       /* number svc is at [svc - 1] */
	size_t services_n;
	uid_t engine_uid; /* (uid_t)-1: the engine stays who it is */
	gid_t engine_gid;
	int bundle; /* -1, or the memfd with the texts; of the plan */
};

struct plan *plan_new(void);
void plan_free(struct plan **pp);

/* Gives one service to the caller, who frees it with definition_free. */
struct definition *plan_take(struct plan *plan, size_t index);
void definition_free(struct definition **d);

/* One message each. -1: the sentence says which order had what wrong; the plan is useless then. */
int plan_global(struct plan *plan, const struct wire_global *m, struct err *e) MUST_USE;
int plan_service(struct plan *plan, const struct wire_service *m, struct err *e) MUST_USE;
int plan_setting(struct plan *plan, const struct wire_setting *m, struct err *e) MUST_USE;
int plan_argument(struct plan *plan, const struct wire_argument *m, struct err *e) MUST_USE;
int plan_environment(struct plan *plan, const struct wire_environment *m, struct err *e) MUST_USE;
int plan_inet(struct plan *plan, const struct wire_inet_listener *m, struct err *e) MUST_USE;
int plan_control(struct plan *plan, const struct wire_control_socket *m, struct err *e) MUST_USE;
int plan_path(struct plan *plan, const struct wire_path_listener *m, struct err *e) MUST_USE;

int plan_file(struct plan *plan, const struct wire_open_file *m, struct err *e) MUST_USE;

/* The whole: what no single message can know. `is_root`: other users may be asked for. */
int plan_check(const struct plan *plan, bool is_root, struct err *e) MUST_USE;

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
