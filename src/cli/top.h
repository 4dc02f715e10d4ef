/* top: what `reeve top` is about, for the files that ask (top.c) and that take keys (top_keys.c). */
#ifndef REEVE_CLI_TOP_H
#define REEVE_CLI_TOP_H

#include "base/buf.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/top_columns.h"
#include "cli/top_screen.h"

#include <stdbool.h>
#include <stdint.h>

struct top {
	const struct cli *cli;
	struct client client;
	struct top_view view;
	struct buf answer;
	uint32_t id;                /* of the last frame */
	uint32_t asked, acted;      /* the question and the action that are out; 0: none */
	uint64_t asked_at, next_at; /* ms */
	const char *action;         /* that is being asked about: "drain", "restart"; NULL: none */
	bool typing;                /* the filter */
	bool leaving;
};

/* Asks the engine for a verb: words, separated by NUL. `id` becomes that of the answer. */
void top_send(struct top *t, const char *words, size_t n, uint32_t *id);

/* The services as filter, column and direction say. */
void top_sort(struct top *t);

/* A key was pressed. */
void top_key(struct top *t, int key);

#endif
