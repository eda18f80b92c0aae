/*
 * forwarding: messages for others, as a transit NHS passes them on (RFC 2332 5.3).
 */
#ifndef DMVPN_ENGINE_FORWARDING_H
#define DMVPN_ENGINE_FORWARDING_H

#include "engine/tunnel.h"

struct next_hop {
	struct overlay *overlay; /* by which tunnel */
	struct endpoint nbma;
};

enum way {
	WAY_NONE,    /* nobody knows */
	WAY_FORWARD, /* *hop is set */
	WAY_EGRESS,  /* the route leaves the DMVPN here: we answer */
	WAY_STATIC,  /* a static map of somebody who may not speak NHRP: we answer for him */
};

/* Where a message about dst goes from here, when it came from `from`. */
enum way forwarding_way(struct overlay *o, const struct ipaddr *dst, const struct endpoint *from,
			const struct nhrp_message *m, struct next_hop *hop);
/* Passes a message on: hop count, loop check, transit record, authentication, NAT. */
void forwarding_send(struct overlay *o, const struct endpoint *from, const struct nhrp_message *m,
		     const struct next_hop *hop);
/* A reply, purge or error for somebody else: forwarded, or dropped and counted. */
void forwarding_other(struct overlay *o, const struct endpoint *from, const struct nhrp_message *m,
		      const struct ipaddr *dst);

#endif
