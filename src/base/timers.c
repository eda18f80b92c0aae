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

static void sift_up(struct timers *h, size_t at, const struct timer_slot *s)
{
	while (at > 0 && before(s, &h->slots[(at - 1) / 2])) {
		place(h, at, &h->slots[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	place(h, at, s);
}

static void sift_down(struct timers *h, size_t at, const struct timer_slot *s)
{
	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < h->count && before(&h->slots[child + 1], &h->slots[child]))
			child++;
		if (child >= h->count || !before(&h->slots[child], s))
			break;
		place(h, at, &h->slots[child]);
		at = child;
	}
	place(h, at, s);
}

void timer_stop(struct timers *h, struct timer *t)
{
	const size_t at = (size_t)t->slot - 1;
	struct timer_slot last;

	if (!t->slot)
		return;
	assert(at < h->count && h->slots[at].timer == t);
	last = h->slots[--h->count];
	t->slot = 0;
	t->deadline = INSTANT_NEVER;
	if (last.timer == t)
		return;
	if (at > 0 && before(&last, &h->slots[(at - 1) / 2]))
		sift_up(h, at, &last);
	else
		sift_down(h, at, &last);
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

static struct timer_slot slot_of(struct timer *t)
{
	return (struct timer_slot){ t->deadline, t->order, t };
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
}

struct instant timers_deadline(const struct timers *h)
{
	return h->count ? h->slots[0].at : INSTANT_NEVER;
}

struct timer *timers_expire(struct timers *h, struct instant now)
{
	while (h->count > 0 && !instant_before(now, h->slots[0].at)) {
		struct timer *const t = h->slots[0].timer;
		const struct timer_slot s = slot_of(t);

		if (s.order == h->slots[0].order) {
			timer_stop(h, t);
			return t;
		}
		sift_down(h, 0, &s); /* postponed */
	}
	return NULL;
}
