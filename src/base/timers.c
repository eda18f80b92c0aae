#include "base/timers.h"

#include <assert.h>
#include <stdlib.h>

void timers_init(struct timers *h)
{
	*h = (struct timers){ 0 };
}

void timers_done(struct timers *h)
{
	free(h->slots);
	timers_init(h);
}

void timer_init(struct timer *t, unsigned kind, void *owner)
{
	*t = (struct timer){ .deadline = INSTANT_NEVER, .kind = kind, .owner = owner };
}

bool timer_running(const struct timer *t)
{
	return t->slot != 0;
}

static bool before(const struct timer *a, const struct timer *b)
{
	if (a->deadline.us != b->deadline.us)
		return a->deadline.us < b->deadline.us;
	return a->order < b->order;
}

static void place(struct timers *h, size_t at, struct timer *t)
{
	h->slots[at] = t;
	t->slot = (uint32_t)at + 1;
}

static void sift_up(struct timers *h, size_t at, struct timer *t)
{
	while (at > 0 && before(t, h->slots[(at - 1) / 2])) {
		place(h, at, h->slots[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	place(h, at, t);
}

static void sift_down(struct timers *h, size_t at, struct timer *t)
{
	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < h->count && before(h->slots[child + 1], h->slots[child]))
			child++;
		if (child >= h->count || !before(h->slots[child], t))
			break;
		place(h, at, h->slots[child]);
		at = child;
	}
	place(h, at, t);
}

void timer_stop(struct timers *h, struct timer *t)
{
	const size_t at = (size_t)t->slot - 1;
	struct timer *last;

	if (!t->slot)
		return;
	assert(at < h->count && h->slots[at] == t);
	last = h->slots[--h->count];
	t->slot = 0;
	t->deadline = INSTANT_NEVER;
	if (last == t)
		return;
	if (at > 0 && before(last, h->slots[(at - 1) / 2]))
		sift_up(h, at, last);
	else
		sift_down(h, at, last);
}

static void make_room(struct timers *h)
{
	const size_t capacity = h->capacity ? 2 * h->capacity : 64;
	struct timer **const slots = reallocarray(h->slots, capacity, sizeof *slots);

	if (!slots)
		abort();
	h->slots = slots;
	h->capacity = capacity;
}

void timer_set(struct timers *h, struct timer *t, struct instant deadline)
{
	timer_stop(h, t);
	if (h->count == h->capacity)
		make_room(h);
	t->deadline = deadline;
	t->order = h->order++;
	h->count++;
	sift_up(h, h->count - 1, t);
}

struct instant timers_deadline(const struct timers *h)
{
	return h->count ? h->slots[0]->deadline : INSTANT_NEVER;
}

struct timer *timers_expire(struct timers *h, struct instant now)
{
	struct timer *const t = h->count ? h->slots[0] : NULL;

	if (!t || instant_before(now, t->deadline))
		return NULL;
	timer_stop(h, t);
	return t;
}
