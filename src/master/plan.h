/* plan: what an engine wants the daemon to be, as it arrives message by message. A plan is checked
 * whole before anything of it is used; until then nothing in the daemon changes. */
#ifndef REEVE_MASTER_PLAN_H
#define REEVE_MASTER_PLAN_H

#include "master/definition.h"
#include "wire/wire.h"

#include <stdbool.h>
#include <sys/types.h>

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
/* NULL is nothing. */
void plan_free(struct plan **pp);

/* Gives one service to the caller, who frees it with definition_free. */
struct definition *plan_take(struct plan *plan, size_t index);

/* Whether it has a service of that name. */
bool plan_has(const struct plan *plan, const char *name);

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

#endif
