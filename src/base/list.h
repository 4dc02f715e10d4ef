/* list: an intrusive doubly linked list. An object is on at most one list per link; which list it
 * is on is its state, and the count is kept by the list. */
#ifndef REEVE_BASE_LIST_H
#define REEVE_BASE_LIST_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

struct link {
	struct link *prev, *next;
};

struct list {
	struct link head;
	uint32_t count;
};

static inline void list_init(struct list *l)
{
	l->head.prev = l->head.next = &l->head;
	l->count = 0;
}

/* Adds at the end: the first one is the oldest. */
static inline void list_add(struct list *l, struct link *n)
{
	n->prev = l->head.prev;
	n->next = &l->head;
	l->head.prev->next = n;
	l->head.prev = n;
	l->count++;
}

static inline void list_remove(struct list *l, struct link *n)
{
	assert(l->count > 0 && n != NULL && n->prev != NULL);
	n->prev->next = n->next;
	n->next->prev = n->prev;
	n->prev = n->next = NULL;
	l->count--;
}

static inline struct link *list_first(const struct list *l)
{
	return l->count > 0 ? l->head.next : NULL;
}

static inline struct link *list_next(const struct list *l, const struct link *n)
{
	return n->next != &l->head ? n->next : NULL;
}

/* The object that holds the link `n` as its member `field`; NULL stays NULL. */
#define LIST_OF(n, type, field) ((n) != NULL ? (type *)((uintptr_t)(n)-offsetof(type, field)) : (type *)NULL)

/* for each object `x` of the list; `x` may be removed in the body */
#define LIST_EACH(x, list, type, field)                                               \
	for (struct link *x##_at = list_first(list),                                  \
			 *x##_then = x##_at != NULL ? list_next(list, x##_at) : NULL; \
		x##_at != NULL && ((x) = LIST_OF(x##_at, type, field)) != NULL;       \
		x##_at = x##_then, x##_then = x##_at != NULL ? list_next(list, x##_at) : NULL)

#endif
