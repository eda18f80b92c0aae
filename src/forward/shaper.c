#include "forward/shaper.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { TURN_OCTETS = 1600 /* a flow's turn: one full packet */ };

static int64_t ns_of(const struct shaper *s, uint64_t octets)
{
	return (int64_t)(octets * UINT64_C(8000000000) / s->shape.rate_bps);
}

static int64_t ns_at(struct instant t)
{
	return t.us * 1000;
}

struct shaper *shaper_new(const struct forward_shape *shape)
{
	struct shaper *const s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->shape = *shape;
	for (size_t i = 0; i < SHAPER_FLOWS; i++)
		STAILQ_INIT(&s->flows[i].packets);
	return s;
}

void shaper_free(struct shaper *s)
{
	struct shaper_packet *p;

	for (size_t i = 0; s && i < SHAPER_FLOWS; i++) {
		while ((p = STAILQ_FIRST(&s->flows[i].packets))) {
			STAILQ_REMOVE_HEAD(&s->flows[i].packets, next);
			free(p);
		}
	}
	free(s);
}

void shaper_change(struct shaper *s, const struct forward_shape *shape)
{
	if (s->shape.rate_bps != shape->rate_bps)
		s->free_at_ns = 0; /* what is owed was reckoned at another rate */
	s->shape = *shape;
}

static void charge(struct shaper *s, struct instant now, size_t cost)
{
	if (s->free_at_ns < ns_at(now))
		s->free_at_ns = ns_at(now);
	s->free_at_ns += ns_of(s, cost);
}

/* As long as what was sent before is no more than a burst ahead of the rate. */
static int64_t due_ns(const struct shaper *s)
{
	return s->free_at_ns - ns_of(s, s->shape.burst_octets);
}

bool shaper_admits(struct shaper *s, struct instant now, size_t cost, bool urgent)
{
	if (!urgent && (s->packets > 0 || ns_at(now) < due_ns(s)))
		return false;
	charge(s, now, cost);
	return true;
}

/* ---- what waits ---- */

static struct shaper_packet *take(struct shaper *s, struct shaper_flow *f)
{
	struct shaper_packet *const p = STAILQ_FIRST(&f->packets);

	STAILQ_REMOVE_HEAD(&f->packets, next);
	f->octets -= p->cost;
	s->octets -= p->cost;
	s->packets--;
	return p;
}

static size_t hold_octets(const struct shaper *s)
{
	const uint64_t octets = s->shape.rate_bps / 8 * SHAPER_HOLD_MS / 1000;

	if (octets < SHAPER_HOLD_MIN)
		return SHAPER_HOLD_MIN;
	return octets > SHAPER_HOLD_MAX ? SHAPER_HOLD_MAX : (size_t)octets;
}

static void drop_of_longest(struct shaper *s)
{
	struct shaper_flow *most = &s->flows[0];

	for (size_t i = 1; i < SHAPER_FLOWS; i++)
		if (s->flows[i].octets > most->octets)
			most = &s->flows[i];
	free(take(s, most));
	s->dropped++;
}

static struct shaper_packet *copy_of(const uint8_t *bytes, size_t length, size_t headroom, size_t tailroom)
{
	struct shaper_packet *const p = malloc(sizeof *p + headroom + length + tailroom);

	if (!p)
		return NULL;
	p->length = length;
	p->bytes = p->room + headroom;
	memcpy(p->bytes, bytes, length);
	return p;
}

size_t shaper_keep(struct shaper *s, uint32_t flow, const uint8_t *bytes, size_t length, size_t cost, size_t headroom, size_t tailroom)
{
	const uint64_t before = s->dropped;
	struct shaper_flow *const f = &s->flows[flow % SHAPER_FLOWS];
	struct shaper_packet *const p = copy_of(bytes, length, headroom, tailroom);

	if (!p) {
		s->dropped++;
		return 1;
	}
	p->cost = cost;
	STAILQ_INSERT_TAIL(&f->packets, p, next);
	f->octets += cost;
	s->octets += cost;
	s->packets++;
	s->delayed++;
	while (s->octets > hold_octets(s) && s->packets > 1)
		drop_of_longest(s);
	return (size_t)(s->dropped - before);
}

/* Deficit round robin (RFC 8290's reference 3): a flow goes on until its allowance is spent. */
static struct shaper_flow *flow_in_turn(struct shaper *s)
{
	assert(s->packets > 0);
	for (;;) {
		struct shaper_flow *const f = &s->flows[s->turn];
		const struct shaper_packet *const first = STAILQ_FIRST(&f->packets);

		if (first && f->allowance >= first->cost)
			return f;
		s->turn = (s->turn + 1) % SHAPER_FLOWS;
		if (first) /* when the turn is its again */
			f->allowance += TURN_OCTETS;
		else
			f->allowance = 0;
	}
}

struct shaper_packet *shaper_drain(struct shaper *s)
{
	struct shaper_flow *const f = s->packets > 0 ? flow_in_turn(s) : NULL;
	struct shaper_packet *const p = f ? take(s, f) : NULL;

	if (p)
		f->allowance -= p->cost;
	return p;
}

struct shaper_packet *shaper_next(struct shaper *s, struct instant now)
{
	struct shaper_packet *const p = ns_at(now) < due_ns(s) ? NULL : shaper_drain(s);

	if (p)
		charge(s, now, p->cost);
	return p;
}

struct instant shaper_deadline(const struct shaper *s)
{
	if (s->packets == 0)
		return INSTANT_NEVER;
	return (struct instant){ (due_ns(s) + 999) / 1000 };
}
