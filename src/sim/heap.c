/* heap: a binary heap in one array. */
#include "sim/heap.h"

#include "base/mem.h"

#include <assert.h>
#include <stdbool.h>

static bool is_earlier(const struct planned *a, const struct planned *b)
{
	return a->at != b->at ? a->at < b->at : a->seq < b->seq;
}

void heap_push(struct heap *h, struct planned item)
{
	size_t i = h->n;

	if (h->n == h->room) {
		h->room = h->room > 0 ? 2 * h->room : 64;
		h->items = mem_grow(h->items, h->room, sizeof *h->items);
	}
	item.seq = h->seq++;
	h->n++;
	for (; i > 0 && is_earlier(&item, &h->items[(i - 1) / 2]); i = (i - 1) / 2)
		h->items[i] = h->items[(i - 1) / 2];
	h->items[i] = item;
}

struct planned heap_pop(struct heap *h)
{
	struct planned top, last;
	size_t i = 0;

	assert(h->n > 0);
	top = h->items[0];
	last = h->items[--h->n];
	for (;;) {
		size_t child = 2 * i + 1;
		if (child >= h->n)
			break;
		if (child + 1 < h->n && is_earlier(&h->items[child + 1], &h->items[child]))
			child++;
		if (!is_earlier(&h->items[child], &last))
			break;
		h->items[i] = h->items[child];
		i = child;
	}
	h->items[i] = last;
	return top;
}

void heap_free(struct heap *h)
{
	mem_free(&h->items);
	h->n = h->room = 0;
}
