/*
 * fall_over: the routing protocol learns at once that the path to a hub, or to another overlay
 * neighbour, is dead, instead of by its own timers (EFFECT_ROUTING).
 *
 *   nhrp fall-over bgp  the kernel ends the BGP connections with that address: any BGP daemon
 *                       takes its routes back in the same moment. Finding them takes the kernel
 *                       milliseconds, so what dies together is looked for together, and where
 *                       bfdd tells bgpd anyway, when the rest is done
 *   nhrp fall-over bfd  bfdd is told, and tells bgpd and ospfd, by way of the forwarder, which
 *                       runs bfdd's sessions
 *
 * Each is one line of the tunnel interface and on unless said with `no`.
 */
#ifndef DMVPN_DAEMON_FALL_OVER_H
#define DMVPN_DAEMON_FALL_OVER_H

#include <uv.h>

#include "control/view.h"
#include "daemon/tunnel.h"
#include "engine/effect.h"
#include "forward/forward_msg.h"
#include "kernel/netlink.h"

enum { COUPLINGS = 4 };

struct fall_over_word;
struct fall_over_death;

struct fall_over {
	struct netlink diag;
	int trouble; /* -errno: connections cannot be ended */
	bool bfdd_connected; /* to the forwarder */
	size_t word_count, word_room;
	struct fall_over_word *words; /* as told last, for a forwarder that starts anew */
	size_t death_count, death_room;
	struct fall_over_death *deaths; /* whose BGP connections are to be ended, in a moment and all at once */
	uv_timer_t closing;
};

void fall_over_start(struct daemon *d);
void fall_over_tell(struct daemon *d, uint32_t tunnel, const struct ipaddr *addr, enum routing_word says);
void fall_over_sync(struct daemon *d);                      /* the forwarder is to be told everything again */
void fall_over_bfdd(struct daemon *d, const struct forward_bfdd *m); /* how bfdd and the forwarder stand */
/* All couplings between NHRP and routing on that tunnel; route_holds: as the engine has counted. */
void fall_over_view(const struct daemon *d, const struct tunnel *t, uint64_t route_holds,
		    struct view_coupling out[COUPLINGS]);

#endif
