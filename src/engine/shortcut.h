/*
 * shortcut: the routes of shortcut bindings in the shortcut table, and the holes (throw
 * routes) that keep longest match true there.
 *
 * A shortcut stands only while the covering route of the real table points into the same
 * DMVPN, and a while longer when that is withdrawn and nothing comes in its place, if the peer answers
 * probes: a session between a hub and somebody that ended says nothing of the way between two spokes. Every real route strictly inside a shortcut's prefix gets a throw. One shortcut
 * per prefix and VRF; when two bindings want the same, the newer one has it, and
 * the other one when that goes.
 *
 * Who answers says how much is behind him, and nobody can prove it. He is believed as far as routing treats it as
 * one: up to the covering route, of which he has all only as long as nobody else has answered for a part of it,
 * and never all of a default route. What is not believed shrinks to the host that was asked for.
 */
#ifndef DMVPN_ENGINE_SHORTCUT_H
#define DMVPN_ENGINE_SHORTCUT_H

#include "engine/binding.h"

enum { SHORTCUT_THROWS_MAX = 512 /* more holes than this, and a host route is set instead */ };

void shortcuts_init(struct engine *e);
void shortcuts_free(struct engine *e); /* without effects */

/*
 * The prefix that a shortcut for dst by way of `via` may have: `offered`, as far as that is believed, with a
 * bounded number of holes. false: none, because dst is not routed into this DMVPN.
 */
bool shortcut_prefix(const struct overlay *o, const struct ipaddr *dst, const struct ipaddr *via,
		     const struct ipprefix *offered, struct ipprefix *out);
void shortcut_set(struct binding *b);
void shortcut_del(struct binding *b);
void shortcut_uncovered(struct binding *b); /* it has outlasted the route that covered it for long enough */
/* A route was added, changed or deleted; the rib has it already. */
void shortcuts_route_changed(struct engine *e, uint32_t vrf, const struct ipprefix *dst);

/*
 * A route that is held (hold.h): in the table like a shortcut, and behind a binding's shortcut for the same
 * prefix. Said again with another gateway it moves. false, and nothing is done: it would need too many holes.
 */
bool shortcut_hold(struct engine *e, uint32_t vrf, const struct ipprefix *dst, uint32_t tunnel,
		   const struct ipaddr *gateway);
bool shortcut_held_by(const struct engine *e, uint32_t vrf, const struct ipprefix *dst, struct ipaddr *gateway);
void shortcut_unhold(struct engine *e, uint32_t vrf, const struct ipprefix *dst); /* fine when it is not held */

#endif
