/*
 * probe: the ICMP echo by which the control process tests a path, and its answer, which is
 * taken out of the traffic here.
 */
#ifndef DMVPN_FORWARD_PROBE_H
#define DMVPN_FORWARD_PROBE_H

#include "forward/forward_msg.h"
#include "forward/worker.h"

/* Goes straight to that endpoint, never by a relay. What cannot be sent now is dropped: that
 * is an answer too. */
void probe_send(struct worker *w, const struct forward_probe *m);
/* An inner packet that has arrived by tunnel t. true: it answers a probe of this process, and
 * goes no further. */
bool probe_answer(struct worker *w, struct tunnel *t, const uint8_t *inner, const struct ip_view *ip);
/* A peer of another tunnel asks, himself, whether we are there: the answer goes back to where the question came from. The
 * kernel would send it by the route to an address that no route of ours needs to know, in the clear if need be.
 * true: so it was, and the packet is used up. */
bool probe_serve(struct worker *w, struct tunnel *t, const struct endpoint *from, uint8_t *inner, const struct ip_view *ip);

#endif
