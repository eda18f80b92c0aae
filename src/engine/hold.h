/*
 * hold: the routes of a tunnel, held for a while when a next hop server of it dies (`nhrp route-hold`).
 *
 * A routing protocol may have no routes at all while it puts itself in order after a hub's death, as
 * OSPF when the hub was the designated router, though the peers behind those routes are there as before.
 * So when an NHS is in doubt, all routes through its tunnel are put into the shortcut table as they
 * are, and once it is dead what routing withdraws stays: in that table, and in the rib, as if it had not been
 * said. A route through somebody who lives that is withdrawn while no NHS is in doubt puts all of them in doubt: others
 * may have noticed a death sooner. A route ends being held when routing gives its prefix again, when its next hop is of no use any
 * more, and with all others after the time that the configuration allows.
 */
#ifndef DMVPN_ENGINE_HOLD_H
#define DMVPN_ENGINE_HOLD_H

#include "engine/tunnel.h"

void hold_init(struct tunnel *t);
/* An NHS of the tunnel is in doubt: its routes are held for a moment. */
void hold_doubt(struct tunnel *t);
/* One died: for as long as the configuration says. */
void hold_begin(struct tunnel *t);
/* The NHSs have changed: what is held moves to a live one, or ends. */
void hold_settle(struct tunnel *t);
void hold_end(struct tunnel *t); /* the time is over, or the tunnel is down */

/* Routing has that prefix (again); the rib has it already. */
void hold_route_added(struct engine *e, uint32_t vrf, const struct ipprefix *dst);
/* Routing has withdrawn it. true: it is held, and stays in the rib. */
bool hold_route_gone(struct engine *e, uint32_t vrf, const struct ipprefix *dst);

#endif
