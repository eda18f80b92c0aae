/*
 * partner: another hub, whose spokes are not in our tunnel (`ip nhrp redirect partner`). Traffic
 * of our spokes that is routed to it, over whatever lies between the hubs, goes on into its
 * tunnel: so they are told of the shorter way, and what they ask is passed on to it.
 */
#ifndef DMVPN_ENGINE_PARTNER_H
#define DMVPN_ENGINE_PARTNER_H

#include "engine/tunnel.h"

struct partner {
	struct ipaddr next_hop;
	struct peer *peer; /* held; NULL while its name does not resolve */
};

/* Brings the list in line with configuration and names. */
void partners_apply(struct overlay *o);
void partners_drop(struct overlay *o);
void partners_free(struct overlay *o); /* without effects */
/* The one that a route leads to; NULL: none. r may be NULL. */
const struct partner *partner_of_route(const struct overlay *o, const struct route *r);

#endif
