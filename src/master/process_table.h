/* process_table: all processes of all services by their id, and the memory they live in. Memory is taken in
 * chunks and kept, so that a start allocates only when there are more processes than ever before. */
#ifndef REEVE_MASTER_PROCESS_TABLE_H
#define REEVE_MASTER_PROCESS_TABLE_H

#include "master/process.h"

/* A process to be started: zeroed, its fds -1, on no list, with room for it in the table; or NULL. */
struct process *process_table_take(struct master *m);

/* It was not started after all. */
void process_table_give(struct master *m, struct process *p);

/* It has its id now and can be found. */
void process_table_enter(struct master *m, struct process *p);

/* It is gone; its memory is given back. */
void process_table_leave(struct master *m, struct process *p);

/* NULL: no process of that id lives. */
struct process *process_find(const struct master *m, uint64_t id);

/* Room for so many processes. */
void process_reserve(struct master *m, uint32_t most);

#endif
