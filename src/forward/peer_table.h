/*
 * peer_table: the peers of all tunnels, found by (tunnel, id) for frames that leave and by
 * (tunnel, endpoint) for packets that come in. Iteration is in the order of their making.
 */
#ifndef DMVPN_FORWARD_PEER_TABLE_H
#define DMVPN_FORWARD_PEER_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/instant.h"
#include "base/ipaddr.h"
#include "forward/forward_msg.h"

struct sa_session;
struct shaper;

/* No peer has it. As destination it stands for the far end of a point-to-point tunnel, so that the kernel's
 * neighbours follow when that becomes another; as source for a sender that is no peer. */
enum { PEER_ID_FAR_END = 0 };

/* Whether traffic to unresolved neighbours may be sent by way of this peer. */
enum peer_relay {
	PEER_RELAY_NEVER,
	PEER_RELAY_LIVE, /* in the list of its tunnel */
	PEER_RELAY_DEAD, /* was in it: neighbours learnt then still point here */
};

struct peer {
	TAILQ_ENTRY(peer) order;
	struct peer *next_by_id;
	struct peer *next_by_endpoint;
	uint64_t id;
	struct sa_session *session;     /* of its endpoint, on a protected tunnel; NULL: none */
	struct shaper *shaper;          /* owned; NULL: it is sent whatever there is */
	uint32_t session_epoch;         /* of sa_sessions when that was looked up; 0: look again */
	uint32_t tunnel;
	struct endpoint nbma;
	struct forward_key key;         /* given: its tunnel has another key than ours */
	uint32_t generation;            /* of the last FORWARD_PEER_SET */
	uint32_t multicast_generation;  /* of the last FORWARD_MULTICAST_SET */
	uint32_t path_mtu_until_s;      /* of the clock */
	uint16_t path_mtu;              /* of the outer packet; 0: not known to be small */
	uint8_t relay;                  /* enum peer_relay */
	uint8_t unanswered;             /* probes sent to it since one was answered, as far as hush.c counts; relays only */
	bool serves;                    /* one of our NHSs, whether it was a relay yet or not */
	bool multicast;                 /* in its tunnel's multicast map */
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes; /* inner */
	struct instant sent_at;         /* NEVER: nothing was */
	struct instant received_at, quiet_told; /* zero: long ago */
};

TAILQ_HEAD(peer_list, peer);

struct peer_table {
	struct peer_list all;
	size_t count;
	size_t buckets; /* a power of two */
	uint32_t epoch; /* moves with every change: cached look-ups are stale. Never 0 */
	struct peer **by_id;
	struct peer **by_endpoint;
};

int peer_table_init(struct peer_table *t); /* 0 or -ENOMEM */
void peer_table_done(struct peer_table *t);

struct peer *peer_find(const struct peer_table *t, uint32_t tunnel, uint64_t id);
struct peer *peer_find_endpoint(const struct peer_table *t, uint32_t tunnel, const struct endpoint *nbma);
/* Makes the peer, or gives it that endpoint. NULL: out of memory, nothing changed. */
struct peer *peer_set(struct peer_table *t, uint32_t tunnel, uint64_t id, const struct endpoint *nbma);
/* Unlinks and frees it; nothing may point to it any more. */
void peer_remove(struct peer_table *t, struct peer *p);

#endif
