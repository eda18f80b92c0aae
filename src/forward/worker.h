/*
 * worker: what one forwarding thread owns: counters, flow cache, and its ways out.
 *
 * gre_rx, gre_tx, arp, nd, multicast and mtu are functions of (worker, bytes) without any
 * system call; packets leave them through struct forward_io, whose real form batches them
 * into the kernel and whose form in tests keeps them to be looked at.
 */
#ifndef DMVPN_FORWARD_WORKER_H
#define DMVPN_FORWARD_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/instant.h"
#include "base/prng.h"
#include "base/timers.h"
#include "forward/relay_count.h"
#include "forward/tables.h"
#include "wire/ip.h"

enum {
	ETHERNET_HEADER = 14,
	VNET_HEADER = 10,     /* struct virtio_net_hdr before each frame of a TAP */
	FRAME_HEADROOM = 32,  /* octets before any frame or GRE packet given to a worker, free to be overwritten */
	FRAME_TAILROOM = 32,  /* octets behind a frame, free to be overwritten and restored (ESP's trailer) */
	FRAME_MAX = 65600,    /* octets of a frame, virtio header included, or packet */
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_ARP = 0x0806,
	ETHERTYPE_IPV6 = 0x86dd,
	NHRP_BATCH = 32,      /* NHRP messages that leave together */
	MISS_SLOTS = 1024,
	MISS_INTERVAL_MS = 200,
	MISS_BURST = 16, /* of one address in that time: others may spoil an entry (zebra does) as often as they like */
	STRANGER_SLOTS = 256,
	STRANGER_INTERVAL_MS = 1000,
	QUIET_MS = 300, /* a peer that traffic goes to has sent nothing for so long */
	STRANGERS_MAX = 64, /* in one such interval: anybody may pretend to be many */
	UNREACHABLE_SLOTS = 256,
	UNREACHABLE_MS = 200,
	UNREACHABLES_MAX = 64, /* in a second */
	UNREACHABLE_LOOKS_MAX = 256, /* likewise */
};

struct bfd;
struct plane;
struct bfd_key;
struct protection;

/* One GRE packet for the underlay. The bytes but for the last `reused` stay whole until the io is
 * flushed. */
struct underlay_packet {
	struct tunnel *tunnel;   /* NULL: sealed already */
	const struct raw *raw;   /* the socket that sends */
	uint32_t session;        /* sealed already: whose */
	struct ipaddr to;
	uint64_t peer;           /* for learning the path MTU; may be nobody's */
	uint8_t tos, ttl;        /* of the outer header */
	bool df;
	const uint8_t *bytes;    /* from the GRE header on */
	size_t length;
	size_t reused;           /* of its last octets so many do not outlive underlay_send() */
	const uint8_t *inner;    /* inside bytes */
};

/* The way of one ESP packet. */
struct esp_path {
	struct ipaddr local, remote;
	uint16_t remote_port;    /* of UDP; host order */
	bool udp;                /* RFC 3948; else the raw socket sends */
	const struct raw *raw;
	uint8_t tos, ttl;        /* of the outer header */
	bool df;
	uint32_t session;        /* for learning the path MTU */
};

struct forward_io {
	void *context;
	void (*underlay_send)(void *context, const struct underlay_packet *p);
	/* Room for one ESP packet of exactly `length` octets, written at once; it goes by the next
	 * flush. NULL: there is no way out of that kind now. */
	uint8_t *(*esp_room)(void *context, const struct esp_path *path, size_t length);
	/* The packet that room was given for last is not sent after all. */
	void (*esp_undo)(void *context);
	/* A whole IP packet with an IKE message, for charon at `to`. false: not taken. */
	bool (*ike_hand)(void *context, const struct ipaddr *to, const uint8_t *packet, size_t length);
	/* A BFD packet of a session that is not on a tunnel, by its interface. false: not taken. */
	bool (*bfd_send)(void *context, const struct bfd_key *key, uint16_t source_port, const uint8_t *bytes, size_t length);
	/* Sends everything queued; buffers may be used again. */
	void (*flush)(void *context);
	/* A whole Ethernet frame for the tunnel's TAP, with VNET_HEADER octets of room before it;
	 * written at once. */
	void (*tap_write)(void *context, struct tunnel *t, uint8_t *frame, size_t length);
	/* A packet that came through the tunnel, `ip` being the view of what follows its Ethernet header.
	 * May be merged with others (coalesce.h): the bytes are the io's until it is flushed. */
	void (*tap_packet)(void *context, struct tunnel *t, uint8_t *frame, const struct ip_view *ip);
	/* false: there is no control process, or it is slow. */
	bool (*control_send)(void *context, uint16_t type, const void *payload, size_t length);
};

struct miss_slot {
	uint32_t tunnel;
	struct ipaddr addr;
	struct instant told; /* the first time in this interval */
	unsigned count;      /* in it */
};

/* See bfd_front.h. */
struct bfd_front {
	struct bfd *bfd; /* NULL: none */
	struct plane *plane; /* bfdd */
	bool untold;     /* a state did not get to the control process: all are told again */
	struct records *records; /* where the sessions lie for the next process; NULL: nowhere */
	bool unsettled;  /* an earlier process left some, and the tunnels are not known yet */
};

struct worker {
	struct tables *tables;
	struct forward_io io;
	struct protection *protection;
	struct bfd_front bfd;
	struct instant now; /* set by the loop before each batch */
	int64_t unix_s;     /* likewise: seconds since 1970, for what charon is told */
	uint64_t drops[FORWARD_DROP_COUNT];
	struct miss_slot misses[MISS_SLOTS];
	struct miss_slot strangers[STRANGER_SLOTS];
	struct instant strangers_since;
	unsigned strangers_told;
	struct miss_slot unreachables[UNREACHABLE_SLOTS];
	struct instant unreachables_since;
	unsigned unreachables_told, unreachables_looked;
	struct relay_count relays;
	struct timers shaping; /* of peers' shapers with packets that wait (shaped_tx.h) */
	struct siphash_key probe_key; /* of this process: what proves that an answer is one to our probe */
	uint8_t nhrp_out[NHRP_BATCH][FRAME_HEADROOM + FORWARD_NHRP_MAX + FRAME_TAILROOM]; /* queued, not flushed */
	size_t nhrp_queued;
};

struct worker *worker_new(struct tables *tables, const struct forward_io *io); /* NULL: out of memory */
void worker_free(struct worker *w); /* NULL is fine; the tables stay */

static inline void worker_drop(struct worker *w, enum forward_drop reason) { w->drops[reason]++; }

#endif
