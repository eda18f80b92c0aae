/*
 * warm: a tunnel that rests while a better one is usable (`nhrp warm`), since what goes over its uplink is paid for.
 *
 *              better one usable for `delay`
 *     AWAKE ---------------------------------> RESTING
 *       ^                                         |
 *       +-----------------------------------------+
 *          better one has no live NHS any more, or is down
 *
 * AWAKE: all as on any other tunnel. RESTING: probes of its paths, dead or alive, come every `every` seconds,
 * registrations as rarely as the hold time allows, and its BFD sessions are no faster than the probes. It stays registered, and
 * routing keeps its session, so that traffic can move in the moment in which the better one is lost. In that moment
 * all paths are asked and all registrations are made anew.
 */
#ifndef DMVPN_ENGINE_WARM_H
#define DMVPN_ENGINE_WARM_H

#include "engine/tunnel.h"

void warm_init(struct tunnel *t);
/* At the end of every event: tunnels wake whose better one is lost, and those begin to wait whose better one is usable. */
void warm_settle(struct engine *e);
void warm_due(struct tunnel *t); /* the better one was usable for long enough */
/* Between two probes of a resting one; 0: it does not rest. */
struct span warm_pace(const struct tunnel *t);

#endif
