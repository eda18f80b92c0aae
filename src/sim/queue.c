#include "sim/queue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void queue_init(struct queue *q)
{
	memset(q, 0, sizeof *q);
}

void queue_done(struct queue *q)
{
	for (size_t i = 0; i < q->count; i++)
		free(q->heap[i].bytes);
	free(q->heap);
}

static bool comes_before(const struct happening *a, const struct happening *b)
{
	return a->at.us != b->at.us ? a->at.us < b->at.us : a->order < b->order;
}

static void swap(struct happening *a, struct happening *b)
{
	const struct happening t = *a;

	*a = *b;
	*b = t;
}

void queue_add(struct queue *q, const struct happening *h)
{
	size_t i = q->count;

	if (q->count == q->capacity) {
		q->capacity = q->capacity ? 2 * q->capacity : 64;
		q->heap = realloc(q->heap, q->capacity * sizeof *q->heap);
		assert(q->heap);
	}
	q->heap[i] = *h;
	q->heap[i].order = q->next_order++;
	q->count++;
	for (; i > 0 && comes_before(&q->heap[i], &q->heap[(i - 1) / 2]); i = (i - 1) / 2)
		swap(&q->heap[i], &q->heap[(i - 1) / 2]);
}

struct instant queue_first(const struct queue *q)
{
	return q->count ? q->heap[0].at : INSTANT_NEVER;
}

struct happening queue_take(struct queue *q)
{
	struct happening first;
	size_t i = 0;

	assert(q->count > 0);
	first = q->heap[0];
	q->heap[0] = q->heap[--q->count];
	for (;;) {
		size_t least = i;

		for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < q->count; child++) {
			if (comes_before(&q->heap[child], &q->heap[least]))
				least = child;
		}
		if (least == i)
			return first;
		swap(&q->heap[i], &q->heap[least]);
		i = least;
	}
}
