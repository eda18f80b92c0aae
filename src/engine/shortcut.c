#include "engine/shortcut.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "engine/output.h"

struct place { uint32_t vrf; struct ipprefix dst; };

struct shortcut {
	struct tree_node node;
	struct place at;
	struct binding *binding; /* whose it is; NULL: only held */
	bool held;               /* the table has it too (hold.h), and gives it when no binding does: … */
	uint32_t tunnel;         /* … by this tunnel … */
	struct ipaddr gateway;   /* … and gateway */
};

struct hole {
	struct tree_node node;
	struct place at;
};

static int compare(const struct place *a, const struct place *b)
{
	if (a->vrf != b->vrf)
		return a->vrf < b->vrf ? -1 : 1;
	return ipprefix_cmp(&a->dst, &b->dst);
}

static int by_place(const void *key, const struct tree_node *node)
{
	return compare(key, &CONTAINER_OF(node, const struct shortcut, node)->at);
}

static int hole_by_place(const void *key, const struct tree_node *node)
{
	return compare(key, &CONTAINER_OF(node, const struct hole, node)->at);
}

void shortcuts_init(struct engine *e)
{
	tree_init(&e->shortcuts, by_place);
	tree_init(&e->throws, hole_by_place);
}

void shortcuts_free(struct engine *e)
{
	struct tree_node *n;

	while ((n = tree_first(&e->shortcuts))) {
		tree_remove(&e->shortcuts, n);
		free(CONTAINER_OF(n, struct shortcut, node));
	}
	while ((n = tree_first(&e->throws))) {
		tree_remove(&e->throws, n);
		free(CONTAINER_OF(n, struct hole, node));
	}
}

static struct shortcut *find(const struct engine *e, const struct place *at)
{
	struct tree_node *const n = tree_find(&e->shortcuts, at);

	return n ? CONTAINER_OF(n, struct shortcut, node) : NULL;
}

static void say(struct engine *e, enum effect_type type, uint32_t tunnel, const struct place *at,
		const struct ipaddr *gateway)
{
	struct effect *const x = output_push(e, type, tunnel, NULL);

	x->shortcut.vrf = at->vrf;
	x->shortcut.dst = at->dst;
	if (gateway)
		x->shortcut.gateway = *gateway;
	else
		x->shortcut.throw_ = true;
}

static struct place place_of(const struct binding *b)
{
	return (struct place){ b->overlay->tunnel->settings.vrf, b->dst };
}

/* The narrowest shortcut strictly wider than dst; NULL: none, so no hole is needed. */
static const struct shortcut *parent_of(const struct engine *e, const struct place *at)
{
	for (int len = at->dst.len - 1; len >= 0; len--) {
		const struct place wide = { at->vrf, ipprefix_make(&at->dst.addr, (uint8_t)len) };
		const struct shortcut *const s = find(e, &wide);

		if (s)
			return s;
	}
	return NULL;
}

/* ---- holes */

static bool hole_wanted(struct engine *e, const struct place *at)
{
	return !find(e, at) && rib_find(engine_rib(e, at->vrf), &at->dst) && parent_of(e, at);
}

/* Brings the hole at one prefix in line with routes and shortcuts. */
static void hole_settle(struct engine *e, const struct place *at, uint32_t tunnel)
{
	struct tree_node *const n = tree_find(&e->throws, at);
	const bool wanted = hole_wanted(e, at);
	struct hole *h;

	if (wanted == (n != NULL))
		return;
	if (wanted) {
		h = alloc_zero(1, sizeof *h);
		h->at = *at;
		tree_insert(&e->throws, &h->at, &h->node);
		say(e, EFFECT_SHORTCUT_SET, tunnel, at, NULL);
		return;
	}
	h = CONTAINER_OF(n, struct hole, node);
	if (!find(e, at)) /* else the shortcut has taken the place in the table already */
		say(e, EFFECT_SHORTCUT_DEL, tunnel, at, NULL);
	tree_remove(&e->throws, n);
	free(h);
}

/* Before a shortcut is set, its holes are dug; after it is gone, they are filled. */
static void holes_settle(struct engine *e, const struct place *at, uint32_t tunnel)
{
	const struct rib *const rib = engine_rib(e, at->vrf);
	const struct route *r = NULL;

	while ((r = rib_next_inside(rib, &at->dst, r))) {
		const struct place hole = { at->vrf, r->dst };

		hole_settle(e, &hole, tunnel);
	}
}

/* ---- shortcuts */

static struct shortcut *add(struct engine *e, const struct place *at, uint32_t tunnel)
{
	struct shortcut *const s = alloc_zero(1, sizeof *s);

	s->at = *at;
	tree_insert(&e->shortcuts, &s->at, &s->node);
	holes_settle(e, at, tunnel);
	return s;
}

static void discard(struct engine *e, struct shortcut *s, uint32_t tunnel, const struct ipaddr *gateway)
{
	const struct place at = s->at;

	say(e, EFFECT_SHORTCUT_DEL, tunnel, &at, gateway);
	tree_remove(&e->shortcuts, &s->node);
	free(s);
	hole_settle(e, &at, tunnel); /* inside a wider shortcut it becomes a hole itself */
	holes_settle(e, &at, tunnel);
}

static uint32_t tunnel_of(const struct shortcut *s)
{
	return s->binding ? s->binding->overlay->tunnel->settings.number : s->tunnel;
}

/* Who was believed to have all of a route, of which b has a part, has not. What he has is asked for again. */
static void end_claims_to(const struct binding *b, const struct place *part)
{
	struct engine *const e = overlay_engine(b->overlay);

	for (int len = part->dst.len - 1; len >= 0; len--) {
		const struct place wide = { part->vrf, ipprefix_make(&part->dst.addr, (uint8_t)len) };
		const struct shortcut *const s = find(e, &wide);

		if (!s || !s->binding)
			continue;
		if (!ipaddr_eq(&s->binding->via, &b->via) && rib_find(engine_rib(e, part->vrf), &wide.dst))
			binding_remove(s->binding, "another one answers for a part of it");
		return;
	}
}

void shortcut_set(struct binding *b)
{
	struct engine *const e = overlay_engine(b->overlay);
	const uint32_t tunnel = b->overlay->tunnel->settings.number;
	const struct place at = place_of(b);
	struct shortcut *s = find(e, &at);

	if (!s)
		s = add(e, &at, tunnel);
	s->binding = b;
	say(e, EFFECT_SHORTCUT_SET, tunnel, &at, &b->via);
	hole_settle(e, &at, tunnel);
	end_claims_to(b, &at);
}

/* The binding of another tunnel of this DMVPN that wants the same; NULL: none. */
static struct binding *heir_of(const struct binding *b)
{
	for (struct overlay *o = overlay_first(overlay_engine(b->overlay)); o; o = overlay_next(o)) {
		struct binding *const x = o != b->overlay && overlay_same_dmvpn(o, b->overlay) ?
						  binding_find(o, &b->dst) : NULL;

		if (x && x->hop)
			return x;
	}
	return NULL;
}

void shortcut_del(struct binding *b)
{
	struct engine *const e = overlay_engine(b->overlay);
	const uint32_t tunnel = b->overlay->tunnel->settings.number;
	const struct place at = place_of(b);
	struct shortcut *const s = find(e, &at);
	struct binding *const heir = heir_of(b);

	if (!s || s->binding != b)
		return; /* a newer binding of another tunnel has it */
	if (heir) {
		s->binding = heir;
		say(e, EFFECT_SHORTCUT_SET, heir->overlay->tunnel->settings.number, &at, &heir->via);
		return;
	}
	s->binding = NULL;
	if (s->held)
		say(e, EFFECT_SHORTCUT_SET, s->tunnel, &at, &s->gateway);
	else
		discard(e, s, tunnel, &b->via);
}

/* ---- held routes */

static size_t count_bare_inside(const struct engine *e, const struct rib *rib, const struct place *at)
{
	const struct route *r = NULL;
	size_t n = 0;

	while (n <= SHORTCUT_THROWS_MAX && (r = rib_next_inside(rib, &at->dst, r))) {
		const struct place place = { at->vrf, r->dst };

		n += !find(e, &place);
	}
	return n;
}

bool shortcut_hold(struct engine *e, uint32_t vrf, const struct ipprefix *dst, uint32_t tunnel,
		   const struct ipaddr *gateway)
{
	const struct place at = { vrf, *dst };
	struct shortcut *s = find(e, &at);
	const bool is_same = s && s->held && s->tunnel == tunnel && ipaddr_eq(&s->gateway, gateway);

	if (is_same)
		return true;
	if (!s && count_bare_inside(e, engine_rib(e, vrf), &at) > SHORTCUT_THROWS_MAX)
		return false;
	if (!s)
		s = add(e, &at, tunnel);
	s->held = true;
	s->tunnel = tunnel;
	s->gateway = *gateway;
	if (s->binding)
		return true;
	say(e, EFFECT_SHORTCUT_SET, tunnel, &at, gateway);
	hole_settle(e, &at, tunnel);
	return true;
}

bool shortcut_held_by(const struct engine *e, uint32_t vrf, const struct ipprefix *dst, struct ipaddr *gateway)
{
	const struct place at = { vrf, *dst };
	const struct shortcut *const s = find(e, &at);

	if (!s || !s->held)
		return false;
	*gateway = s->gateway;
	return true;
}

void shortcut_unhold(struct engine *e, uint32_t vrf, const struct ipprefix *dst)
{
	const struct place at = { vrf, *dst };
	struct shortcut *const s = find(e, &at);

	if (!s || !s->held)
		return;
	s->held = false;
	if (!s->binding)
		discard(e, s, s->tunnel, &s->gateway);
}

static const struct route *covering(const struct overlay *o, const struct ipprefix *dst)
{
	return rib_match(overlay_rib(o), &dst->addr, dst->len);
}

static size_t count_inside(const struct rib *rib, const struct ipprefix *p)
{
	const struct route *r = NULL;
	size_t n = 0;

	while (n <= SHORTCUT_THROWS_MAX && (r = rib_next_inside(rib, p, r)))
		n++;
	return n;
}

/* Somebody else than via has answered for a part of p. */
static bool is_shared(const struct engine *e, const struct place *p, const struct ipaddr *via)
{
	for (const struct tree_node *n = tree_after(&e->shortcuts, p); n; n = tree_next(n)) {
		const struct shortcut *const s = CONTAINER_OF(n, const struct shortcut, node);

		if (s->at.vrf != p->vrf || !ipprefix_covers(&p->dst, &s->at.dst))
			return false;
		if (s->binding && !ipaddr_eq(&s->binding->via, via))
			return true;
	}
	return false;
}

bool shortcut_prefix(const struct overlay *o, const struct ipaddr *dst, const struct ipaddr *via,
		     const struct ipprefix *offered, struct ipprefix *out)
{
	const struct rib *const rib = overlay_rib(o);
	const struct route *const r = rib_match(rib, dst, ip_family_bits(o->family));

	if (!overlay_of_route(o, r))
		return false;
	*out = ipprefix_make(dst, offered->len > r->dst.len ? offered->len : r->dst.len);
	if (out->len == r->dst.len &&
	    (out->len == 0 || is_shared(overlay_engine(o), &(struct place){ o->tunnel->settings.vrf, *out }, via)))
		*out = ipprefix_host(dst);
	if (count_inside(rib, out) > SHORTCUT_THROWS_MAX)
		*out = ipprefix_host(dst);
	return true;
}

static bool still_true(const struct shortcut *s)
{
	const struct overlay *const o = s->binding->overlay;

	return overlay_of_route(o, covering(o, &s->at.dst)) != NULL;
}

/* Whether it may stay without a route that covers it: its peer has shown that packets get there. */
static bool may_outlast(const struct binding *b)
{
	const struct tunnel *const t = b->overlay->tunnel;
	const struct path *const p = b->hop->path.path;

	return t->settings.shortcut_hold_s && !t->engine->options.no_route_hold && !t->engine->stopping && p && p->answers &&
	       p->state != PATH_DEAD;
}

/* Routing has withdrawn what covers it, and gives nothing instead: perhaps a hub has only ended a session. Its peer
 * is looked at: when it is dead it goes sooner. */
static void outlast(struct binding *b)
{
	const struct tunnel *const t = b->overlay->tunnel;

	if (timer_running(&b->upkeep->uncovered))
		return;
	timer_set(&t->engine->timers, &b->upkeep->uncovered, later(t->engine, span_s(t->settings.shortcut_hold_s)));
	path_hint(t, &b->hop->peer->nbma, PATH_EVENT_DOUBT);
}

/* One binding after the other that has that prefix. */
static void remove_untrue(struct engine *e, const struct place *at, const char *reason)
{
	struct shortcut *s;

	while ((s = find(e, at)) && s->binding && !still_true(s))
		binding_remove(s->binding, reason);
}

void shortcut_uncovered(struct binding *b)
{
	const struct place at = place_of(b);

	remove_untrue(overlay_engine(b->overlay), &at, "covering route gone");
}

/* Where the covering route points elsewhere the shortcut goes, where it is gone it may outlast it. */
static void follow_route(struct engine *e, struct shortcut *s, bool withdrawn)
{
	const struct place at = s->at;

	if (!s->binding)
		return;
	if (still_true(s))
		timer_stop(&e->timers, &s->binding->upkeep->uncovered);
	else if (withdrawn && may_outlast(s->binding))
		outlast(s->binding);
	else
		remove_untrue(e, &at, "covering route changed");
}

static struct shortcut *first_at_or_inside(const struct engine *e, const struct place *at)
{
	struct tree_node *const n = tree_at_least(&e->shortcuts, at);
	struct shortcut *const s = n ? CONTAINER_OF(n, struct shortcut, node) : NULL;

	return s && s->at.vrf == at->vrf && ipprefix_covers(&at->dst, &s->at.dst) ? s : NULL;
}

void shortcuts_route_changed(struct engine *e, uint32_t vrf, const struct ipprefix *dst)
{
	struct place at = { vrf, *dst };
	const bool withdrawn = !rib_find(engine_rib(e, vrf), dst);
	struct shortcut *s = first_at_or_inside(e, &at);

	while (s) {
		const struct place here = s->at;
		struct tree_node *next;

		follow_route(e, s, withdrawn);
		next = tree_after(&e->shortcuts, &here);
		s = next ? CONTAINER_OF(next, struct shortcut, node) : NULL;
		if (s && (s->at.vrf != vrf || !ipprefix_covers(dst, &s->at.dst)))
			s = NULL;
	}
	if (e->shortcuts.count || e->throws.count) {
		const struct shortcut *const wide = parent_of(e, &at);

		hole_settle(e, &at, wide ? tunnel_of(wide) : 0);
	}
}
