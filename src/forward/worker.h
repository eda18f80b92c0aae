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
#include "forward/relay_count.h"
#include "forward/tables.h"
#include "wire/ip.h"

enum {
	ETHERNET_HEADER = 14,
	VNET_HEADER = 10,     /* struct virtio_net_hdr before each frame of a TAP */
	FRAME_HEADROOM = 32,  /* octets before any frame or GRE packet given to a worker, free to be overwritten */
	FRAME_MAX = 65600,    /* octets of a frame, virtio header included, or packet */
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_ARP = 0x0806,
	ETHERTYPE_IPV6 = 0x86dd,
	MISS_SLOTS = 1024,
	MISS_INTERVAL_MS = 200,
	STRANGER_SLOTS = 256,
	STRANGER_INTERVAL_MS = 1000,
	STRANGERS_MAX = 64, /* in one such interval: anybody may pretend to be many */
};

/* One GRE packet for the underlay. The bytes but for the last `reused` stay whole until the io is
 * flushed. */
struct underlay_packet {
	struct tunnel *tunnel;   /* its raw socket sends */
	struct ipaddr to;
	uint64_t peer;           /* for learning the path MTU; may be nobody's */
	uint8_t tos, ttl;        /* of the outer header */
	bool df;
	const uint8_t *bytes;    /* from the GRE header on */
	size_t length;
	size_t reused;           /* of its last octets so many do not outlive underlay_send() */
	const uint8_t *inner;    /* inside bytes */
};

struct forward_io {
	void *context;
	void (*underlay_send)(void *context, const struct underlay_packet *p);
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
	struct instant told;
};

struct worker {
	struct tables *tables;
	struct forward_io io;
	struct instant now; /* set by the loop before each batch */
	uint64_t drops[FORWARD_DROP_COUNT];
	struct miss_slot misses[MISS_SLOTS];
	struct miss_slot strangers[STRANGER_SLOTS];
	struct instant strangers_since;
	unsigned strangers_told;
	struct relay_count relays;
	uint8_t nhrp_out[FRAME_HEADROOM + FORWARD_NHRP_MAX];
};

struct worker *worker_new(struct tables *tables, const struct forward_io *io); /* NULL: out of memory */
void worker_free(struct worker *w); /* NULL is fine; the tables stay */

static inline void worker_drop(struct worker *w, enum forward_drop reason) { w->drops[reason]++; }

#endif
