/*
 * twin: multipoint tunnels with the same socket and key. What comes in is told apart by the inner
 * addresses where one of them lies in a tunnel's subnet (routing protocols, pings, and all that is
 * for this router itself), else by whose peer the sender is, else it is the first one's. NHRP is
 * told apart by the control process, which reads it.
 */
#ifndef DMVPN_FORWARD_TWIN_H
#define DMVPN_FORWARD_TWIN_H

#include "forward/tunnel_table.h"

/* Among `first` and those that tunnel_match_next() tells. protocol: of GRE; inner: what follows its header. */
struct tunnel *twin_choose(const struct peer_table *peers, struct tunnel *first, const struct endpoint *from,
			   uint16_t protocol, const uint8_t *inner, size_t length);

#endif
