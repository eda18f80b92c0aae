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

		if (owner && p && !points_right(w, r, owner, p))
			world_fail(w, r, "neighbour %s points to a stranger", ipaddr_format(&n->addr, text));
	}
}

void check_round(struct world *w)
{
	for (size_t i = 0; i < w->router_count && !w->result->failed; i++) {
		if (!w->routers[i].engine)
			continue;
		check_bindings(w, &w->routers[i]);
		check_neighbours(w, &w->routers[i]);
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
