/*
 * counters: the forwarder's counters as it last told them, for `show counters`.
 */
#ifndef DMVPN_DAEMON_COUNTERS_H
#define DMVPN_DAEMON_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/ipc.h"
#include "forward/forward_msg.h"

struct counters {
	bool open; /* a round is under way */
	size_t tunnel_count, peer_count, relay_count, sa_count;
	struct forward_tunnel_counters *tunnels;
	struct forward_peer_counters *peers;
	struct forward_relay_counters *relays;
	struct forward_sa_state *sas;
	struct forward_drop_counters drops;
};

void counters_begin(struct counters *c); /* a new round: forgets the last */
/* Takes one message of the forwarder; true with the last one of a round. */
bool counters_add(struct counters *c, const struct ipc_message *m);
void counters_done(struct counters *c);
const struct forward_peer_counters *counters_peer(const struct counters *c, uint32_t tunnel, uint64_t peer);

#endif
