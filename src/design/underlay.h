/*
 * underlay: which way a router's own packets take by its static routes and connected subnets, as
 * far as the file says it. Private to src/design.
 */
#ifndef DMVPN_DESIGN_UNDERLAY_H
#define DMVPN_DESIGN_UNDERLAY_H

#include "design/design.h"

struct way {
	const struct config_interface *out;
	const struct config_route *route; /* NULL: connected, or given by DHCP */
	uint8_t len;                      /* of the prefix that was matched */
};

enum { WAYS_MAX = 8 };

/* The best ways to the address in that VRF: longest prefix, then lowest distance. Answers how many. */
size_t underlay_ways(const struct config *c, uint32_t vrf, const struct ipaddr *to, struct way out[WAYS_MAX]);
/* The interface that a gateway is behind, in that VRF; NULL. */
const struct config_interface *underlay_behind(const struct config *c, uint32_t vrf, const struct ipaddr *gateway);
/* The file says what its ports are; excerpts that show tunnels only do not. */
bool underlay_shown(const struct config *c);
/* No VRF between the tunnel's inside and its outside: overlay routes catch its own packets. */
static inline bool one_table(const struct design_member *m)
{
	return m->tunnel->vrf == m->interface->vrf;
}

#endif
