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

/* A clock that stood has not seen what happened before the router woke. */
static struct instant last_known(const struct router *r, struct instant at)
{
	return !instant_is_never(r->woke) && instant_before(at, r->woke) ? r->woke : at;
}

/*
 * Nobody refreshes what belongs to a router that is gone: what it registered must be gone a
 * hold time after the last message has come, what others learnt about it at most a second hold time after that.
 */
static void check_dead_owner(struct world *w, const struct router *r, const struct binding_view *b)
{
	const struct router *owner = world_owner(w, &b->dst);
	const int64_t hold_times = b->kind == BINDING_REGISTERED ? 1 : 2;
	struct instant end;

	if (!owner || owner->engine || (b->kind != BINDING_REGISTERED && b->kind != BINDING_CACHED))
		return;
	end = instant_add(last_known(r, owner->died), span_us(hold_times * w->scenario->holdtime_s * 1000000));
	end = instant_add(instant_add(instant_add(end, w->scenario->delay_most), w->scenario->slow), grace);
	if (instant_before(end, w->now))
		fail_binding(w, r, b, "outlives the router it belongs to");
}

/* Whether the router has this NBMA address, or had it so lately that r may not know. */
static bool is_nbma_of(const struct world *w, const struct router *r, const struct router *owner,
		       const struct ipaddr *nbma)
{
	const struct span known = span_us(2 * (int64_t)w->scenario->holdtime_s * 1000000 + grace.us);

	for (size_t u = 0; u < w->scenario->uplinks; u++) {
		if (ipaddr_eq(&owner->uplinks[u].nbma, nbma))
			return true;
		if (ipaddr_eq(&owner->uplinks[u].former, nbma) &&
		    instant_since(w->now, last_known(r, owner->moved)).us <= known.us)
			return true;
	}
	return false;
}

static void check_owner(struct world *w, const struct router *r, const struct binding_view *b)
{
	const struct router *owner = world_router_of_addr(w, &b->via);

	if (b->kind != BINDING_REGISTERED && b->kind != BINDING_CACHED && b->kind != BINDING_NHS)
		return;
	if (owner && !ipaddr_is_none(&b->nbma.addr) && !is_nbma_of(w, r, owner, &b->nbma.addr))
		fail_binding(w, r, b, "points to a stranger");
}

/* What leans on an NHS dies with it: that is what keeps a dead hub from swallowing traffic. While none in that tunnel is
 * up, one whose path is alive will do. */
static void check_leaning(struct world *w, const struct router *r, const struct binding_view *b)
{
	struct snapshot_cursor cursor = { 0 };
	struct nhs_view v;
	bool leans_on_dead = false, leans_on_down = false, any_up = false;

	if (b->kind != BINDING_INCOMPLETE || ipaddr_is_none(&b->leans_on))
		return;
	while (snapshot_next_nhs(r->engine, &cursor, &v)) {
		const bool it = ipaddr_eq(&v.addr, &b->leans_on);

		any_up |= v.tunnel == b->tunnel && v.status == NHS_VIEW_UP;
		leans_on_down |= it && v.status != NHS_VIEW_UP;
		leans_on_dead |= it && v.status != NHS_VIEW_UP && !(v.path && (strcmp(v.path, "ALIVE") == 0 || strcmp(v.path, "DOUBTED") == 0));
	}
	if (leans_on_dead || (leans_on_down && any_up))
		fail_binding(w, r, b, "leans on an NHS that is not up");
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
	if (r->sent > (r->is_hub ? w->scenario->hub_storm_per_s : w->scenario->storm_per_s))
		world_fail(w, r, "sends more than %u messages in a second", r->sent - 1);
}

/* Notes that the owner was seen since begin_seen(); true: he was before. */
static void begin_seen(struct world *w)
{
	w->seen_mark++;
}

static bool is_seen_again(struct world *w, const struct router *owner)
{
	uint32_t *const seen = &w->seen[world_index(w, owner)];
	const bool before = *seen == w->seen_mark;

	*seen = w->seen_mark;
	return before;
}

static bool is_registered_address(const struct binding_view *b)
{
	return b->kind == BINDING_REGISTERED && b->dst.len == ip_family_bits((enum ip_family)b->dst.addr.family);
}

/* While a spoke is being resolved, its neighbour entry may point to a hub; so may that of a
 * hub which is no NHS for now. */
static bool points_right(struct world *w, const struct router *r, const struct router *owner,
			 const struct host_peer *p)
{
	const struct router *target = world_router_of_nbma(w, &p->nbma);

	const bool asks = !r->is_hub || w->scenario->nhs_connections > 0;

	return is_nbma_of(w, r, owner, &p->nbma) || (target && target->is_hub && asks && (!owner->is_hub || r->changes > 0));
}

static void check_neighbours(struct world *w, const struct router *r)
{
	for (size_t i = 0; i < r->host.neighbours.count; i++) {
		const struct host_neighbour *n = table_at(&r->host.neighbours, i);
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

	for (size_t i = 0; i < r->host.neighbours.count; i++)
		n += !((const struct host_neighbour *)table_at(&r->host.neighbours, i))->left;
	return n;
}

/* 1 when the binding is one that a neighbour entry comes of. */
static size_t check_resolved(struct world *w, const struct router *r, const struct binding_view *b)
{
	const struct host_neighbour *const n = host_neighbour_find(&r->host, &b->dst.addr);

	if (!(b->nhop || b->temporary) || !is_host_prefix(&b->dst))
		return 0;
	if (!n || n->left || n->peer != b->peer)
		fail_binding(w, r, b, "is not what the neighbour says");
	return 1;
}

/* ---- the shortcut table is what the engine's bindings and the main table make it */

static bool is_hole(const struct host_route *s)
{
	return ipaddr_is_none(&s->gateway);
}

/* Each binding has its shortcut … (two tunnels may have learnt the same network) */
static void check_learnt(struct world *w, const struct router *r, const struct binding_view *b)
{
	const struct host_route *const s = b->rib ? host_route_find(&r->host.shortcuts, &b->dst) : NULL;

	if (b->rib && (!s || is_hole(s)))
		fail_binding(w, r, b, "has no shortcut");
}

/* … and each shortcut its binding, or it is a route that is held, for no longer than it may. */
static bool is_held(const struct world *w, const struct router *r, const struct host_route *s)
{
	struct ipaddr gateway;
	struct instant until;

	return snapshot_held(r->engine, 0, &s->dst, &gateway, &until) && ipaddr_eq(&gateway, &s->gateway) &&
	       !instant_before(instant_add(router_now(w, r), span_s(w->scenario->route_hold_s)), until);
}

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
	for (uint8_t len = 0; len < dst->len; len++) {
		const struct host_route *s;
		struct ipprefix wide;

		if (r->host.shortcuts.lengths[len] == 0)
			continue;
		wide = ipprefix_make(&dst->addr, len);
		s = host_route_find(&r->host.shortcuts, &wide);
		if (s && !is_hole(s) && !s->left)
			return true;
	}
	return false;
}

static void check_shortcut(struct world *w, const struct router *r, const struct host_route *s)
{
	char text[IPPREFIX_TEXT_MAX];

	if (s->left)
		return;
	if (!is_hole(s) && !is_learnt(r, s) && !is_held(w, r, s))
		world_fail(w, r, "shortcut %s without a binding", ipprefix_format(&s->dst, text));
	if (is_hole(s) && (!host_route_find(&r->host.routes, &s->dst) || !has_wider_shortcut(r, &s->dst)))
		world_fail(w, r, "hole %s without a reason", ipprefix_format(&s->dst, text));
}

static void check_shortcuts(struct world *w, const struct router *r)
{
	const size_t count = host_route_count(&r->host.shortcuts);
	char text[IPPREFIX_TEXT_MAX];

	for (size_t i = 0; i < count; i++)
		check_shortcut(w, r, host_route_at(&r->host.shortcuts, i));
	for (size_t i = 0; count > 0 && i < host_route_count(&r->host.routes); i++) {
		const struct ipprefix *dst = &host_route_at(&r->host.routes, i)->dst;

		if (has_wider_shortcut(r, dst) && !host_route_find(&r->host.shortcuts, dst))
			world_fail(w, r, "route %s is hidden by a shortcut", ipprefix_format(dst, text));
	}
}

/* ---- all of it */

static void check_binding(struct world *w, const struct router *r, const struct binding_view *b)
{
	if (!instant_is_never(b->expires) && instant_before(instant_add(b->expires, grace), router_now(w, r)))
		fail_binding(w, r, b, "outlives its hold time");
	check_owner(w, r, b);
	check_leaning(w, r, b);
	check_dead_owner(w, r, b);
	check_learnt(w, r, b);
}

/* Bindings come tunnel by tunnel, and in each an address has one owner. */
static void check_bindings(struct world *w, const struct router *r)
{
	struct snapshot_cursor cursor = { 0 };
	struct binding_view b;
	uint32_t tunnel = UINT32_MAX;
	size_t resolved = 0;

	while (!w->result->failed && snapshot_next_binding(r->engine, &cursor, &b)) {
		const struct router *owner = is_registered_address(&b) ? world_owner(w, &b.dst) : NULL;

		if (b.tunnel != tunnel)
			begin_seen(w);
		tunnel = b.tunnel;
		if (owner && is_seen_again(w, owner))
			fail_binding(w, r, &b, "is a second owner of its address");
		check_binding(w, r, &b);
		resolved += check_resolved(w, r, &b);
	}
	if (resolved != count_neighbours(r))
		world_fail(w, r, "%zu neighbours for %zu bindings", count_neighbours(r), resolved);
}

void check_round(struct world *w)
{
	for (size_t i = 0; i < w->router_count && !w->result->failed; i++) {
		struct router *const r = &w->routers[i];

		if (!r->engine || r->sleeps > 0)
			continue;
		check_bindings(w, r);
		check_neighbours(w, r);
		check_shortcuts(w, r);
	}
}

/* ---- growth */

void check_growth_begins(struct world *w)
{
	for (size_t i = 0; i < w->router_count; i++) {
		if (w->routers[i].engine)
			snapshot_sizes(w->routers[i].engine, &w->routers[i].sizes);
	}
}

/* What the same network in the same state holds: what differs was forgotten to be freed. Pairs talk
 * on, so what they need may differ by one of each for every router that talks. */
static void compare(struct world *w, const struct router *r, const char *what, size_t before, size_t now)
{
	const size_t slack = 2;

	if (now > before + slack)
		world_fail(w, r, "had %zu %s, and has %zu", before, what, now);
}

void check_growth(struct world *w)
{
	for (size_t i = 0; i < w->router_count; i++) {
		const struct router *const r = &w->routers[i];
		struct engine_sizes now;

		if (!r->engine)
			continue;
		snapshot_sizes(r->engine, &now);
#define COMPARE(name) compare(w, r, #name, r->sizes.name, now.name);
		ENGINE_SIZES(COMPARE)
#undef COMPARE
	}
}

/* ---- when all is well */

/* Of the NHSs that a spoke is to be registered with. */
static size_t count_wanted(const struct world *w, const struct router *spoke)
{
	size_t wanted = 0;

	for (size_t l = 0; l < w->link_count; l++)
		wanted += design_is_wanted(w, spoke, design_link_hub(w, l), design_link_tunnel(w, l));
	return wanted;
}

static bool is_up_everywhere(const struct world *w, const struct router *spoke)
{
	struct snapshot_cursor cursor = { 0 };
	struct nhs_view v;
	size_t up = 0;

	while (spoke->engine && snapshot_next_nhs(spoke->engine, &cursor, &v))
		up += v.status == NHS_VIEW_UP;
	return up == count_wanted(w, spoke);
}

void check_registered(struct world *w)
{
	const struct span boot = w->scenario->boot;
	bool all = instant_is_never(w->result->registered);

	for (size_t s = w->scenario->hubs; all && s < w->router_count; s++)
		all = is_up_everywhere(w, &w->routers[s]);
	if (all)
		w->result->registered = w->now;
	if (boot.us > 0 && instant_is_never(w->result->registered) && instant_since(w->now, INSTANT_ZERO).us >= boot.us)
		world_fail(w, &w->routers[0], "not all spokes are registered yet");
}

static bool is_wanted(struct world *w, const struct router *r, const struct nhs_view *v)
{
	const struct router *const hub = world_router_of_addr(w, &v->addr);

	return r->is_hub || (hub && design_is_wanted(w, r, world_index(w, hub), v->tunnel));
}

/* Registered with whom it should be, and not with who is to stand by. */
static void check_nhss(struct world *w, const struct router *r, size_t wanted)
{
	struct snapshot_cursor cursor = { 0 };
	struct nhs_view v;
	size_t up = 0;
	char text[IPADDR_TEXT_MAX];

	while (snapshot_next_nhs(r->engine, &cursor, &v)) {
		up += v.status == NHS_VIEW_UP;
		if (is_wanted(w, r, &v) ? v.status != NHS_VIEW_UP : !v.standby)
			world_fail(w, r, "NHS %s is not %s: %s", ipaddr_format(&v.addr, text), is_wanted(w, r, &v) ? "up" : "standing by",
				   v.reason ? v.reason : "no reason given");
	}
	if (up != wanted)
		world_fail(w, r, "%zu NHSs are up instead of %zu", up, wanted);
}

static bool is_spoke_of(const struct world *w, const struct router *spoke, size_t hub)
{
	bool is = false;

	for (size_t l = hub; l < w->link_count; l += w->scenario->hubs)
		is |= design_is_wanted(w, spoke, hub, design_link_tunnel(w, l));
	return is;
}

/* A hub without room for all has as many as it has room for. */
static void check_hub(struct world *w, const struct router *r)
{
	const size_t room = w->scenario->hub_bindings_max;
	struct snapshot_cursor cursor = { 0 };
	struct binding_view b;
	size_t count = 0;

	begin_seen(w);
	while (snapshot_next_binding(r->engine, &cursor, &b)) {
		const struct router *owner = is_registered_address(&b) ? world_owner(w, &b.dst) : NULL;

		count += owner && !is_seen_again(w, owner);
	}
	for (size_t i = w->scenario->hubs; i < w->router_count && room == 0; i++) {
		const bool is = w->seen[i] == w->seen_mark;

		if (is != is_spoke_of(w, &w->routers[i], world_index(w, r)))
			world_fail(w, r, "%s is%s registered", w->routers[i].name, is ? " still" : " not");
	}
	if (w->scenario->nhs_connections > 0)
		check_nhss(w, r, (w->scenario->hubs - 1) * w->scenario->uplinks);
	if (room > 0 && count != (room < w->scenario->spokes ? room : w->scenario->spokes))
		world_fail(w, r, "has %zu clients and room for %zu", count, room);
}

static void check_pair(struct world *w, size_t from, size_t to)
{
	bool direct;
	const bool arrives = traffic_probe(w, from, to, &direct);

	if (!arrives)
		world_fail(w, &w->routers[from], "packets to %s do not arrive",
			   to == CENTRE ? "the centre" : w->routers[to].name);
	else if (!direct && w->scenario->phase != 1 && w->scenario->spoke_bindings_max == 0)
		world_fail(w, &w->routers[from], "packets to %s still go through a hub", w->routers[to].name);
}

void check_converged(struct world *w)
{
	const bool room = w->scenario->hub_bindings_max == 0 || w->scenario->hub_bindings_max >= w->scenario->spokes;

	for (size_t i = 0; i < w->router_count; i++) {
		if (w->routers[i].is_hub)
			check_hub(w, &w->routers[i]);
		else if (room)
			check_nhss(w, &w->routers[i], count_wanted(w, &w->routers[i]));
	}
	for (size_t i = 0; room && i < w->pair_count; i++) {
		check_pair(w, w->pairs[i].from, w->pairs[i].to);
		if (w->pairs[i].to != CENTRE)
			check_pair(w, w->pairs[i].to, w->pairs[i].from);
	}
}

void check_figures(struct world *w)
{
	const struct scenario *const s = w->scenario;
	const struct sim_result *const out = w->result;

	if (s->outage_p95.us > 0 && out->outage_p95.us > s->outage_p95.us)
		world_fail(w, &w->routers[0], "95 of 100 outages last no longer than %lld ms, which is too long",
			   (long long)out->outage_p95.us / 1000);
	if (s->bfd_second_max > 0 && out->bfd_second_max > s->bfd_second_max)
		world_fail(w, &w->routers[0], "some router has %llu packets of BFD in a second", (unsigned long long)out->bfd_second_max);
}
