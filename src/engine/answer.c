#include "engine/answer.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "engine/purge.h"

static int by_prefix(const void *key, const struct tree_node *node)
{
	return ipprefix_cmp(key, &CONTAINER_OF(node, const struct answer, node)->dst);
}

void answers_init(struct overlay *o)
{
	tree_init(&o->answers, by_prefix);
}

static struct answer *of(struct tree_node *n)
{
	return n ? CONTAINER_OF(n, struct answer, node) : NULL;
}

struct answer *answer_first(const struct overlay *o)
{
	return of(tree_first(&o->answers));
}

struct answer *answer_next(const struct answer *a)
{
	return of(tree_next(&a->node));
}

static void discard(struct answer *a)
{
	timer_stop(&overlay_engine(a->overlay)->timers, &a->expiry);
	tree_remove(&a->overlay->answers, &a->node);
	requesters_done(&a->requesters);
	free(a);
}

void answers_free(struct overlay *o)
{
	for (struct answer *a; (a = answer_first(o));)
		discard(a);
}

static struct answer *add(struct overlay *o, const struct ipprefix *dst)
{
	struct answer *a;

	if (o->answers.count >= ANSWERS_MAX)
		return NULL; /* the copies out there run out by themselves */
	a = alloc_zero(1, sizeof *a);
	a->overlay = o;
	a->dst = *dst;
	a->created = overlay_engine(o)->now;
	timer_init(&a->expiry, TIMER_ANSWER_EXPIRE, a);
	tree_insert(&o->answers, &a->dst, &a->node);
	return a;
}

void answer_remember(struct overlay *o, const struct ipprefix *dst, const struct requester *who)
{
	struct answer *a = of(tree_find(&o->answers, dst));

	if (!a)
		a = add(o, dst);
	if (!a)
		return;
	requesters_add(&a->requesters, who);
	a->expires = who->until; /* all of them have the same hold time, this is the latest */
	timer_set(&overlay_engine(o)->timers, &a->expiry, a->expires);
}

void answer_expired(struct answer *a)
{
	discard(a);
}

static void withdraw(struct answer *a)
{
	purge_requesters(a->overlay, &a->requesters, &a->dst);
	discard(a);
}

void answers_withdraw(struct overlay *o)
{
	for (struct answer *a; (a = answer_first(o));)
		withdraw(a);
}

/* An answer about a network is true while the network's route does not lead into the DMVPN,
 * and nothing inside it does. Answers about our tunnel address are always true. */
static bool still_true(const struct answer *a)
{
	const struct overlay *const o = a->overlay;
	const struct rib *const rib = overlay_rib(o);
	const struct route *r;

	if (overlay_owns(o, &a->dst.addr))
		return true;
	r = rib_match(rib, &a->dst.addr, a->dst.len);
	if (!r || overlay_of_route(o, r))
		return false;
	for (r = rib_next_inside(rib, &a->dst, NULL); r; r = rib_next_inside(rib, &a->dst, r))
		if (overlay_of_route(o, r))
			return false;
	return true;
}

static void check(struct overlay *o, const struct ipprefix *dst)
{
	struct answer *a, *next;

	for (a = answer_first(o); a; a = next) {
		next = answer_next(a);
		if (!ipprefix_covers(dst, &a->dst) && !ipprefix_covers(&a->dst, dst))
			continue;
		if (!still_true(a))
			withdraw(a);
	}
}

void answers_route_changed(struct engine *e, uint32_t vrf, const struct ipprefix *dst)
{
	for (struct overlay *o = overlay_first(e); o; o = overlay_next(o))
		if (o->tunnel->settings.vrf == vrf && o->answers.count)
			check(o, dst);
}
