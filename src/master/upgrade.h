/* upgrade: the programs on disk take the place of those that run, and nothing else ends: execve keeps our
 * pid, our children and our descriptors.
 *
 *   TRIED    the program on disk is tried (trial.h); unless it will do, nothing has happened but a sentence
 *   LEAVING  the engine is retired; standing orders hold
 *   DUE      the loop has ended its turn with all signals blocked: what we hold is written once more, our
 *            descriptors are let through, and the same file is executed; else everything is put back
 *
 * The new master reads it (resume.h), starts an engine with the bundle in force, and replaces the log
 * process. */
#ifndef REEVE_MASTER_UPGRADE_H
#define REEVE_MASTER_UPGRADE_H

#include "master/trial.h"

#include <stdbool.h>
#include <stdint.h>

struct engine;
struct master;

#define UPGRADE_ID 64

enum upgrade_phase {
	UPGRADE_NONE,
	UPGRADE_TRIED,
	UPGRADE_LEAVING,
	UPGRADE_DUE,
};

struct upgrade {
	enum upgrade_phase phase;
	uint32_t ticket;     /* of the engine that asked; 0: nobody waits */
	char id[UPGRADE_ID]; /* who asked last: asked again, he is told how it ended */
	char from[32];       /* the version before this one, of the last upgrade */
	char why[512];       /* the last one was refused; "": it went well, or there was none */
	bool is_hangup;      /* a SIGHUP waits for the end of it */
	struct trial trial;
};

void upgrade_init(struct master *m);

/* Begins. `id`: of who asks, or "". -1: the sentence says why not now. */
int upgrade_begin(struct master *m, uint32_t ticket, const char *id, struct err *e) MUST_USE;

/* Whether one is under way. */
bool upgrade_is_under_way(const struct master *m);

/* The engine that was retired is gone. */
void upgrade_engine_left(struct master *m);

/* The loop has ended: if an upgrade is due, becomes the new program. True: the loop is to go on. */
bool upgrade_take_over(struct master *m);

/* Tells `en` how the upgrade ended that was asked for with this id. False: it has not. */
bool upgrade_answer(struct engine *en, uint32_t ticket, const char *id);

/* The program on disk has been tried: it will do, or `why` says why not. */
void upgrade_tried(struct master *m, const char *why);

#endif
