/*
 * multicast: one copy of a group's or a broadcast packet to every peer of the tunnel's
 * multicast map, or to the far end of a point-to-point tunnel.
 */
#ifndef DMVPN_FORWARD_MULTICAST_H
#define DMVPN_FORWARD_MULTICAST_H

#include "forward/segment.h"
#include "forward/worker.h"

/* Every packet that s yields of the one viewed by ip. */
void multicast_send(struct worker *w, struct tunnel *t, const struct ip_view *ip, struct segmenter *s);

#endif
