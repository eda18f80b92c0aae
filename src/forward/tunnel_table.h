/*
 * tunnel_table: tunnels, and the TAPs and raw sockets that the keeper has handed over.
 *
 * TAPs and sockets may come before or after the tunnel that uses them; the pointers between
 * them are set here whenever one appears or goes. Incoming packets find their tunnel most
 * specific first: (socket, remote, key) point-to-point, then (socket, key) multipoint; a
 * socket stands for (VRF, local address). No key and key 0 are different. Several multipoint
 * tunnels may have the same socket and key: twin.h chooses between them.
 *
 * A point-to-point tunnel whose far end follows the best live hub also has peers that are
 * not the far end at the moment, and hubs that are asked whether they live: what these send
 * belongs to it when no other tunnel claims it (tunnel_match_guest).
 */
#ifndef DMVPN_FORWARD_TUNNEL_TABLE_H
#define DMVPN_FORWARD_TUNNEL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "forward/forward_msg.h"
#include "forward/peer_table.h"

enum { TUNNEL_ASKED = 16 }; /* no less than a tunnel's next hop servers, as a rule */

struct tunnel;

/* First in everything that is polled, so that a pointer to it tells what became ready. */
enum source { SOURCE_KEEPER, SOURCE_CONTROL, SOURCE_TAP, SOURCE_RAW, SOURCE_UDP, SOURCE_XFRM, SOURCE_BFDD, SOURCE_BFD };

struct tap {
	enum source source;
	TAILQ_ENTRY(tap) order;
	uint32_t tunnel_number;
	struct tunnel *tunnel; /* NULL: not configured yet */
	int fd;
	uint8_t mac[6];
	bool merges_udp; /* its kernel takes super-packets of UDP */
};

struct raw {
	enum source source;
	TAILQ_ENTRY(raw) order;
	uint32_t id;
	struct endpoint local;
	uint8_t protocol; /* IPPROTO_GRE or IPPROTO_ESP */
	int fd;    /* receives; sends without DF */
	int df_fd; /* sends with DF */
};

struct tunnel {
	TAILQ_ENTRY(tunnel) order;
	struct tunnel *next_by_key;
	struct forward_tunnel conf;
	uint32_t generation;        /* of the last FORWARD_TUNNEL_SET */
	struct tap *tap;            /* NULL: not handed over (yet) */
	struct raw *raw;
	size_t multicast_count, multicast_room;
	struct peer **multicast;    /* in the order of their adding */
	struct endpoint asked[TUNNEL_ASKED]; /* point-to-point: whom NHRP was sent to, a ring */
	size_t asked_next;
	uint32_t relays_generation;
	size_t relay_count;
	uint64_t relays[FORWARD_RELAYS_MAX]; /* best first */
	struct endpoint late;       /* the server that BFD misses packets of, or that answers no probes, … */
	struct instant hushed;      /* … and until when that matters (hush.h) */
	struct forward_tunnel_counters counters;
};

TAILQ_HEAD(tap_list, tap);
TAILQ_HEAD(raw_list, raw);
TAILQ_HEAD(tunnel_list, tunnel);

enum { TUNNEL_BUCKETS = 1024 };

struct tunnel_table {
	struct tunnel_list tunnels;
	struct tap_list taps;
	struct raw_list raws;
	struct tunnel *by_key[TUNNEL_BUCKETS];
	uint32_t raw_epoch; /* moves with every socket that comes or goes */
};

void tunnel_table_init(struct tunnel_table *t);
void tunnel_table_done(struct tunnel_table *t); /* closes the descriptors */

struct tunnel *tunnel_find(const struct tunnel_table *t, uint32_t number);
struct tunnel *tunnel_match(const struct tunnel_table *t, const struct raw *raw,
			    const struct ipaddr *remote, bool has_key, uint32_t key);
/* The next tunnel that the same packet matches no less; NULL: none more. */
struct tunnel *tunnel_match_next(const struct tunnel *t);
/* After tunnel_match() found none: a multipoint tunnel of that socket and protection among whose peers is `from` with that
 * key; with any_key, the first such tunnel of that socket. NULL: there is none. */
struct tunnel *tunnel_match_foreign(const struct tunnel_table *t, const struct peer_table *peers,
				    const struct raw *raw, uint32_t protection, const struct endpoint *from,
				    bool has_key, uint32_t key, bool any_key);
/* After tunnel_match() found none: a point-to-point tunnel of that socket and key which
 * has `from` among its peers, or which sent it NHRP lately. NULL: there is none. */
struct tunnel *tunnel_match_guest(const struct tunnel_table *t, const struct peer_table *peers,
				  const struct raw *raw, const struct endpoint *from, bool has_key, uint32_t key);
/* NHRP goes from this tunnel to an endpoint that may be no peer of it. */
void tunnel_asked(struct tunnel *t, const struct endpoint *to);
/* Makes or changes it. NULL: out of memory. */
struct tunnel *tunnel_set(struct tunnel_table *t, const struct forward_tunnel *conf);
void tunnel_remove(struct tunnel_table *t, struct tunnel *tunnel); /* its peers must be gone */
static inline bool tunnel_is_p2p(const struct tunnel *t) { return t->conf.remote.family != IP_NONE; }
bool tunnel_owns(const struct tunnel *t, const struct ipaddr *a);
/* Is it in a subnet of the tunnel? Not so link-local ones: every link has the same prefix. */
bool tunnel_on_subnet(const struct tunnel *t, const struct ipaddr *a);

/* In or out of the multicast map; peer->multicast tells. false: out of memory. */
bool tunnel_multicast_add(struct tunnel *t, struct peer *p);
void tunnel_multicast_remove(struct tunnel *t, struct peer *p);

/* Descriptors become the table's, also when NULL is answered (out of memory; they are
 * closed then). One that was held under the same number is replaced. */
struct tap *tap_add(struct tunnel_table *t, uint32_t tunnel_number, int fd, const uint8_t mac[6]);
void tap_remove(struct tunnel_table *t, struct tap *tap);
struct tap *tap_find(const struct tunnel_table *t, uint32_t tunnel_number);
struct raw *raw_add(struct tunnel_table *t, uint32_t id, const struct endpoint *local, uint8_t protocol, int fd,
		    int df_fd);
void raw_remove(struct tunnel_table *t, struct raw *raw);
struct raw *raw_find(const struct tunnel_table *t, uint32_t id);
/* The one that stands for that local endpoint and protocol. */
struct raw *raw_find_local(const struct tunnel_table *t, const struct endpoint *local, uint8_t protocol);

#endif
