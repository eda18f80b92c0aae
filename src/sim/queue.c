#include "sim/queue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The heap holds keys only, which are moved about; what will happen stays where it was put. */
struct queue_key {
	struct instant at;
	uint64_t order;
	uint32_t place;
};

void queue_init(struct queue *q)
{
	memset(q, 0, sizeof *q);
}

void queue_done(struct queue *q)
{
	for (size_t i = 0; i < q->count; i++)
		free(q->happenings[q->heap[i].place].bytes);
	free(q->happenings);
	free(q->heap);
	free(q->free_places);
}

static bool comes_before(const struct queue_key *a, const struct queue_key *b)
{
	return a->at.us != b->at.us ? a->at.us < b->at.us : a->order < b->order;
}

static void make_room(struct queue *q)
{
	const size_t before = q->capacity;

	if (q->count < q->capacity)
		return;
	q->capacity = q->capacity ? 2 * q->capacity : 64;
	q->heap = realloc(q->heap, q->capacity * sizeof *q->heap);
	q->happenings = realloc(q->happenings, q->capacity * sizeof *q->happenings);
	q->free_places = realloc(q->free_places, q->capacity * sizeof *q->free_places);
	assert(q->heap && q->happenings && q->free_places);
	for (size_t i = before; i < q->capacity; i++)
		q->free_places[q->free_count++] = (uint32_t)i;
}

void queue_add(struct queue *q, const struct happening *h)
{
	struct queue_key key = { .at = h->at, .order = q->next_order++ };
	size_t i;

	make_room(q);
	key.place = q->free_places[--q->free_count];
	q->happenings[key.place] = *h;
	for (i = q->count++; i > 0 && comes_before(&key, &q->heap[(i - 1) / 2]); i = (i - 1) / 2)
		q->heap[i] = q->heap[(i - 1) / 2];
	q->heap[i] = key;
}

struct instant queue_first(const struct queue *q)
{
	return q->count ? q->heap[0].at : INSTANT_NEVER;
}

/* Puts the key where the heap's first was, as deep as it belongs. */
static void sift_down(struct queue *q, struct queue_key key)
{
	size_t i = 0;

	for (;;) {
		size_t child = 2 * i + 1;

		if (child + 1 < q->count && comes_before(&q->heap[child + 1], &q->heap[child]))
			child++;
		if (child >= q->count || comes_before(&key, &q->heap[child]))
			break;
		q->heap[i] = q->heap[child];
		i = child;
	}
	q->heap[i] = key;
}

struct happening queue_take(struct queue *q)
{
	uint32_t place;

	assert(q->count > 0);
	place = q->heap[0].place;
	q->free_places[q->free_count++] = place;
	q->count--;
	if (q->count > 0)
		sift_down(q, q->heap[q->count]);
	return q->happenings[place];
}
