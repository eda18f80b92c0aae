/*
 * rib: the engine's own copy of one overlay VRF's routing table, with longest match and
 * walks over the more specific routes inside a prefix. Fed by EVENT_ROUTE.
 *
 * The router's own addresses are kept apart: they may share a prefix with a route.
 */
#ifndef DMVPN_ENGINE_RIB_H
#define DMVPN_ENGINE_RIB_H

#include "base/ipaddr.h"
#include "base/tree.h"
#include "engine/event.h"

struct route {
	struct tree_node node;
	struct ipprefix dst;
	struct ipaddr gateway; /* IP_NONE: connected */
	bool via_tunnel;
	uint32_t tunnel;
	size_t more_count; /* further next hops of a multipath route */
	struct route_hop more[ROUTE_HOPS_MORE_MAX];
	bool held;       /* hold.h: the shortcut table has it too … */
	bool withdrawn;  /* … and only that: routing has it no more */
	uint32_t holder; /* the tunnel through which it is held */
};

struct rib {
	uint32_t vrf;
	struct tree routes, locals;
	size_t v4_lengths[33], v6_lengths[129]; /* routes of each length: only these are tried */
};

void rib_init(struct rib *r, uint32_t vrf);
void rib_done(struct rib *r);

/* Adds or replaces; of `route` the node and whether it is held are ignored. */
void rib_set(struct rib *r, const struct route *route);
void rib_del(struct rib *r, const struct ipprefix *dst); /* fine when absent */
void rib_set_local(struct rib *r, const struct ipprefix *addr);
void rib_del_local(struct rib *r, const struct ipprefix *addr);
bool rib_is_local(const struct rib *r, const struct ipaddr *addr);

/* Longest route that contains addr and is no longer than max_len; NULL: none. */
const struct route *rib_match(const struct rib *r, const struct ipaddr *addr, uint8_t max_len);
const struct route *rib_find(const struct rib *r, const struct ipprefix *dst);
struct route *rib_find_mutable(struct rib *r, const struct ipprefix *dst); /* for hold.c */
/* Some route, in whatever place, has that gateway. */
bool rib_leads_by(const struct rib *r, const struct ipaddr *gateway);
/* Routes strictly inside a prefix, in order; previous NULL starts. NULL: no more. */
const struct route *rib_next_inside(const struct rib *r, const struct ipprefix *prefix,
				    const struct route *previous);

#endif
