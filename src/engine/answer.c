#include "engine/answer.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "engine/partner.h"
#include "engine/purge.h"

enum {
	WIDEST_V4 = 8, /* no answer is wider than this; a default route gives a host */
	WIDEST_V6 = 16,
	NARROW_STEPS_MAX = 4096, /* routes looked at before we settle for the host */
};

static int by_prefix(const void *key, const struct tree_node *node)
{
	return ipprefix_cmp(key, &CONTAINER_OF(node, const struct answer, node)->dst);
}

void answers_init(struct overlay *o)
{
	tree_init(&o->answers, by_prefix);
}

/* ---- the prefix of an answer */

static bool leads_into_dmvpn(const struct overlay *o, const struct route *r)
{
	return overlay_of_route(o, r) || partner_of_route(o, r);
}

/* A route inside p that leads into the DMVPN makes p too wide to be promised. */
static bool promises_too_much(const struct overlay *o, const struct ipprefix *p)
{
	const struct rib *const rib = overlay_rib(o);
	const struct route *r = NULL;
	unsigned steps = 0;

	while ((r = rib_next_inside(rib, p, r)))
		if (leads_into_dmvpn(o, r) || ++steps > NARROW_STEPS_MAX)
			return true;
	return false;
}

bool answer_prefix(const struct overlay *o, const struct ipaddr *dst, struct ipprefix *out)
{
	const uint8_t bits = ip_family_bits(o->family);
	const struct route *const r = rib_match(overlay_rib(o), dst, bits);

	*out = ipprefix_host(dst);
	if (overlay_owns(o, dst))
		return true;
	if (!r || leads_into_dmvpn(o, r))
		return overlay_is_local(o, dst);
	if (r->dst.len >= (o->family == IP_V4 ? WIDEST_V4 : WIDEST_V6))
		*out = r->dst;
	for (size_t i = 0; i < o->cfg->summary_map_count; i++)
		if (ipprefix_contains(&o->cfg->summary_maps[i], dst))
			*out = o->cfg->summary_maps[i];
	while (out->len < bits && promises_too_much(o, out))
		*out = ipprefix_make(dst, (uint8_t)(out->len + 1));
	return true;
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

void answer_remember(struct overlay *o, const struct ipprefix *dst, const struct ipaddr *asked,
		     const struct requester *who)
{
	struct answer *a = of(tree_find(&o->answers, dst));

	if (!a)
		a = add(o, dst);
	if (!a)
		return;
	a->asked = *asked;
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

/* Would we still say the same? */
static bool still_true(const struct answer *a)
{
	struct ipprefix now;

	return answer_prefix(a->overlay, &a->asked, &now) && ipprefix_eq(&now, &a->dst);
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
