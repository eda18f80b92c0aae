/*
 * datapath: what carries the packets, as the control process sees it. One set of operations,
 * implemented over dmvpn-fwd (user) and over the kernel's GRE (kernel). Routes, addresses, neighbours and the redirect trigger
 * are the kernel's on every data path and are not here.
 *
 * What is to be sent is gathered until flush. Operations take complete values; doing one twice is harmless. None fails towards its
 * caller: what cannot be done now is done when the data path is there again.
 */
#ifndef DMVPN_DAEMON_DATAPATH_H
#define DMVPN_DAEMON_DATAPATH_H

#include <stdbool.h>

#include "base/ipaddr.h"
#include "engine/effect.h"
#include "kernel/neighbour.h"

struct datapath_tunnel;

struct datapath_ops {
	const char *name; /* "user", "kernel" */
	bool needs_raw;   /* sends by raw sockets that the keeper opens */
	bool app_probes;  /* the kernel asks user space for neighbours */
	/* Makes the device of a tunnel, whose local address may not be known yet. 0 or -errno with
	 * the reason in text. NULL: the device is a TAP, which the keeper opens. */
	int (*device_open)(void *self, const struct datapath_tunnel *t, char *text, size_t text_size);
	void (*tunnel_set)(void *self, const struct datapath_tunnel *t);
	void (*tunnel_del)(void *self, uint32_t tunnel);
	/* key: what packets to it carry, when that is not the tunnel's; the kernel's GRE cannot do that. serves: one of our
	 * NHSs. The kernel cannot make use of these, nor of a shape. */
	void (*peer_set)(void *self, uint32_t tunnel, uint64_t peer, const struct endpoint *nbma,
			 const struct foreign_key *key, bool serves, const struct shape *shape);
	void (*peer_del)(void *self, uint32_t tunnel, uint64_t peer);
	void (*multicast)(void *self, uint32_t tunnel, uint64_t peer, const struct endpoint *nbma, bool on);
	void (*relays)(void *self, uint32_t tunnel, const struct relays *r);
	void (*nhrp_send)(void *self, uint32_t tunnel, const struct endpoint *to, const uint8_t *bytes,
			  size_t length);
	/* EFFECT_PROBE: with the next flush or not at all. The answer comes as EVENT_PROBED. */
	void (*probe_send)(void *self, uint32_t tunnel, const struct endpoint *to, const struct ipaddr *addr,
			   uint32_t sequence);
	void (*usage_get)(void *self, uint32_t tunnel, uint64_t peer, const struct ipaddr *addr);
	void (*counters_get)(void *self);
	size_t (*multicast_count)(void *self, uint32_t tunnel); /* receivers of its multicast */
	/* A neighbour entry is about to be set: what it shall say. While its peer is a dead relay the data path
	 * may have it say something else, until neighbour_gone(), which may be NULL. */
	struct lladdr (*neighbour)(void *self, uint32_t tunnel, const struct ipaddr *addr, uint64_t peer,
				   const struct endpoint *nbma);
	void (*neighbour_gone)(void *self, uint32_t tunnel, const struct ipaddr *addr);
	void (*flush)(void *self);
};

/* A tunnel as the data path needs it. */
struct datapath_tunnel {
	uint32_t tunnel;
	uint32_t raw_id;
	struct endpoint local;
	struct ipaddr remote; /* point-to-point; IP_NONE: multipoint */
	bool has_key;
	uint32_t key;
	uint8_t ttl;
	bool set_df;
	uint16_t ip_mtu, ipv6_mtu, mss4, mss6;
	bool keeps_to_dead;  /* what is for a dead server is not given to another */
	int underlay_ifindex; /* of its underlay's VRF device; 0: none */
	uint32_t protection; /* IPsec profile's number, as forward_msg.h has it; 0: unprotected */
	uint8_t mac[6];
	size_t addr_count;
	const struct ipaddr *addrs;
	const uint8_t *prefix_lens;
};

struct datapath {
	const struct datapath_ops *ops;
	void *self;
};

#endif
