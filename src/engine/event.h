/*
 * event: everything the engine can be told. The caller owns what an event points to; the
 * engine copies what it keeps.
 *
 * Tunnels are named by their number (interface TunnelN). Underlay endpoints are (VRF,
 * address). A peer is one NBMA endpoint on one tunnel and has an id of 40 bits, never
 * reused while the tunnel's device lives; on the user data path the id is the peer's MAC
 * address 02:<id>.
 */
#ifndef DMVPN_ENGINE_EVENT_H
#define DMVPN_ENGINE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/instant.h"
#include "base/ipaddr.h"

enum { PEER_NONE = 0 };

enum { ROUTE_HOPS_MORE_MAX = 3 };

/* The GRE key of somebody whose tunnel has another one than ours: a shortcut leads across tunnels. */
struct foreign_key {
	bool given;   /* false: the tunnel's own key */
	bool present; /* false: no key at all */
	uint32_t key;
};

/* What a peer is sent at most. */
struct shape {
	uint64_t rate_bps;     /* bits a second on the wire; 0: whatever there is */
	uint32_t burst_octets; /* that go at once after a pause */
};

/* One further next hop of a multipath route. */
struct route_hop {
	struct ipaddr gateway;
	bool via_tunnel;
	uint32_t tunnel;
};

enum event_type {
	EVENT_TICK,      /* engine_deadline() has come */
	EVENT_PACKET,    /* NHRP message received */
	EVENT_TUNNEL,    /* device up or down, or its local underlay address changed */
	EVENT_ROUTE,     /* the kernel's routing table of the overlay VRF changed */
	EVENT_MISS,      /* traffic to an overlay address that has no neighbour entry */
	EVENT_STRANGER,  /* a data packet from a sender that is no peer of the tunnel */
	EVENT_HAIRPIN,   /* a data packet came in by a tunnel and left by a tunnel */
	EVENT_USAGE,     /* answer to EFFECT_USAGE */
	EVENT_REACHABLE, /* protected tunnel: packets can now be sent to that endpoint, which they could not
			  * before, or it has begun anew. A sign of life of it: what waited for an answer is asked
			  * again at once; a registration there is said again, since it may be forgotten */
	EVENT_TAKEN,     /* protected tunnel: somebody else than before has authenticated at that endpoint, and has not been sent
			  * anything yet. What was learnt of the former is over (reachable.nbma); what is configured stays */
	EVENT_PROBED,    /* a probe of EFFECT_PROBE was answered by who was asked */
	EVENT_QUIET,     /* traffic goes straight to that endpoint, and for a while nothing came from it */
	EVENT_DOUBT,     /* somebody unproven says that packets do not get there */
	EVENT_BFD,       /* a session of EFFECT_BFD_SET came up, or went down from up. Not said when the far end
			  * only says that it is administratively down */
	EVENT_BFD_LATE,  /* such a session is up, and goes down with the next packet that does not come */
	EVENT_NAME,      /* answer to EFFECT_RESOLVE */
	EVENT_PEER_KNOWN,/* before EVENT_TUNNEL up: a peer that the data path still holds; it stays until EVENT_SETTLED */
	EVENT_NEIGHBOUR_KNOWN, /* after a restart: a neighbour entry that the kernel still holds */
	EVENT_BINDING_SAVED, /* after a restart: what an earlier life knew and saved (saved.h) */
	EVENT_SETTLED,   /* a hold time after a restart: neighbours and routes of an earlier life that nothing claimed have been
			  * swept, so that the peers which they led to may go */
	EVENT_CLEAR,     /* operator: drop dynamic bindings (`clear ip nhrp`) */
	EVENT_SHUTDOWN,  /* clean stop: purge registrations, then say EFFECT_DONE */
};

struct event {
	enum event_type type;
	uint32_t tunnel;
	union {
		struct {
			struct endpoint from; /* outer source: where it really came from */
			/* Who that is, as IPsec authenticated it ("spoke1.example.net"); NULL on an
			 * unprotected tunnel. Registrations are bound to it. */
			const char *identity;
			/* Overlay addresses that the certificate names which he authenticated with; only asked
			 * for where `ip nhrp identity certificate` is. */
			const struct ipaddr *certified;
			size_t certified_count;
			/* Of the packet, when it is not the tunnel's: event.tunnel is then only one of those that
			 * share the local endpoint. */
			struct foreign_key key;
			const uint8_t *bytes; /* from ar$afn on */
			size_t length;
		} packet;
		struct {
			bool up;
			struct endpoint local; /* addr IP_NONE while unknown */
		} tunnel_state;
		struct {
			bool add;             /* add replaces a route of the same prefix and VRF */
			uint32_t vrf;         /* overlay VRF */
			struct ipprefix dst;
			struct ipaddr gateway; /* IP_NONE: connected */
			bool via_tunnel;       /* out interface is tunnel `event.tunnel` */
			bool local;            /* an address of this router */
			size_t more_count;     /* next hops of a multipath route beside this one */
			struct route_hop more[ROUTE_HOPS_MORE_MAX];
		} route;
		struct {
			struct ipaddr addr; /* next hop that the kernel asked for */
		} miss;
		struct {
			struct endpoint from; /* outer source */
			struct ipaddr addr;   /* inner source */
		} stranger;
		struct {
			uint64_t peer;       /* ingress peer id, PEER_NONE when unknown */
			struct endpoint nbma; /* where it came from, when that is known instead; addr IP_NONE */
			bool outside;        /* it left by no tunnel: towards a partner, perhaps */
			uint32_t tunnel_out; /* else by this one; event.tunnel is the ingress tunnel */
			const uint8_t *bytes; /* inner packet from its IP header, possibly cut */
			size_t length;
		} hairpin;
		struct {
			uint64_t peer;
			struct ipaddr addr; /* as asked */
			struct span idle;   /* since the last packet sent to it */
		} usage;
		struct {
			struct endpoint nbma;
		} reachable; /* and TAKEN */
		struct {
			struct endpoint nbma; /* as in the effect */
			uint32_t sequence;
			struct span rtt;      /* as measured where the probe left and the answer came */
		} probed;
		struct {
			struct endpoint nbma;
			bool guessed; /* QUIET: the data path cannot tell; only direct peers are looked at then */
		} quiet; /* and DOUBT */
		struct {
			struct ipaddr addr;   /* overlay address of the peer */
			struct endpoint nbma; /* as in the effect */
			bool up;
			uint8_t diag;         /* enum bfd_diag of wire/bfd.h: why it went down */
		} bfd; /* and BFD_LATE */
		struct {
			const char *name;
			size_t count; /* 0: does not resolve */
			const struct ipaddr *addrs;
		} name;
		struct {
			uint64_t peer;
			struct endpoint nbma;
			struct foreign_key key;
			struct shape shape;
		} peer_known;
		struct {
			struct ipaddr addr;
			uint64_t peer; /* to which it leads, told by EVENT_PEER_KNOWN; else PEER_NONE … */
			struct endpoint nbma; /* … and where that is */
		} neighbour_known;
		struct {
			struct ipprefix dst;
			bool registered;      /* a client of ours did; else an answer said so */
			bool network;         /* behind the next hop `via`, which is told of before */
			struct ipaddr via;
			struct ipaddr asked;  /* the address to ask for again */
			struct endpoint nbma; /* of the next hop */
			struct ipaddr claimed_nbma;
			const char *identity; /* as packet.identity */
			bool unique, router, authoritative, nat;
			bool answers;         /* it has answered a probe */
			uint8_t preference;
			uint16_t mtu_bytes;
			struct span left;     /* of its hold time */
		} saved;
		struct {
			struct ipaddr addr; /* IP_NONE: all of the tunnel */
		} clear;
	};
};

#endif
