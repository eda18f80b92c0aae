/* What must hold at all times, and what must hold when all is well again. */
#include <string.h>

#include "engine/snapshot.h"
#include "sim/world.h"

/* A binding is looked at between two events; its end may lie a moment back. */
static const struct span grace = { 1000000 };

static const char *kind_name(enum binding_kind kind)
{
	switch (kind) {
	case BINDING_STATIC:
		return "static";
	case BINDING_NHS:
		return "NHS";
	case BINDING_REGISTERED:
		return "registered";
	case BINDING_CACHED:
		return "cached";
	case BINDING_LOCAL:
		return "local";
	case BINDING_INCOMPLETE:
		return "incomplete";
	case BINDING_NEGATIVE:
		return "negative";
	}
	return "?";
}

static void fail_binding(struct world *w, const struct router *r, const struct binding_view *b, const char *what)
{
	char dst[IPPREFIX_TEXT_MAX], via[IPADDR_TEXT_MAX], nbma[IPADDR_TEXT_MAX];

	world_fail(w, r, "%s binding %s via %s nbma %s %s", kind_name(b->kind), ipprefix_format(&b->dst, dst),
		   ipaddr_format(&b->via, via), ipaddr_format(&b->nbma.addr, nbma), what);
}

/*
 * Nobody refreshes what belongs to a router that is gone: what it registered must be gone a
 * hold time later, what others learnt about it at most a second hold time after that.
 */
static void check_dead_owner(struct world *w, const struct router *r, const struct binding_view *b)
{
	const struct router *owner = world_owner(w, &b->dst);
	const int64_t hold_times = b->kind == BINDING_REGISTERED ? 1 : 2;
	struct instant end;

	if (!owner || owner->engine || (b->kind != BINDING_REGISTERED && b->kind != BINDING_CACHED))
		return;
	end = instant_add(owner->died, span_us(hold_times * w->scenario->holdtime_s * 1000000));
	end = instant_add(instant_add(end, w->scenario->delay_most), grace);
	if (instant_before(end, w->now))
		fail_binding(w, r, b, "outlives the router it belongs to");
}

/* Whether the router has this NBMA address, or had it so lately that others may not know. */
static bool is_nbma_of(const struct world *w, const struct router *r, const struct ipaddr *nbma)
{
	const struct span known = span_us(2 * (int64_t)w->scenario->holdtime_s * 1000000 + grace.us);

	if (ipaddr_eq(&r->nbma, nbma))
		return true;
	return ipaddr_eq(&r->former, nbma) && instant_since(w->now, r->moved).us <= known.us;
}

static void check_owner(struct world *w, const struct router *r, const struct binding_view *b)
{
	const struct router *owner = world_router_of_addr(w, &b->via);

	if (b->kind != BINDING_REGISTERED && b->kind != BINDING_CACHED && b->kind != BINDING_NHS)
		return;
	if (owner && !ipaddr_is_none(&b->nbma.addr) && !is_nbma_of(w, owner, &b->nbma.addr))
		fail_binding(w, r, b, "points to a stranger");
}

/* What leans on an NHS dies with it: that is what keeps a dead hub from swallowing traffic. */
static void check_leaning(struct world *w, const struct router *r, const struct binding_view *b)
{
	struct snapshot_cursor cursor = { 0 };
	struct nhs_view v;

	if (b->kind != BINDING_INCOMPLETE || ipaddr_is_none(&b->leans_on))
		return;
	while (snapshot_next_nhs(r->engine, &cursor, &v)) {
		if (ipaddr_eq(&v.addr, &b->leans_on) && v.status != NHS_VIEW_UP)
			fail_binding(w, r, b, "leans on an NHS that is not up");
	}
}

void check_storm(struct world *w, struct router *r)
{
	const int64_t second = w->now.us / 1000000;

	if (r->second != second) {
		r->second = second;
		r->sent = 0;
	}
	r->sent++;
	if (r->sent > w->result->busiest_per_s)
		w->result->busiest_per_s = r->sent;
	if (r->sent > w->scenario->storm_per_s)
		world_fail(w, r, "sends more than %u messages in a second", w->scenario->storm_per_s);
}

static void check_bindings(struct world *w, const struct router *r)
{
	uint8_t registered[WORLD_ROUTERS_MAX] = { 0 };
	struct snapshot_cursor cursor = { 0 };
	struct binding_view b;

	while (!w->result->failed && snapshot_next_binding(r->engine, &cursor, &b)) {
		const struct router *owner = world_owner(w, &b.dst);

		if (!instant_is_never(b.expires) && instant_before(instant_add(b.expires, grace), w->now))
			fail_binding(w, r, &b, "outlives its hold time");
		if (b.kind == BINDING_REGISTERED && owner && b.dst.len == 32 &&
		    ++registered[world_index(w, owner)] > 1)
			fail_binding(w, r, &b, "is a second owner of its address");
		check_owner(w, r, &b);
		check_leaning(w, r, &b);
		check_dead_owner(w, r, &b);
	}
}

/* While a spoke is being resolved, its neighbour entry may point to a hub; so may that of a
 * hub which is no NHS for now. */
static bool points_right(struct world *w, const struct router *r, const struct router *owner,
			 const struct host_peer *p)
{
	const struct router *target = world_router_of_nbma(w, &p->nbma);

	return is_nbma_of(w, owner, &p->nbma) || (target && target->is_hub && !r->is_hub && (!owner->is_hub || r->changes > 0));
}

static void check_neighbours(struct world *w, const struct router *r)
{
	for (size_t i = 0; i < r->host.neighbour_count; i++) {
		const struct host_neighbour *n = &r->host.neighbours[i];
		const struct router *owner = world_router_of_addr(w, &n->addr);
		const struct host_peer *p = host_peer_find(&r->host, n->peer);
		char text[IPADDR_TEXT_MAX];

		if (n->left) /* of an earlier life, to be swept soon */
			continue;
		if (owner && p && !points_right(w, r, owner, p))
			world_fail(w, r, "neighbour %s points to a stranger", ipaddr_format(&n->addr, text));
	}
}

/* ---- the neighbours are what the engine's bindings make them */

static bool is_host_prefix(const struct ipprefix *p)
{
	return p->len == ip_family_bits((enum ip_family)p->addr.family);
}

static size_t count_neighbours(const struct router *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->host.neighbour_count; i++)
		n += !r->host.neighbours[i].left;
	return n;
}

static void check_resolved(struct world *w, const struct router *r)
{
	struct snapshot_cursor cursor = { 0 };
	struct binding_view b;
	size_t wanted = 0;

	while (snapshot_next_binding(r->engine, &cursor, &b)) {
		const struct host_neighbour *n = host_neighbour_find(&r->host, &b.dst.addr);

		if (!(b.nhop || b.temporary) || !is_host_prefix(&b.dst))
			continue;
		wanted++;
		if (!n || n->left || n->peer != b.peer)
			fail_binding(w, r, &b, "is not what the neighbour says");
	}
	if (wanted != count_neighbours(r))
		world_fail(w, r, "%zu neighbours for %zu bindings", count_neighbours(r), wanted);
}

/* ---- the shortcut table is what the engine's bindings and the main table make it */

static const struct host_route *shortcut_at(const struct router *r, const struct ipprefix *dst)
{
	for (size_t i = 0; i < r->host.shortcut_count; i++) {
		if (ipprefix_eq(&r->host.shortcuts[i].dst, dst))
			return &r->host.shortcuts[i];
	}
	return NULL;
}

static bool is_hole(const struct host_route *s)
{
	return ipaddr_is_none(&s->gateway);
}

static void check_learnt(struct world *w, const struct router *r)
{
	struct snapshot_cursor cursor = { 0 };
	struct binding_view b;

	while (snapshot_next_binding(r->engine, &cursor, &b)) {
		const struct host_route *s = b.rib ? shortcut_at(r, &b.dst) : NULL;

		if (b.rib && (!s || is_hole(s)))
			fail_binding(w, r, &b, "has no shortcut");
	}
}

/* A binding of the engine stands behind the shortcut. */
static bool is_learnt(const struct router *r, const struct host_route *s)
{
	struct snapshot_cursor cursor = { 0 };
	struct binding_view b;

	while (snapshot_next_binding(r->engine, &cursor, &b)) {
		if (b.rib && ipprefix_eq(&b.dst, &s->dst) && ipaddr_eq(&b.via, &s->gateway))
			return true;
	}
	return false;
}

static bool has_wider_shortcut(const struct router *r, const struct ipprefix *dst)
{
	for (size_t i = 0; i < r->host.shortcut_count; i++) {
		const struct host_route *s = &r->host.shortcuts[i];

		if (!is_hole(s) && !s->left && s->dst.len < dst->len && ipprefix_covers(&s->dst, dst))
			return true;
	}
	return false;
}

static void check_shortcut(struct world *w, const struct router *r, const struct host_route *s)
{
	char text[IPPREFIX_TEXT_MAX];

	if (s->left)
		return;
	if (!is_hole(s) && !is_learnt(r, s))
		world_fail(w, r, "shortcut %s without a binding", ipprefix_format(&s->dst, text));
	if (is_hole(s) && (!host_route_find(&r->host, &s->dst) || !has_wider_shortcut(r, &s->dst)))
		world_fail(w, r, "hole %s without a reason", ipprefix_format(&s->dst, text));
}

static void check_shortcuts(struct world *w, const struct router *r)
{
	char text[IPPREFIX_TEXT_MAX];

	check_learnt(w, r);
	for (size_t i = 0; i < r->host.shortcut_count; i++)
		check_shortcut(w, r, &r->host.shortcuts[i]);
	for (size_t i = 0; i < r->host.route_count; i++) {
		const struct ipprefix *dst = &r->host.routes[i].dst;

		if (has_wider_shortcut(r, dst) && !shortcut_at(r, dst))
			world_fail(w, r, "route %s is hidden by a shortcut", ipprefix_format(dst, text));
	}
}

void check_round(struct world *w)
{
	for (size_t i = 0; i < w->router_count && !w->result->failed; i++) {
		if (!w->routers[i].engine)
			continue;
		check_bindings(w, &w->routers[i]);
		check_neighbours(w, &w->routers[i]);
		check_resolved(w, &w->routers[i]);
		check_shortcuts(w, &w->routers[i]);
	}
}

static void check_spoke(struct world *w, const struct router *r)
{
	struct snapshot_cursor cursor = { 0 };
	struct nhs_view v;
	size_t up = 0;
	char text[IPADDR_TEXT_MAX];

	while (snapshot_next_nhs(r->engine, &cursor, &v)) {
		if (v.status == NHS_VIEW_UP)
			up++;
		else
			world_fail(w, r, "NHS %s is not up: %s", ipaddr_format(&v.addr, text),
				   v.reason ? v.reason : "no reason given");
	}
	if (up < w->scenario->hubs)
		world_fail(w, r, "%zu of %zu NHSs are up", up, w->scenario->hubs);
}

static void check_hub(struct world *w, const struct router *r)
{
	bool registered[WORLD_ROUTERS_MAX] = { false };
	struct snapshot_cursor cursor = { 0 };
	struct binding_view b;

	while (snapshot_next_binding(r->engine, &cursor, &b)) {
		const struct router *owner = world_owner(w, &b.dst);

		if (owner && b.kind == BINDING_REGISTERED)
			registered[world_index(w, owner)] = true;
	}
	for (size_t i = w->scenario->hubs; i < w->router_count; i++) {
		if (!registered[i])
			world_fail(w, r, "%s is not registered", w->routers[i].name);
	}
}

static void check_pair(struct world *w, const struct pair *p)
{
	bool direct;
	const bool arrives = traffic_probe(w, p, &direct);

	if (!arrives)
		world_fail(w, &w->routers[p->from], "packets to %s do not arrive", w->routers[p->to].name);
	else if (!direct && w->scenario->phase != 1)
		world_fail(w, &w->routers[p->from], "packets to %s still go through a hub",
			   w->routers[p->to].name);
}

void check_converged(struct world *w)
{
	for (size_t i = 0; i < w->router_count; i++) {
		if (w->routers[i].is_hub)
			check_hub(w, &w->routers[i]);
		else
			check_spoke(w, &w->routers[i]);
	}
	for (size_t i = 0; i < w->pair_count; i++) {
		const struct pair back = { w->pairs[i].to, w->pairs[i].from };

		check_pair(w, &w->pairs[i]);
		check_pair(w, &back);
	}
}
