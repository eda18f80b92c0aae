/*
 * forward_msg: between the control process and dmvpn-fwd (base/ipc.h).
 *
 * The forwarder keeps forwarding while there is no control process. When one connects, the
 * forwarder first tells what it holds (FORWARD_HELLO, FORWARD_PEER_HELD …,
 * FORWARD_HELD_END); the control process then sends FORWARD_SYNC_BEGIN, everything that
 * shall be, and FORWARD_SYNC_END, upon which the forwarder drops what was not named.
 *
 * A peer is one NBMA endpoint on one tunnel; its id of 40 bits is its MAC address
 * 02:<id, big-endian> on the tunnel's TAP: destination of frames to it, source of frames
 * from it. Frames from senders that are no peer carry id 0.
 *
 * A message of type FORWARD_PEER_HELD, FORWARD_SESSION_HELD, FORWARD_SA_HELD, FORWARD_SA_STATE,
 * FORWARD_TUNNEL_COUNTERS, FORWARD_PEER_COUNTERS or FORWARD_RELAY_COUNTERS carries one or more of its structs, back to back: the receiver
 * takes length / sizeof of them. All other messages carry exactly one struct, or none
 * where none is named; of struct forward_nhrp only offsetof(bytes) + length octets count.
 *
 * Protection. A tunnel whose `protection` is not 0 sends and takes GRE only inside ESP; its raw_id
 * names a socket of IPPROTO_ESP. A session is what charon and a peer have agreed on between
 * (VRF, local address) and a remote endpoint under one protection (IPsec profile), for all
 * tunnels between them. charon installs SAs by XFRM; an SA belongs to no session until
 * FORWARD_SA_BIND says so: until then packets that it opens are held briefly, and it sends nothing.
 * Several SA pairs may be bound to a session: all of them receive, the best one sends
 * (sa_session.h). A frame to a peer whose session cannot send goes to the tunnel's first live
 * relay that can (relay_fallback), else it is dropped (NO_SA). A session is set before its SAs are bound.
 * Sessions and SAs outlive SYNC: what FORWARD_SYNC_END finds unnamed is dropped
 * with its SAs.
 *
 * A tunnel is set before its peers, a peer before it is named in a multicast map; relays may
 * be named before their peers. The underlay VRF of a peer's nbma must be that of its tunnel's local endpoint.
 */
#ifndef DMVPN_FORWARD_MSG_H
#define DMVPN_FORWARD_MSG_H

#include <stdint.h>

#include "base/ipaddr.h"

enum { FORWARD_RELAYS_MAX = 16, FORWARD_NHRP_MAX = 1500, FORWARD_ADDRS_MAX = 16, FORWARD_DROPS_MAX = 64 };

enum forward_msg_type {
	/* control -> forwarder */
	FORWARD_SYNC_BEGIN = 1,
	FORWARD_SYNC_END,
	FORWARD_TUNNEL_SET,   /* struct forward_tunnel */
	FORWARD_TUNNEL_DEL,   /* struct forward_tunnel, only .tunnel counts */
	FORWARD_PEER_SET,     /* struct forward_peer */
	FORWARD_PEER_DEL,     /* struct forward_peer */
	FORWARD_MULTICAST_SET,/* struct forward_peer: replicate multicast to it */
	FORWARD_MULTICAST_DEL,
	FORWARD_RELAYS,       /* struct forward_relays: live ones only; a peer named earlier and not
			       * any more is a dead relay, frames to it go to the first live one.
			       * None named between SYNC_BEGIN and the first that is: the former
			       * ones stay until SYNC_END */
	FORWARD_NHRP_SEND,    /* struct forward_nhrp */
	FORWARD_USAGE_GET,    /* struct forward_usage: answered by FORWARD_USAGE */
	FORWARD_COUNTERS_GET, /* no payload: answered by FORWARD_TUNNEL_COUNTERS … COUNTERS_END */
	FORWARD_SESSION_SET,  /* struct forward_session */
	FORWARD_SESSION_DEL,  /* struct forward_session, only .session counts: its SAs stop at once */
	FORWARD_SA_BIND,      /* struct forward_sa_bind; named again it changes nothing */
	FORWARD_SA_REVOKE,    /* struct forward_sa_bind: those SAs, of that session (0: whichever), stop at once */
	FORWARD_BFD_SET,      /* struct forward_bfd: makes or changes a BFD session of NHRP's; answered by
			       * FORWARD_BFD_STATE. Sessions go on while the control process is away; what
			       * SYNC_END finds unnamed is ended, the far end hearing AdminDown */
	FORWARD_BFD_DEL,      /* struct forward_bfd, only .link, .local and .remote count */
	FORWARD_BFD_GET,      /* no payload: answered by FORWARD_BFD_STATE of all, and FORWARD_BFD_END */
	FORWARD_ROUTING,      /* struct forward_routing: what bfdd is told of that address in spite of BFD's own state
			       * (bfd/plane.h). Outlives the control process */
	FORWARD_PROBE_SEND,   /* struct forward_probe: an ICMP echo straight to that endpoint, at once or not at all */

	/* forwarder -> control */
	FORWARD_HELLO = 64,
	FORWARD_PEER_HELD,    /* struct forward_peer */
	FORWARD_HELD_END,
	FORWARD_NHRP_RECEIVED,/* struct forward_nhrp */
	FORWARD_MISS,         /* struct forward_miss: ARP or ND asked for it; answered with a relay if
			       * any. At most one per address in 200 ms. Not on point-to-point tunnels */
	FORWARD_USAGE,        /* struct forward_usage */
	FORWARD_TUNNEL_COUNTERS, /* struct forward_tunnel_counters */
	FORWARD_PEER_COUNTERS,   /* struct forward_peer_counters */
	FORWARD_RELAY_COUNTERS,  /* struct forward_relay_counters */
	FORWARD_COUNTERS_END,    /* struct forward_drop_counters */
	FORWARD_STRANGER,     /* struct forward_stranger: a packet from a sender that is no peer came in.
			       * At most one per inner source in a second, and 64 in all */
	FORWARD_SESSION_HELD, /* struct forward_session: before FORWARD_HELD_END */
	FORWARD_SA_HELD,      /* struct forward_sa_state, one or more: before FORWARD_HELD_END */
	FORWARD_SA_STATE,     /* struct forward_sa_state, one or more: an SA was installed, changed state, moved its
			       * remote port, or went; with counters before FORWARD_COUNTERS_END for each */
	FORWARD_SESSION_STATE,/* struct forward_session_state: the session can (not) send; a peer was heard on it */
	FORWARD_SESSION_DOUBT,/* struct forward_session_state: somebody at the peer's address says that it does not
			       * know the SA that sends. A hint, not proven; at most one in a second */
	FORWARD_BFD_STATE,    /* struct forward_bfd_state: a session changed, was set, or is told of */
	FORWARD_BFD_LATE,     /* struct forward_bfd, only .link, .local and .remote count: NHRP's session is Up, and goes
			       * down with the next packet that does not come */
	FORWARD_BFD_END,      /* struct forward_bfd_end: after all states that FORWARD_BFD_GET brought */
	FORWARD_BFDD,         /* struct forward_bfdd: bfdd has connected or is gone; when it is there, also before
			       * FORWARD_HELD_END */
	FORWARD_PROBED,       /* struct forward_probe: that probe was answered */
	FORWARD_DOUBT,        /* struct forward_doubt: somebody on the underlay says that packets do not get to that
			       * peer. A hint, not proven; at most one per peer in 200 ms, and 64 a second */
	FORWARD_QUIET,        /* struct forward_peer: a packet went to a peer from which nothing came lately. At most
			       * one per peer in 300 ms */
};

struct forward_tunnel {
	uint32_t tunnel;
	uint32_t raw_id;          /* keeper_raw.id to send by */
	struct endpoint local;
	struct ipaddr remote;     /* point-to-point: the far end; IP_NONE: multipoint. Frames go there, but
				   * for those to a live relay, which go to it; packets are taken from
				   * the tunnel's other peers too, and from whom it lately sent NHRP to */
	uint64_t remote_peer;     /* point-to-point: peer id of the far end */
	uint8_t has_key;
	uint32_t key;
	uint8_t ttl;              /* of the outer header */
	uint8_t set_df;           /* tunnel path-mtu-discovery: set DF, follow the path MTU */
	uint8_t keeps_to_dead;    /* no nhrp fall-over relay: what is for a dead relay is not given to another */
	uint16_t ip_mtu, ipv6_mtu; /* bytes of the inner packet */
	uint16_t mss4, mss6;      /* bytes; 0: TCP MSS left alone */
	uint32_t protection;      /* IPsec profile, chosen by the control process; 0: unprotected */
	uint8_t mac[6];           /* the TAP's own */
	uint32_t addr_count;      /* the tunnel's own overlay addresses */
	struct ipaddr addrs[FORWARD_ADDRS_MAX];
	uint8_t prefix_lens[FORWARD_ADDRS_MAX]; /* of their subnets */
};

/* The GRE key of a peer whose tunnel has another one than ours. */
struct forward_key {
	uint8_t given;            /* 0: it has the key of our tunnel */
	uint8_t present;          /* 0: it has no key */
	uint32_t key;
};

/* What a peer is sent at most, its access link's headers included. */
struct forward_shape {
	uint64_t rate_bps;        /* bits a second; 0: whatever there is */
	uint32_t burst_octets;    /* after a pause so many go at once */
};

struct forward_peer {
	uint32_t tunnel;
	uint64_t peer;
	struct endpoint nbma;
	struct forward_key key;   /* packets to it carry this; from it both this and the tunnel's are taken */
	uint8_t serves;           /* one of our NHSs, live or not */
	struct forward_shape shape;
};

struct forward_session {
	uint32_t session;         /* chosen by the control process, never 0, not reused while the forwarder lives */
	uint32_t protection;
	struct endpoint local, remote;
};

struct forward_sa_bind {
	uint32_t session;
	uint32_t spi_in, spi_out; /* host order; 0: that direction is not bound or named */
	uint8_t is_initiator;     /* of the exchange that made this pair: it may send by it at once */
};

enum forward_sa_phase {
	FORWARD_SA_LARVAL,  /* SPI allocated, no keys yet */
	FORWARD_SA_UNBOUND, /* keys are there, its session is not known yet */
	FORWARD_SA_LIVE,    /* bound */
	FORWARD_SA_ORPHAN,  /* charon has forgotten it (it died); it goes on until replaced or expired */
	FORWARD_SA_GONE,
};

struct forward_sa_state {
	uint32_t session;         /* 0: not bound */
	uint32_t spi;             /* host order */
	uint8_t inbound;
	uint8_t phase;            /* enum forward_sa_phase */
	uint8_t sending;          /* outbound: the one that its session sends by */
	uint8_t udp;              /* in UDP (RFC 3948) */
	uint16_t remote_port;     /* of UDP; host order */
	uint16_t key_bits;
	char suite[24];           /* "AES-GCM-16-128", "AES-CBC-256/SHA1-96" */
	struct endpoint local, remote;
	uint64_t packets, bytes;  /* payload of ESP */
	uint64_t sequence;        /* last used or highest received, with ESN's upper half */
	uint32_t replay_drops, icv_drops;
	uint32_t replay_window;   /* packets */
	uint8_t esn;
	int64_t age_s, hard_s;    /* since it was installed; until it ends at the latest, INT64_MAX: never */
	int64_t idle_us;          /* since its last packet; INT64_MAX: none yet */
};

struct forward_session_state {
	uint32_t session;
	uint8_t can_send;
};

struct forward_relays {
	uint32_t tunnel;
	uint32_t count;
	uint64_t peers[FORWARD_RELAYS_MAX]; /* best first */
};

struct forward_nhrp {
	uint32_t tunnel;
	uint32_t length;
	struct endpoint endpoint; /* to or from */
	uint32_t session;         /* received: the session that it came by, 0: unprotected tunnel */
	struct forward_key key;   /* received: given when it is not the tunnel's; then `tunnel` is just one of
				   * those with this local endpoint. By its protocol addresses the control
				   * process knows better, here as where several tunnels have one key */
	uint8_t bytes[FORWARD_NHRP_MAX]; /* only `length` of them are sent */
};

struct forward_probe {
	uint32_t tunnel;
	uint32_t sequence;
	struct endpoint nbma;     /* a peer of the tunnel or not */
	struct ipaddr addr;       /* overlay address that is asked */
	int64_t rtt_us;           /* PROBED only */
};

struct forward_miss {
	uint32_t tunnel;
	struct ipaddr addr;
};

struct forward_stranger {
	uint32_t tunnel;
	struct endpoint from; /* outer source */
	struct ipaddr addr;   /* inner source */
};

struct forward_doubt {
	uint32_t tunnel;
	struct endpoint nbma;
};

struct forward_usage {
	uint32_t tunnel;
	uint64_t peer;
	struct ipaddr addr; /* returned as given */
	int64_t idle_us;    /* since the last packet to this peer; INT64_MAX: none yet */
};

struct forward_tunnel_counters {
	uint32_t tunnel;
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes; /* inner */
	uint64_t rx_nhrp, tx_nhrp, multicast_copies, relay_fallback; /* packets */
};

struct forward_peer_counters {
	uint32_t tunnel;
	uint64_t peer;
	struct endpoint nbma;
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
	struct forward_shape shape;
	uint64_t shaped_delayed, shaped_dropped; /* packets */
	uint32_t shaped_waiting;                 /* packets */
};

/* Packets that came from in_peer and left to out_peer (spoke -> hub -> spoke). */
struct forward_relay_counters {
	uint32_t in_tunnel, out_tunnel;
	uint64_t in_peer, out_peer;
	uint64_t packets, bytes;
};

struct forward_routing {
	uint32_t tunnel;
	struct ipaddr addr; /* overlay */
	uint8_t verdict;    /* enum plane_verdict */
};

/* How bfdd and the forwarder stand; also unasked whenever it changes. */
struct forward_bfdd {
	uint8_t connected;
	uint32_t sessions; /* of bfdd's */
};

/* A BFD session by (link, local, remote): bfd/bfd.h says what link is. */
struct forward_bfd {
	uint32_t link;
	struct ipaddr local, remote; /* on a tunnel: overlay addresses */
	struct endpoint nbma;        /* on a tunnel: packets go straight there, and count only from there */
	uint32_t desired_min_tx_us, required_min_rx_us;
	uint8_t multiplier, passive;
	uint8_t unhurried;           /* as in struct bfd_config */
};

struct forward_bfd_state {
	uint32_t link;
	struct ipaddr local, remote;
	struct endpoint nbma;
	uint8_t clients;               /* bits 1 << enum bfd_client */
	uint8_t state, diag, remote_state, remote_diag; /* as on the wire */
	uint8_t multiplier, remote_multiplier, polling;
	uint32_t discriminator, remote_discriminator;
	uint32_t desired_min_tx_us, required_min_rx_us, remote_desired_min_tx_us, remote_required_min_rx_us;
	uint32_t tx_interval_us;       /* 0: nothing is sent */
	int64_t detection_us;          /* 0: not watched */
	int64_t since_us;              /* in that state */
	uint64_t tx_packets, rx_packets;
	uint32_t failures;             /* times that it left Up */
};

struct forward_bfd_end {
	uint32_t sessions;
	uint32_t budget_packets_per_s, floor_us; /* no interval is below floor_us now: the budget's doing */
	uint32_t count;
	uint64_t drops[FORWARD_DROPS_MAX];       /* in the order of BFD_DROPS (bfd/bfd.h) */
};

/* Drop reasons in the order of FORWARD_DROPS below. */
struct forward_drop_counters {
	uint32_t count;
	uint64_t drops[FORWARD_DROPS_MAX];
};

#define FORWARD_DROPS(X) \
	X(GRE_SHORT, "GRE header cut short") \
	X(GRE_VERSION, "GRE version is not 0") \
	X(GRE_FLAGS, "GRE reserved flag set") \
	X(GRE_CHECKSUM, "GRE checksum wrong") \
	X(GRE_PROTOCOL, "GRE protocol neither IPv4, IPv6 nor NHRP") \
	X(NO_TUNNEL, "no tunnel with that source, destination and key") \
	X(OUTER_FRAGMENT, "outer packet malformed") \
	X(INNER_MALFORMED, "inner packet malformed") \
	X(NHRP_LONG, "NHRP message too long") \
	X(NHRP_NO_CONTROL, "NHRP message while the control process is away or slow") \
	X(FRAME_SHORT, "frame from the TAP cut short") \
	X(FRAME_OFFLOAD, "frame whose offload header does not fit it") \
	X(FRAME_TYPE, "frame neither IPv4, IPv6 nor ARP") \
	X(NO_PEER, "frame to a peer that is gone") \
	X(LOOP, "from a next hop server back to it, or to another that only stands in for somebody") \
	X(NO_RELAY, "unresolved neighbour and no live NHS to relay") \
	X(NO_MULTICAST, "multicast without any receiver") \
	X(LOCAL_LINK, "link-scope housekeeping kept on this machine") \
	X(HUSHED, "OSPF Hello while a next hop server may be dead") \
	X(ECN, "congestion mark on a packet that cannot carry it") \
	X(TOO_BIG, "larger than the path and must not be fragmented") \
	X(SHAPED, "more for a peer than its shaping holds") \
	X(NO_SA, "peer without a security association that can send") \
	X(PROTECTION, "protected by another profile than the tunnel's, or not at all") \
	X(ESP_SHORT, "ESP packet cut short") \
	X(ESP_SPI, "ESP packet of an unknown SPI") \
	X(ESP_REPLAY, "ESP packet repeated or older than the replay window") \
	X(ESP_ICV, "ESP packet that does not authenticate") \
	X(ESP_PADDING, "ESP padding or next header wrong") \
	X(ESP_EXPIRED, "security association at its end") \
	X(ESP_UNBOUND, "held too long for an SA whose peer is not known yet") \
	X(IKE_NOT_HANDED, "IKE message that charon did not take") \
	X(BFD, "BFD packet that its session does not take") \
	X(BFD_NO_WAY, "BFD packet to a peer that packets cannot be sent to") \
	X(SEND_ERROR, "underlay refused the packet") \
	X(TAP_ERROR, "TAP refused the packet")

enum forward_drop {
#define FORWARD_DROP_ENUM(name, text) FORWARD_DROP_##name,
	FORWARD_DROPS(FORWARD_DROP_ENUM)
#undef FORWARD_DROP_ENUM
	FORWARD_DROP_COUNT
};

#endif
