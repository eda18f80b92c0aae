#include "base/timers.h"

#include <assert.h>
#include <stdlib.h>

enum { CHILDREN = 4 /* flat, and side by side in memory */ };

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

static bool before(const struct timer_slot *a, const struct timer_slot *b)
{
	if (a->at.us != b->at.us)
		return a->at.us < b->at.us;
	return a->order < b->order;
}

static void place(struct timers *h, size_t at, const struct timer_slot *s)
{
	h->slots[at] = *s;
	s->timer->slot = (uint32_t)at + 1;
}

static size_t parent_of(size_t at)
{
	return (at - 1) / CHILDREN;
}

/* The first to expire of those below; `at` itself when there are none. */
static size_t first_below(const struct timers *h, size_t at)
{
	const size_t from = CHILDREN * at + 1;
	size_t first = from < h->count ? from : at;

	for (size_t i = from + 1; i < from + CHILDREN && i < h->count; i++)
		if (before(&h->slots[i], &h->slots[first]))
			first = i;
	return first;
}

static void sift_up(struct timers *h, size_t at, const struct timer_slot *s)
{
	while (at > 0 && before(s, &h->slots[parent_of(at)])) {
		place(h, at, &h->slots[parent_of(at)]);
		at = parent_of(at);
	}
	place(h, at, s);
}

static void sift_down(struct timers *h, size_t at, const struct timer_slot *s)
{
	for (;;) {
		const size_t child = first_below(h, at);

		if (child == at || !before(&h->slots[child], s))
			break;
		place(h, at, &h->slots[child]);
		at = child;
	}
	place(h, at, s);
}

static struct timer_slot slot_of(struct timer *t)
{
	return (struct timer_slot){ t->deadline, t->order, t };
}

/* The first one has perhaps been postponed. */
static void settle(struct timers *h)
{
	while (h->count > 0 && h->slots[0].order != h->slots[0].timer->order) {
		const struct timer_slot s = slot_of(h->slots[0].timer);

		sift_down(h, 0, &s);
	}
}

static void take_out(struct timers *h, struct timer *t)
{
	const size_t at = (size_t)t->slot - 1;
	const struct timer_slot last = h->slots[--h->count];

	t->slot = 0;
	if (last.timer == t)
		return;
	if (at > 0 && before(&last, &h->slots[parent_of(at)]))
		sift_up(h, at, &last);
	else
		sift_down(h, at, &last);
}

void timer_stop(struct timers *h, struct timer *t)
{
	if (!t->slot)
		return;
	assert(t->slot <= h->count && h->slots[t->slot - 1].timer == t);
	take_out(h, t);
	t->deadline = INSTANT_NEVER;
	settle(h);
}

static void make_room(struct timers *h)
{
	const size_t capacity = h->capacity ? 2 * h->capacity : 64;
	struct timer_slot *const slots = reallocarray(h->slots, capacity, sizeof *slots);

	if (!slots)
		abort();
	h->slots = slots;
	h->capacity = capacity;
}

void timer_set(struct timers *h, struct timer *t, struct instant deadline)
{
	struct timer_slot s;

	timer_stop(h, t);
	if (h->count == h->capacity)
		make_room(h);
	t->deadline = deadline;
	t->order = h->order++;
	s = slot_of(t);
	h->count++;
	sift_up(h, h->count - 1, &s);
}

void timer_postpone(struct timers *h, struct timer *t, struct instant deadline)
{
	if (!t->slot || instant_before(deadline, t->deadline)) {
		timer_set(h, t, deadline);
		return;
	}
	t->deadline = deadline;
	t->order = h->order++;
	settle(h);
}

struct instant timers_deadline(const struct timers *h)
{
	return h->count ? h->slots[0].at : INSTANT_NEVER;
}

struct timer *timers_expire(struct timers *h, struct instant now)
{
	struct timer *const t = h->count ? h->slots[0].timer : NULL;

	if (!t || instant_before(now, t->deadline))
		return NULL;
	timer_stop(h, t);
	return t;
}
