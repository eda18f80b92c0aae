/*
 * mtu: packets larger than what the tunnel or the path carries.
 *
 * An inner packet over the tunnel's ip_mtu (ipv6_mtu) that must not be fragmented is
 * answered with ICMP (RFC 1191, RFC 8201), in the name of its destination: the kernel
 * takes no packet from one of its own addresses. With tunnel path-mtu-discovery the outer
 * header has DF when the inner packet has, and what the path turned out to carry bounds
 * the inner packet too. All others are left to the underlay's fragmentation.
 */
#ifndef DMVPN_FORWARD_MTU_H
#define DMVPN_FORWARD_MTU_H

#include "forward/worker.h"
#include "wire/ip.h"

enum { PATH_MTU_LIFE_S = 600, IP6_MTU_MIN = 1280 };

/* Whether the outer header shall have DF for this inner packet, or for the largest, of `size`
 * octets, that it is cut into. */
bool mtu_wants_df(const struct tunnel *t, const struct ip_view *ip, size_t size);

/* false: too big; counted and answered. `peer` may be NULL; size as above. */
bool mtu_admits(struct worker *w, struct tunnel *t, struct peer *peer, const uint8_t *inner,
		const struct ip_view *ip, size_t size);

/* The underlay refused p: only `path_mtu` octets of outer packet get to that peer. Keeps
 * that, and answers p's inner packet. */
void mtu_learn(struct worker *w, const struct underlay_packet *p, uint32_t path_mtu);

#endif
