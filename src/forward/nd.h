/*
 * nd: answers the kernel's own neighbour solicitations (RFC 4861); link-scope ICMPv6 never
 * enters or leaves a tunnel.
 */
#ifndef DMVPN_FORWARD_ND_H
#define DMVPN_FORWARD_ND_H

#include "forward/worker.h"
#include "wire/ip.h"

/* ND, router discovery or multicast listener traffic: it ends on this link. */
bool nd_is_link_scope(const uint8_t *inner, const struct ip_view *ip);

/* A link-scope packet from the tunnel's TAP; frame points to its Ethernet header. */
void nd_frame(struct worker *w, struct tunnel *t, const uint8_t *frame, const struct ip_view *ip);

#endif
