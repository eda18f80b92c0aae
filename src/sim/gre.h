/*
 * gre: by which of its tunnels a router takes a packet. All that GRE says of that is a key: each
 * tunnel has its own, or with `keyless` none has one. A peer that was met by another key than the tunnel's is sent
 * to with that one: a shortcut leads across tunnels.
 */
#ifndef DMVPN_SIM_GRE_H
#define DMVPN_SIM_GRE_H

#include "sim/world.h"

/* What a packet to that endpoint carries; no key: absent. */
struct foreign_key gre_key(const struct world *w, const struct router *from, uint32_t tunnel, const struct ipaddr *nbma);

/* Data: false, it is dropped. */
bool gre_takes(const struct world *w, const struct router *from, const struct router *to, uint32_t sent_by, uint32_t *tunnel);

/* NHRP: the tunnel, or just one of those that the packet may be for; *foreign says by which key it came when that is not
 * the tunnel's. False: there is no tunnel at all. */
bool gre_takes_nhrp(const struct world *w, const struct router *to, const struct happening *h, uint32_t *tunnel,
		    struct foreign_key *foreign);

#endif
