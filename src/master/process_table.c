/* process_table: an open hash by id, and chunks of memory that are kept. Without memory a process is not
 * started; nothing here dies. */
#include "master/process_table.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK 64 /* processes whose memory is taken together */

static size_t slot_of(const struct master *m, uint64_t id)
{
	return (size_t)(id * UINT64_C(11400714819323198485) >> 20) & (m->by_id_room - 1);
}

void process_table_enter(struct master *m, struct process *p)
{
	size_t i = slot_of(m, p->id);

	while (m->by_id[i] != NULL)
		i = (i + 1) & (m->by_id_room - 1);
	m->by_id[i] = p;
}

/* Grows before it is half full; -1 without memory. */
static int more_room(struct master *m)
{
	size_t old = m->by_id_room, room = old > 0 ? old * 2 : 256;
	struct process **table = m->by_id, **bigger;

	if (m->alive * 2 < old)
		return 0;
	bigger = calloc(room, sizeof *bigger);
	if (bigger == NULL)
		return -1;
	m->by_id = bigger;
	m->by_id_room = room;
	for (size_t i = 0; i < old; i++)
		if (table[i] != NULL)
			process_table_enter(m, table[i]);
	free(table);
	return 0;
}

void process_table_give(struct master *m, struct process *p)
{
	list_add(&m->free_processes, &p->link);
}

/* Linear probing: what stood behind the hole moves up if the hole is on its way. */
void process_table_leave(struct master *m, struct process *p)
{
	size_t mask = m->by_id_room - 1, hole = slot_of(m, p->id);

	while (m->by_id[hole] != p)
		hole = (hole + 1) & mask;
	m->by_id[hole] = NULL;
	for (size_t i = (hole + 1) & mask; m->by_id[i] != NULL; i = (i + 1) & mask) {
		size_t home = slot_of(m, m->by_id[i]->id);
		if (((i - home) & mask) >= ((i - hole) & mask)) {
			m->by_id[hole] = m->by_id[i];
			m->by_id[i] = NULL;
			hole = i;
		}
	}
	process_table_give(m, p);
}

struct process *process_find(const struct master *m, uint64_t id)
{
	if (m->by_id_room == 0)
		return NULL;
	for (size_t i = slot_of(m, id); m->by_id[i] != NULL; i = (i + 1) & (m->by_id_room - 1))
		if (m->by_id[i]->id == id)
			return m->by_id[i];
	return NULL;
}

static int more_memory(struct master *m)
{
	struct process *chunk = calloc(CHUNK, sizeof *chunk);

	if (chunk == NULL)
		return -1;
	for (int i = 0; i < CHUNK; i++)
		list_add(&m->free_processes, &chunk[i].link);
	return 0;
}

void process_reserve(struct master *m, uint32_t most)
{
	while (m->free_processes.count + m->alive < most && more_memory(m) == 0)
		;
}

struct process *process_table_take(struct master *m)
{
	struct process *p;

	if (more_room(m) < 0 || (m->free_processes.count == 0 && more_memory(m) < 0))
		return NULL;
	p = LIST_OF(list_first(&m->free_processes), struct process, link);
	list_remove(&m->free_processes, &p->link);
	memset(p, 0, sizeof *p);
	p->status_fd = p->dead_fd = p->pidfd = -1;
	p->ready.fd = p->ready.probe.fd = p->notice.sock = p->heir.pidfd = p->alive.probe.fd = -1;
	return p;
}
