/*
 * The routing protocol, as far as NHRP meets it: spokes and hubs are adjacent while both
 * have the other as a neighbour and packets pass; three silent rounds end it. Hubs then
 * know the spokes' LANs. Phase 3: spokes have one summary, through their first adjacent
 * hub. Phase 2: spokes have each other's LANs with the spoke itself as next hop. Design 1 goes
 * the same way, by the tunnel of the hub in question: primary and backup by metric.
 *
 * A spoke's ways to hubs are its links: every hub by every uplink. Routes are looked at where an
 * adjacency came or went, or a router began anew. With reaction_ms a router that is told by its engine
 * that the other end is dead ends the adjacency at once, on its own side, and on the other's if packets
 * still get there; routes follow so much later.
 *
 * With headless_ms the first hub is the designated router of an OSPF network, whose death leaves the
 * others without routes until the backup has taken its place.
 */
#include <assert.h>
#include <stdlib.h>

#include "sim/session.h"
#include "sim/world.h"

enum { HEARD_ROUNDS = 3 /* that an adjacency outlasts the last hello */ };

static struct router *spoke_at(struct world *w, size_t i)
{
	return &w->routers[w->scenario->hubs + i];
}

static struct router *hub_of(struct world *w, size_t link)
{
	return &w->routers[design_link_hub(w, link)];
}

/* ---- which LANs a spoke wants in phase 2: all, or those of whom it talks to */

static void count_wanted(struct world *w, size_t *first)
{
	for (size_t i = 0; i < w->scenario->pairs; i++) {
		first[w->pairs[i].from - w->scenario->hubs + 1]++;
		first[w->pairs[i].to - w->scenario->hubs + 1]++;
	}
	for (size_t s = 0; s < w->scenario->spokes; s++)
		first[s + 1] += first[s];
}

static void list_wanted(struct world *w)
{
	const size_t hubs = w->scenario->hubs, spokes = w->scenario->spokes;
	size_t *const next = calloc(spokes + 2, sizeof *next);

	w->wanted_first = calloc(spokes + 1, sizeof *w->wanted_first);
	w->wanted_lans = calloc(2 * w->pair_count + 1, sizeof *w->wanted_lans);
	assert(next && w->wanted_first && w->wanted_lans);
	count_wanted(w, w->wanted_first);
	for (size_t s = 0; s < spokes; s++)
		next[s] = w->wanted_first[s];
	for (size_t i = 0; i < w->scenario->pairs; i++) {
		w->wanted_lans[next[w->pairs[i].from - hubs]++] = w->pairs[i].to - hubs;
		w->wanted_lans[next[w->pairs[i].to - hubs]++] = w->pairs[i].from - hubs;
	}
	free(next);
}

void routing_init(struct world *w)
{
	w->adjacencies = calloc(w->scenario->spokes, sizeof *w->adjacencies);
	w->reroute = calloc(w->router_count, sizeof *w->reroute);
	w->headless = calloc(w->scenario->spokes, sizeof *w->headless);
	assert(w->adjacencies && w->reroute && w->headless);
	if (!w->scenario->all_routes)
		list_wanted(w);
}

void routing_done(struct world *w)
{
	free(w->adjacencies);
	free(w->reroute);
	free(w->headless);
	free(w->wanted_first);
	free(w->wanted_lans);
}

/* ---- adjacencies */

/* Hellos go where the neighbour entry says, which may be where the other one was; a hub passes them on. */
static bool host_reaches(struct world *w, const struct router *r, const struct router *other, uint32_t tunnel)
{
	const struct ipaddr addr = design_addr(w, other, tunnel);
	const struct host_neighbour *const n = host_neighbour_find(&r->host, &addr);
	const struct host_peer *const p = n ? host_peer_find(&r->host, n->peer) : NULL;
	const struct router *const to = p ? world_router_of_nbma(w, &p->nbma) : NULL;

	return r->host.point_to_point || to == other || (to && to->is_hub);
}

static bool hears(struct world *w, const struct router *r, const struct router *other, uint32_t tunnel)
{
	return world_reaches(w, other, r, design_uplink(w, tunnel)) && host_reaches(w, other, r, tunnel) &&
	       session_carries(w, other, r, tunnel);
}

static bool hear_each_other(struct world *w, const struct router *spoke, const struct router *hub, uint32_t tunnel)
{
	return router_is_awake(spoke) && router_is_awake(hub) && hears(w, spoke, hub, tunnel) && hears(w, hub, spoke, tunnel);
}

/* A hello from somebody whom the hub's data path does not know. */
static void tell_stranger(struct world *w, const struct router *spoke, struct router *hub, uint32_t tunnel)
{
	const struct ipaddr from = spoke->uplinks[design_uplink(w, tunnel)].nbma;

	if (!router_is_awake(spoke) || hub->sleeps > 0 || host_peer_of(&hub->host, tunnel, &from) != PEER_NONE ||
	    !hears(w, hub, spoke, tunnel))
		return;
	world_tell(w, hub, &(struct event){
		.type = EVENT_STRANGER, .tunnel = tunnel,
		.stranger = { .from = { .addr = from }, .addr = design_addr(w, spoke, tunnel) } });
}

/* Hubs have routes of each other's spokes. */
static bool hubs_share(const struct world *w)
{
	return w->scenario->partners || w->scenario->nhs_connections > 0;
}

/* As the spoke sees it. */
static bool has_hub(const struct world *w, size_t s, size_t link)
{
	return w->adjacencies[s][link].spoke_rounds > 0;
}

static bool is_headless(const struct world *w, size_t s)
{
	return instant_before(w->now, w->headless[s]);
}

static void adjacency_changed(struct world *w, size_t s, size_t link)
{
	if (w->scenario->headless.us > 0 && design_link_hub(w, link) == 0 && !has_hub(w, s, link)) {
		w->headless[s] = instant_add(w->now, w->scenario->headless);
		world_add(w, w->scenario->headless, HAPPENS_REACTION, 0);
	}
	w->reroute[world_index(w, spoke_at(w, s))] = true;
	for (size_t h = 0; h < w->scenario->hubs; h++)
		w->reroute[h] |= h == design_link_hub(w, link) || hubs_share(w);
	/* In phase 2 what a hub knows decides what all spokes have. */
	for (size_t i = 0; w->scenario->phase == 2 && i < w->scenario->spokes; i++)
		w->reroute[w->scenario->hubs + i] = true;
}

/* true: it came or went. */
static bool hear(uint8_t *rounds, bool heard)
{
	const bool before = *rounds > 0;

	if (heard)
		*rounds = HEARD_ROUNDS;
	else if (*rounds > 0)
		--*rounds;
	return before != (*rounds > 0);
}

static void listen_on(struct world *w, size_t s, size_t link)
{
	const uint32_t tunnel = design_link_tunnel(w, link);
	struct adjacency *const a = &w->adjacencies[s][link];
	bool heard, spoke_changed, hub_changed;

	if (!design_has_link(w, spoke_at(w, s), link))
		return;
	heard = hear_each_other(w, spoke_at(w, s), hub_of(w, link), tunnel);
	spoke_changed = hear(&a->spoke_rounds, heard);
	hub_changed = hear(&a->hub_rounds, heard);
	if (spoke_changed || hub_changed)
		adjacency_changed(w, s, link);
	tell_stranger(w, spoke_at(w, s), hub_of(w, link), tunnel);
}

static void listen(struct world *w)
{
	for (size_t s = 0; s < w->scenario->spokes; s++) {
		for (size_t l = 0; l < w->link_count; l++)
			listen_on(w, s, l);
	}
}

/* As the hub sees it, and tells. */
static bool has_spoke(const struct world *w, size_t s, size_t link)
{
	return w->adjacencies[s][link].hub_rounds > 0;
}

/* The place of the link between the two in that tunnel; false: there is none. */
static bool find_link(struct world *w, const struct router *hub, uint32_t tunnel, size_t *link)
{
	for (*link = 0; *link < w->link_count; ++*link) {
		if (hub_of(w, *link) == hub && design_link_tunnel(w, *link) == tunnel)
			return true;
	}
	return false;
}

void routing_told(struct world *w, const struct router *r, const struct effect *e)
{
	const struct router *const other = world_router_of_addr(w, &e->routing.addr);
	size_t link, s;
	struct adjacency *a;

	if (w->scenario->reaction.us == 0 || e->routing.says != ROUTING_DEAD || !other || other->is_hub == r->is_hub ||
	    !find_link(w, r->is_hub ? r : other, e->tunnel, &link))
		return;
	s = world_index(w, r->is_hub ? other : r) - w->scenario->hubs;
	a = &w->adjacencies[s][link];
	*(r->is_hub ? &a->hub_rounds : &a->spoke_rounds) = 0;
	/* What ends a session on one side is told to the other, if packets get there. */
	if (router_is_awake(other) && world_reaches(w, r, other, design_uplink(w, e->tunnel)) &&
	    session_carries(w, r, other, e->tunnel))
		*a = (struct adjacency){ 0 };
	adjacency_changed(w, s, link);
	world_add(w, w->scenario->reaction, HAPPENS_REACTION, 0);
}

/* ---- routes */

static void want_route(struct world *w, struct router *r, const struct host_route *x)
{
	const struct host_route *have = host_route_find(&r->host.routes, &x->dst);

	if ((!have && ipaddr_is_none(&x->gateway)) || (have && ipaddr_eq(&have->gateway, &x->gateway)))
		return;
	world_route(w, r, x);
}

/* To all that is behind a spoke the same way. */
static void want_way(struct world *w, struct router *r, const struct router *spoke, const struct host_route *way)
{
	struct host_route x = *way;

	x.dst = spoke->lan;
	want_route(w, r, &x);
	for (size_t i = 0; i < w->scenario->prefixes; i++) {
		x.dst = design_prefix(w, spoke, i);
		want_route(w, r, &x);
	}
}

/* The first other hub that the spoke is adjacent to; NULL: none, or hubs do not tell each other. */
static struct router *other_hub(struct world *w, size_t h, size_t s, uint32_t *tunnel)
{
	for (size_t l = 0; hubs_share(w) && l < w->link_count; l++) {
		*tunnel = design_link_tunnel(w, l);
		if (has_spoke(w, s, l) && design_link_hub(w, l) != h)
			return hub_of(w, l);
	}
	return NULL;
}

/* By the first uplink that works; else by another hub: a partner inside, or in the same tunnel, where phase 2 keeps the
 * spoke as the next hop. */
static struct host_route way_of_hub(struct world *w, size_t h, size_t s)
{
	const struct router *const spoke = spoke_at(w, s);
	struct host_route x = { .via_tunnel = true, .tunnel = w->routers[h].tunnel_first };
	const struct router *other;

	for (size_t l = h; l < w->link_count; l += w->scenario->hubs) {
		if (!has_spoke(w, s, l))
			continue;
		x.tunnel = design_link_tunnel(w, l);
		x.gateway = design_addr(w, spoke, x.tunnel);
		return x;
	}
	other = other_hub(w, h, s, &x.tunnel);
	if (other && w->scenario->partners)
		return (struct host_route){ .gateway = other->lan_host };
	if (other)
		x.gateway = design_addr(w, w->scenario->phase == 2 ? spoke : other, x.tunnel);
	return x;
}

static void route_hub(struct world *w, size_t h)
{
	for (size_t s = 0; s < w->scenario->spokes; s++) {
		const struct host_route way = way_of_hub(w, h, s);

		want_way(w, &w->routers[h], spoke_at(w, s), &way);
	}
}

/* All prefer the first uplink, and by it half of the spokes the last hub, so that traffic crosses hubs. */
static size_t preferred(const struct world *w, size_t s, size_t rank)
{
	const size_t hubs = w->scenario->hubs;

	return s % 2 ? rank / hubs * hubs + hubs - 1 - rank % hubs : rank;
}

/* Whether what that link's hub announces contains the other one. */
static bool announces(const struct world *w, size_t other, size_t link)
{
	bool any = has_spoke(w, other, link);

	for (size_t l = 0; hubs_share(w) && l < w->link_count; l++)
		any |= has_spoke(w, other, l) && design_link_tunnel(w, l) == design_link_tunnel(w, link);
	return any;
}

/* The best link whose hub announces the other one; false: none. */
static bool best_link(const struct world *w, size_t s, size_t other, size_t *out)
{
	for (size_t rank = 0; rank < w->link_count; rank++) {
		*out = preferred(w, s, rank);
		if (has_hub(w, s, *out) && (other == s || announces(w, other, *out)))
			return true;
	}
	*out = 0;
	return false;
}

/* A part of the next spoke's LAN that is said to be somewhere else: it comes and goes with the
 * hub, and no shortcut for the whole LAN may hide it. */
static struct ipprefix stray_part(const struct world *w, size_t s)
{
	const struct ipprefix *lan = &w->routers[w->scenario->hubs + (s + 1) % w->scenario->spokes].lan;
	const uint8_t len = design_len(w, 24);
	struct ipaddr upper = lan->addr;

	upper.bytes[len / 8] |= 0x80;
	return ipprefix_make(&upper, (uint8_t)(len + 1));
}

/* By the best link from s to other, to next_hop in its tunnel, or to the link's hub when NULL; gateway IP_NONE when there
 * is no link. */
static struct host_route way_to(struct world *w, size_t s, size_t other, const struct router *next_hop)
{
	size_t l;
	const bool any = best_link(w, s, other, &l) && !is_headless(w, s);
	struct host_route x = { .via_tunnel = true, .tunnel = design_link_tunnel(w, l) };

	if (any)
		x.gateway = design_addr(w, next_hop ? next_hop : hub_of(w, l), x.tunnel);
	return x;
}

static void route_spoke_by_summary(struct world *w, size_t s)
{
	struct host_route x = way_to(w, s, s, NULL);

	x.dst = design_summary(w, false);
	want_route(w, spoke_at(w, s), &x);
	x.dst = stray_part(w, s);
	want_route(w, spoke_at(w, s), &x);
	x.dst = design_summary(w, true);
	if (w->scenario->prefixes > 0)
		want_route(w, spoke_at(w, s), &x);
}

static void route_to_lan(struct world *w, size_t s, size_t other)
{
	const struct router *const o = spoke_at(w, other);
	const struct host_route way = way_to(w, s, other, o);

	if (other != s)
		want_way(w, spoke_at(w, s), o, &way);
}

static void route_to_centre(struct world *w, size_t s)
{
	const struct ipaddr host = design_centre(w);
	struct host_route x = way_to(w, s, s, NULL);

	x.dst = ipprefix_make(&host, design_len(w, 24));
	want_route(w, spoke_at(w, s), &x);
}

static void route_spoke_by_lans(struct world *w, size_t s)
{
	if (w->scenario->centre > 0)
		route_to_centre(w, s);
	if (w->scenario->all_routes) {
		for (size_t other = 0; other < w->scenario->spokes; other++)
			route_to_lan(w, s, other);
		return;
	}
	for (size_t i = w->wanted_first[s]; i < w->wanted_first[s + 1]; i++)
		route_to_lan(w, s, w->wanted_lans[i]);
}

static void route(struct world *w, size_t i)
{
	const size_t hubs = w->scenario->hubs;

	if (i < hubs)
		route_hub(w, i);
	else if (w->scenario->phase == 2)
		route_spoke_by_lans(w, i - hubs);
	else
		route_spoke_by_summary(w, i - hubs);
}

/* Hubs tell each other inside, at once, which spokes they are adjacent to. */
struct router *routing_hub_towards(struct world *w, size_t spoke)
{
	const size_t s = spoke - w->scenario->hubs;

	for (size_t rank = 0; rank < w->link_count; rank++) {
		const size_t l = preferred(w, s, rank);

		if (has_spoke(w, s, l) && router_is_awake(hub_of(w, l)))
			return hub_of(w, l);
	}
	return NULL;
}

void routing_react(struct world *w)
{
	for (size_t i = 0; i < w->router_count; i++) {
		if (!w->reroute[i] || !router_is_awake(&w->routers[i]))
			continue;
		route(w, i);
		w->routers[i].routed = true;
		w->reroute[i] = i >= w->scenario->hubs && is_headless(w, i - w->scenario->hubs);
	}
}

void routing_round(struct world *w)
{
	listen(w);
	routing_react(w);
}
