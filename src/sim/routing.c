/*
 * The routing protocol, as far as NHRP meets it: spokes and hubs are adjacent while both
 * have the other as a neighbour and packets pass; three silent rounds end it. Hubs then
 * know the spokes' LANs. Phase 3: spokes have one summary, through their first adjacent
 * hub. Phase 2: spokes have each other's LANs with the spoke itself as next hop.
 */
#include "sim/world.h"

enum { HEARD_ROUNDS = 3 /* that an adjacency outlasts the last hello */ };

static struct router *spoke_at(struct world *w, size_t i)
{
	return &w->routers[w->scenario->hubs + i];
}

static bool hear_each_other(const struct router *spoke, const struct router *hub)
{
	return spoke->engine && hub->engine && world_reaches(spoke, hub) &&
	       host_neighbour_find(&spoke->host, &hub->addr) && host_neighbour_find(&hub->host, &spoke->addr);
}

static void listen(struct world *w)
{
	for (size_t s = 0; s < w->scenario->spokes; s++) {
		for (size_t h = 0; h < w->scenario->hubs; h++) {
			if (hear_each_other(spoke_at(w, s), &w->routers[h]))
				w->heard[s][h] = HEARD_ROUNDS;
			else if (w->heard[s][h] > 0)
				w->heard[s][h]--;
		}
	}
}

static bool is_adjacent(const struct world *w, size_t s, size_t h)
{
	return w->heard[s][h] > 0;
}

static void want_route(struct world *w, struct router *r, const struct ipprefix *dst, const struct ipaddr *gateway)
{
	const struct host_route *have = host_route_find(&r->host, dst);

	if (!r->engine || (!have && ipaddr_is_none(gateway)) || (have && ipaddr_eq(&have->gateway, gateway)))
		return;
	world_route(w, r, dst, gateway);
}

static void route_hub(struct world *w, size_t h)
{
	for (size_t s = 0; s < w->scenario->spokes; s++) {
		const struct router *spoke = spoke_at(w, s);

		want_route(w, &w->routers[h], &spoke->lan, is_adjacent(w, s, h) ? &spoke->addr : &IPADDR_NONE);
	}
}

static void route_spoke_by_summary(struct world *w, size_t s)
{
	const struct ipprefix all = design_summary();
	const struct ipaddr *gateway = &IPADDR_NONE;

	for (size_t h = 0; h < w->scenario->hubs; h++) {
		/* Half of the spokes prefer the last hub, so that traffic crosses hubs. */
		const size_t preferred = s % 2 ? w->scenario->hubs - 1 - h : h;

		if (ipaddr_is_none(gateway) && is_adjacent(w, s, preferred))
			gateway = &w->routers[preferred].addr;
	}
	want_route(w, spoke_at(w, s), &all, gateway);
}

static bool knows(const struct world *w, size_t s, size_t other)
{
	for (size_t h = 0; h < w->scenario->hubs; h++) {
		if (is_adjacent(w, s, h) && is_adjacent(w, other, h))
			return true;
	}
	return false;
}

static void route_spoke_by_lans(struct world *w, size_t s)
{
	for (size_t other = 0; other < w->scenario->spokes; other++) {
		const struct router *o = spoke_at(w, other);

		if (other != s)
			want_route(w, spoke_at(w, s), &o->lan, knows(w, s, other) ? &o->addr : &IPADDR_NONE);
	}
}

void routing_round(struct world *w)
{
	listen(w);
	for (size_t h = 0; h < w->scenario->hubs; h++)
		route_hub(w, h);
	for (size_t s = 0; s < w->scenario->spokes; s++) {
		if (w->scenario->phase == 3)
			route_spoke_by_summary(w, s);
		else
			route_spoke_by_lans(w, s);
	}
}
