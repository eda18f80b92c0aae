/*
 * host: what the kernel and the data path of one router hold for its tunnel: routes,
 * shortcut routes, neighbours, peers, relays. It applies the engine's effects, answers how
 * a packet would go, and notices when the engine breaks the order it promised.
 */
#ifndef DMVPN_SIM_HOST_H
#define DMVPN_SIM_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/effect.h"

enum { HOST_MAX = 512 /* entries of each table */, HOST_RETIRED_MAX = 4096 /* remembered */ };

struct host_route {
	struct ipprefix dst;
	struct ipaddr gateway; /* IP_NONE: connected, or a hole of the shortcut table */
	bool via_tunnel;
};

struct host_neighbour {
	struct ipaddr addr;
	uint64_t peer;
	struct instant used;
};

struct host_peer {
	uint64_t id;
	struct ipaddr nbma;
};

struct host {
	size_t route_count, shortcut_count, neighbour_count, peer_count, relay_count;
	struct host_route routes[HOST_MAX];
	struct host_route shortcuts[HOST_MAX];
	struct host_neighbour neighbours[HOST_MAX];
	struct host_peer peers[HOST_MAX];
	uint64_t relays[RELAYS_MAX];
	size_t retired_count;
	uint64_t retired[HOST_RETIRED_MAX]; /* ids of peers that are gone: never to come again */
};

enum host_verdict {
	HOST_HERE,       /* to a connected network of this router */
	HOST_SENT,       /* into the tunnel, to `nbma` */
	HOST_NO_ROUTE,
	HOST_UNRESOLVED, /* into the tunnel, but to nobody */
};

struct host_answer {
	enum host_verdict verdict;
	bool missed; /* the next hop has no neighbour entry: a relay or nobody gets it */
	struct ipaddr next_hop;
	struct ipaddr nbma;
};

void host_reset(struct host *h);

/* PEER, NEIGHBOUR, RELAYS and SHORTCUT effects; others are ignored. NULL, or what the
 * engine did against its contract. */
const char *host_apply(struct host *h, const struct effect *e, struct instant now);

/* Sets (add replaces) or removes a route. */
void host_route_set(struct host *h, const struct ipprefix *dst, const struct ipaddr *gateway, bool via_tunnel);
void host_route_del(struct host *h, const struct ipprefix *dst);
const struct host_route *host_route_find(const struct host *h, const struct ipprefix *dst);

/* Where a packet to dst goes now; a neighbour so used is noted as used. */
struct host_answer host_forward(struct host *h, const struct ipaddr *dst, struct instant now);

const struct host_neighbour *host_neighbour_find(const struct host *h, const struct ipaddr *addr);
const struct host_peer *host_peer_find(const struct host *h, uint64_t id);
uint64_t host_peer_of(const struct host *h, const struct ipaddr *nbma); /* PEER_NONE when unknown */

#endif
