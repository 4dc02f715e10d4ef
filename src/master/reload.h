/* reload: from a checked plan to the daemon in force, at the start and later. All sockets of a new
 * plan are opened before anything changes; then it is put into force in one go. */
#ifndef REEVE_MASTER_RELOAD_H
#define REEVE_MASTER_RELOAD_H

#include "base/buf.h"
#include "master/engine.h"

/* Starts an engine that loads the config; `dry`: only to tell what would change. -1: one is at it already, or
 * it could not be started. */
int reload_begin(struct master *m, uint32_t ticket, bool dry, struct err *e) MUST_USE;

/* The plan of `en` is whole: check it, take the lock (first start), open its new listeners.
 * -1: nothing has changed; *exit_code is what a first start ends with. */
int reload_prepare(struct engine *en, int *exit_code, struct err *e) MUST_USE;

/* Since then a service may have been stopped or started, and its listeners are others: opens and borrows anew
 * what the plan needs. -1: as reload_prepare. */
int reload_look_again(struct engine *en, struct err *e) MUST_USE;

/* The engine has locked itself in: its plan is the one in force from here on. */
void reload_commit(struct engine *en);

/* Descriptors and memory for as many processes as the services may have. */
void reload_reserve(struct master *m);

/* Closes what reload_prepare opened, if the plan did not come into force. */
void reload_discard(struct engine *en);

/* The plan will not come: tell who asked, or end a first start with the code. */
void reload_failed(struct master *m, int exit_code, const char *text);

/* Tells whoever asked for the reload how it ended. */
void reload_answer(struct master *m, bool ok, const char *text);

#endif
