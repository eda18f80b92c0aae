/*
 * relay_count: packets that came from one peer and left to another (spoke -> hub -> spoke).
 *
 * The kernel routes between receive and transmit, so the two halves are joined by a flow
 * cache: (inner source, destination) -> the peer it came from. The cache is direct-mapped
 * and may forget; a packet then goes uncounted. Pairs are bounded too.
 */
#ifndef DMVPN_FORWARD_RELAY_COUNT_H
#define DMVPN_FORWARD_RELAY_COUNT_H

#include <stddef.h>
#include <stdint.h>

#include "base/instant.h"
#include "base/ipaddr.h"
#include "forward/forward_msg.h"

enum { RELAY_FLOWS = 4096, RELAY_PAIRS_MAX = 16384, RELAY_PAIR_SLOTS = 2 * RELAY_PAIRS_MAX, RELAY_FLOW_S = 2,
       RELAY_MOMENT_MS = 50 /* the kernel takes less to route a packet, on a busy machine too; a flow takes more to turn round */ };

struct relay_flow {
	struct ipaddr src, dst; /* IP_NONE: free */
	uint32_t in_tunnel;
	uint32_t pair;          /* index + 1 of the one that counted it last; 0: none yet */
	uint64_t in_peer;
	struct instant seen;
};

struct relay_count {
	size_t pair_count;
	struct relay_flow flows[RELAY_FLOWS];
	struct forward_relay_counters pairs[RELAY_PAIRS_MAX]; /* in the order of their first packet */
	uint32_t slots[RELAY_PAIR_SLOTS]; /* open addressing: index into pairs + 1; 0: free */
};

void relay_count_received(struct relay_count *r, struct instant now, const struct ipaddr *src,
			  const struct ipaddr *dst, uint32_t in_tunnel, uint64_t in_peer);
void relay_count_sent(struct relay_count *r, struct instant now, const struct ipaddr *src,
		      const struct ipaddr *dst, uint32_t out_tunnel, uint64_t out_peer, size_t packets, size_t octets);
/* A packet of that pair of addresses came by that tunnel a moment ago, from *peer: this is the one. */
bool relay_count_came_by(const struct relay_count *r, struct instant now, const struct ipaddr *src,
			 const struct ipaddr *dst, uint32_t tunnel, uint64_t *peer);
/* Forgets every pair with that peer. */
void relay_count_forget(struct relay_count *r, uint32_t tunnel, uint64_t peer);

#endif
