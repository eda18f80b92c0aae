/*
 * host: what the kernel and the data path of one router hold for its tunnels: routes,
 * shortcut routes, neighbours, peers, relays. It applies the engine's effects, answers how
 * a packet would go, and notices when the engine breaks the order it promised.
 */
#ifndef DMVPN_SIM_HOST_H
#define DMVPN_SIM_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/effect.h"
#include "sim/table.h"

enum {
	HOST_RETIRED_MAX = 4096, /* remembered */
	HOST_LENGTHS = 129,      /* of prefixes */
};

/* In each of these what comes first is the key of its table. */
struct host_route {
	struct ipprefix dst;
	struct ipaddr gateway; /* IP_NONE: connected, or a hole of the shortcut table */
	bool via_tunnel;
	bool left; /* of the shortcut table, by an earlier engine; see host_engine_lost() */
	uint32_t tunnel;
};

struct host_neighbour {
	struct ipaddr addr;
	bool left;
	uint32_t tunnel;
	uint64_t peer;
	struct instant used;
};

struct host_peer {
	uint64_t id;
	uint32_t tunnel;
	struct ipaddr nbma;
	struct foreign_key key; /* by which it is sent to, when not the tunnel's */
	bool serves; /* an NHS */
	struct shape shape;
	uint32_t neighbours; /* that point to it */
	enum { HOST_NO_RELAY, HOST_LIVE_RELAY, HOST_DEAD_RELAY } relay; /* dead: it was one before the last RELAYS */
	struct instant received, quiet_told; /* data from it; that there is none */
};

struct host_relays {
	uint32_t tunnel;
	struct relays told;
};

/* Routes, and how many there are of each length: only these are tried in a look-up. */
struct host_routes {
	struct table table; /* struct host_route */
	uint32_t lengths[HOST_LENGTHS];
};

struct host {
	bool point_to_point; /* a tunnel's only peer gets all that goes into it */
	bool kernel;         /* the kernel's GRE carries it: what is for a relay that is told dead goes to a live one, but
			      * not where we serve; who is quiet cannot be told, nor whom a packet came from */
	struct host_routes routes, shortcuts;
	struct table neighbours; /* struct host_neighbour */
	struct table peers;      /* struct host_peer */
	struct table endpoints;  /* private: (tunnel, NBMA) to peer */
	struct table relays;     /* struct host_relays */
	struct table retired;    /* ids of peers that are gone: never to come again */
};

enum host_verdict {
	HOST_HERE,       /* to a connected network of this router */
	HOST_SENT,       /* into the tunnel, to `nbma` */
	HOST_NO_ROUTE,   /* or one that leads inside, which is not modelled here */
	HOST_UNRESOLVED, /* into the tunnel, but to nobody */
};

struct host_answer {
	enum host_verdict verdict;
	bool missed; /* the next hop has no neighbour entry: a relay or nobody gets it */
	bool stands_in; /* `nbma` is a relay that gets it in place of another */
	uint32_t tunnel;
	struct ipaddr next_hop;
	struct ipaddr nbma;
};

void host_reset(struct host *h); /* all gone; point_to_point and kernel stay. Before the first use too, zeroed */
void host_done(struct host *h);

/*
 * The engine's process is gone, the data path goes on as it stands. What the next engine does
 * not set again is swept later, as the daemon does it: host_settle().
 */
void host_engine_lost(struct host *h);
void host_settle(struct host *h);

/* PEER, NEIGHBOUR, RELAYS and SHORTCUT effects; others are ignored. NULL, or what the
 * engine did against its contract. */
const char *host_apply(struct host *h, const struct effect *e, struct instant now);

/* Sets (add replaces) or removes a route. */
void host_route_set(struct host *h, const struct host_route *r);
void host_route_del(struct host *h, const struct ipprefix *dst);
const struct host_route *host_route_find(const struct host_routes *t, const struct ipprefix *dst);
/* How many there are of them: host_route_at(t, 0) … */
size_t host_route_count(const struct host_routes *t);
const struct host_route *host_route_at(const struct host_routes *t, size_t place);

/* Where a packet to dst goes now; a neighbour so used is noted as used. */
struct host_answer host_forward(struct host *h, const struct ipaddr *dst, struct instant now);

/* The same on the link of that tunnel, whatever the routes. */
struct host_answer host_on_link(struct host *h, uint32_t tunnel, const struct ipaddr *next_hop, struct instant now);

const struct host_neighbour *host_neighbour_find(const struct host *h, const struct ipaddr *addr);
const struct host_peer *host_peer_find(const struct host *h, uint64_t id);
/* Data came from that peer. */
void host_received(struct host *h, uint32_t tunnel, const struct ipaddr *nbma, struct instant now);
/* Data goes to that peer: whether nothing came from it for so long that it should be said, now and not again soon. */
bool host_sent_quietly(struct host *h, uint32_t tunnel, const struct ipaddr *nbma, struct instant now);
/* It is or was a relay in that tunnel. */
bool host_is_relay(const struct host *h, uint32_t tunnel, const struct ipaddr *nbma);
/* PEER_NONE when unknown */
uint64_t host_peer_of(const struct host *h, uint32_t tunnel, const struct ipaddr *nbma);

#endif
