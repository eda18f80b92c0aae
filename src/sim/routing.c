/*
 * The routing protocol, as far as NHRP meets it: spokes and hubs are adjacent while both
 * have the other as a neighbour and packets pass; three silent rounds end it. Hubs then
 * know the spokes' LANs. Phase 3: spokes have one summary, through their first adjacent
 * hub. Phase 2: spokes have each other's LANs with the spoke itself as next hop. Design 1 goes
 * the same way, by the tunnel of the hub in question: primary and backup by metric.
 */
#include "sim/world.h"

enum { HEARD_ROUNDS = 3 /* that an adjacency outlasts the last hello */ };

static struct router *spoke_at(struct world *w, size_t i)
{
	return &w->routers[w->scenario->hubs + i];
}

static bool host_reaches(const struct router *r, const struct router *other, uint32_t tunnel)
{
	return r->host.point_to_point || host_neighbour_find(&r->host, &other->addrs[tunnel]);
}

static bool hear_each_other(const struct world *w, const struct router *spoke, const struct router *hub)
{
	return spoke->forwards && hub->forwards && world_reaches(w, spoke, hub) && world_reaches(w, hub, spoke) &&
	       host_reaches(spoke, hub, hub->tunnel_first) && host_reaches(hub, spoke, hub->tunnel_first);
}

/* A hello from somebody whom the hub's data path does not know. */
static void tell_stranger(struct world *w, const struct router *spoke, struct router *hub)
{
	const uint32_t tunnel = hub->tunnel_first;

	if (!spoke->forwards || !host_reaches(spoke, hub, tunnel) || !world_reaches(w, spoke, hub) ||
	    host_peer_of(&hub->host, tunnel, &spoke->nbma) != PEER_NONE)
		return;
	world_tell(w, hub, &(struct event){
		.type = EVENT_STRANGER, .tunnel = tunnel,
		.stranger = { .from = { .addr = spoke->nbma }, .addr = spoke->addrs[tunnel] } });
}

static void listen(struct world *w)
{
	for (size_t s = 0; s < w->scenario->spokes; s++) {
		for (size_t h = 0; h < w->scenario->hubs; h++) {
			if (hear_each_other(w, spoke_at(w, s), &w->routers[h]))
				w->heard[s][h] = HEARD_ROUNDS;
			else if (w->heard[s][h] > 0)
				w->heard[s][h]--;
			tell_stranger(w, spoke_at(w, s), &w->routers[h]);
		}
	}
}

static bool is_adjacent(const struct world *w, size_t s, size_t h)
{
	return w->heard[s][h] > 0;
}

static void want_route(struct world *w, struct router *r, uint32_t tunnel, const struct ipprefix *dst,
		       const struct ipaddr *gateway)
{
	const struct host_route *have = host_route_find(&r->host, dst);

	if (!r->forwards || (!have && ipaddr_is_none(gateway)) || (have && ipaddr_eq(&have->gateway, gateway)))
		return;
	world_route(w, r, tunnel, dst, gateway);
}

static void route_hub(struct world *w, size_t h)
{
	const uint32_t tunnel = w->routers[h].tunnel_first;

	for (size_t s = 0; s < w->scenario->spokes; s++) {
		const struct router *spoke = spoke_at(w, s);

		want_route(w, &w->routers[h], tunnel, &spoke->lan,
			   is_adjacent(w, s, h) ? &spoke->addrs[tunnel] : &IPADDR_NONE);
	}
}

/* Half of the spokes prefer the last hub, so that traffic crosses hubs. */
static size_t preferred(const struct world *w, size_t s, size_t rank)
{
	return s % 2 ? w->scenario->hubs - 1 - rank : rank;
}

/* The best hub that the spoke, and the other one too, is adjacent to; false: none. */
static bool best_hub(const struct world *w, size_t s, size_t other, size_t *out)
{
	for (size_t rank = 0; rank < w->scenario->hubs; rank++) {
		*out = preferred(w, s, rank);
		if (is_adjacent(w, s, *out) && is_adjacent(w, other, *out))
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
	const struct ipaddr upper = ipaddr_v4(ipaddr_to_v4(&lan->addr) + 128);

	return ipprefix_make(&upper, 25);
}

static void route_spoke_by_summary(struct world *w, size_t s)
{
	const struct ipprefix all = design_summary(), stray = stray_part(w, s);
	size_t h;
	const bool any = best_hub(w, s, s, &h);
	const uint32_t tunnel = w->routers[h].tunnel_first;

	want_route(w, spoke_at(w, s), tunnel, &all, any ? &w->routers[h].addrs[tunnel] : &IPADDR_NONE);
	want_route(w, spoke_at(w, s), tunnel, &stray, any ? &w->routers[h].addrs[tunnel] : &IPADDR_NONE);
}

static void route_spoke_by_lans(struct world *w, size_t s)
{
	for (size_t other = 0; other < w->scenario->spokes; other++) {
		const struct router *o = spoke_at(w, other);
		size_t h;
		const bool any = best_hub(w, s, other, &h);
		const uint32_t tunnel = w->routers[h].tunnel_first;

		if (other != s)
			want_route(w, spoke_at(w, s), tunnel, &o->lan, any ? &o->addrs[tunnel] : &IPADDR_NONE);
	}
}

void routing_round(struct world *w)
{
	listen(w);
	for (size_t h = 0; h < w->scenario->hubs; h++)
		route_hub(w, h);
	for (size_t s = 0; s < w->scenario->spokes; s++) {
		if (w->scenario->phase == 2)
			route_spoke_by_lans(w, s);
		else
			route_spoke_by_summary(w, s);
	}
}
