/*
 * neighbour: whom an ARP or ND question of this machine's kernel is answered with.
 */
#ifndef DMVPN_FORWARD_NEIGHBOUR_H
#define DMVPN_FORWARD_NEIGHBOUR_H

#include "forward/worker.h"

/*
 * The peer by way of which `target` is reached while the control process has not set a
 * neighbour for it, and the MAC address that says so: point-to-point the far end, else the best live
 * relay as a stand-in, of which the control process is told (FORWARD_MISS). false: nobody, or the
 * tunnel's own address (duplicate address detection); counted.
 */
bool neighbour_answer(struct worker *w, struct tunnel *t, const struct ipaddr *target, uint64_t *peer, uint8_t mac[6]);

/* The first live relay that is a peer; NULL when there is none. */
struct peer *neighbour_relay(const struct worker *w, const struct tunnel *t);

#endif
