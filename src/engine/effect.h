/*
 * effect: everything the engine asks its caller to do. Values are complete: applying the
 * same effect twice is harmless. They must be applied in the order they come (a neighbour
 * is removed before its peer, a peer exists before a neighbour points to it).
 * Pointers in an effect stay valid until the next call of engine_next_effect().
 */
#ifndef DMVPN_ENGINE_EFFECT_H
#define DMVPN_ENGINE_EFFECT_H

#include "config/config.h"
#include "engine/event.h"

enum { RELAYS_MAX = 16 };

enum effect_type {
	EFFECT_SEND,        /* NHRP message to an NBMA endpoint */
	EFFECT_PEER_SET,    /* the data path needs this peer */
	EFFECT_PEER_DEL,
	EFFECT_NEIGHBOUR_SET, /* permanent neighbour: overlay address -> peer; again when it moves */
	EFFECT_NEIGHBOUR_DEL,
	EFFECT_MULTICAST_SET, /* replicate multicast to this peer */
	EFFECT_MULTICAST_DEL,
	EFFECT_RELAYS,      /* live NHSs, best first: traffic to unresolved neighbours goes there, and what is
			     * for a dead one until routing has turned away */
	EFFECT_SHORTCUT_SET, /* route in the shortcut table */
	EFFECT_SHORTCUT_DEL,
	EFFECT_USAGE,       /* tell when traffic was last sent to this neighbour (EVENT_USAGE) */
	EFFECT_RESOLVE,     /* resolve a host name to NBMA addresses (EVENT_NAME) */
	EFFECT_SILENT,      /* no answer came from that endpoint, twice: look whether what carries packets there
			     * (an IPsec session) still does */
	EFFECT_PROBE,       /* an ICMP echo through the tunnel to that overlay address, straight to that endpoint
			     * and nowhere else. Now or not at all; when answered: EVENT_PROBED */
	EFFECT_ROUTING,     /* the path to an overlay address, which routing may lean on, died or lives again: the
			     * routing protocol shall learn it at once (`nhrp fall-over`) */
	EFFECT_BFD_SET,     /* a BFD session with that peer, by packets straight to its endpoint; its changes
			     * are told by EVENT_BFD. Said again with another endpoint when the peer moves */
	EFFECT_BFD_DEL,
	EFFECT_CARRIER,     /* `if-state nhrp`: the tunnel's line protocol */
	EFFECT_TRACE,       /* something an operator wants to know */
	EFFECT_DONE,        /* after EVENT_SHUTDOWN: nothing more will come */
};

/* UNWATCHED: nothing is known here any more, routing may believe what it finds itself. */
enum routing_word { ROUTING_UNWATCHED, ROUTING_ALIVE, ROUTING_DEAD };

enum trace_severity { TRACE_ERROR = 3, TRACE_WARNING = 4, TRACE_NOTICE = 5, TRACE_INFO = 6, TRACE_DEBUG = 7 };

/*
 * dead: the other NHSs, as far as they are peers. serves: we are a server ourselves. Then a data path that does not
 * see whom a packet came from must not have one NHS stand in for another, or for a client: servers that lean on each
 * other would play ball with it. dead is empty then.
 */
struct relays {
	size_t count, dead_count;
	uint64_t peers[RELAYS_MAX], dead[RELAYS_MAX];
	bool serves;
};

struct effect {
	enum effect_type type;
	uint32_t tunnel;
	union {
		struct {
			struct endpoint to;
			uint64_t peer; /* PEER_NONE when it is not (yet) a peer */
			const uint8_t *bytes;
			size_t length;
		} send;
		struct {
			uint64_t peer;
			struct endpoint nbma;
			struct foreign_key key; /* PEER_SET: packets to it carry this key, and from it may */
			bool serves;            /* PEER_SET: one of our NHSs, whether it lives or not; told again when it becomes one */
			bool configured;        /* PEER_SET: the configuration names this endpoint, whoever is there; likewise */
			struct shape shape;     /* PEER_SET */
		} peer; /* PEER_SET, PEER_DEL, MULTICAST_SET, MULTICAST_DEL */
		struct {
			struct ipaddr addr;
			uint64_t peer;
			struct endpoint nbma;
		} neighbour;
		struct relays relays;
		struct {
			uint32_t vrf; /* overlay VRF */
			struct ipprefix dst;
			struct ipaddr gateway; /* overlay next hop; IP_NONE with throw_ */
			bool throw_; /* a hole: this more specific prefix is looked up in main */
		} shortcut;
		struct {
			struct ipaddr addr;
			uint64_t peer;
		} usage;
		struct {
			const char *name;
			enum ip_family family;
		} resolve;
		struct {
			struct endpoint nbma;
		} silent;
		struct {
			struct endpoint nbma;
			struct ipaddr addr;
			uint32_t sequence; /* of the router, never 0 */
		} probe;
		struct {
			struct ipaddr addr; /* an NHS, or a peer that is watched */
			enum routing_word says;
		} routing;
		struct {
			struct ipaddr local, remote; /* overlay addresses; with the tunnel they name the session */
			struct endpoint nbma;
			struct config_bfd config;
			struct span least; /* between two packets, whatever anybody wants: the tunnel rests; 0: nothing is asked */
		} bfd;
		struct {
			bool up;
		} carrier;
		struct {
			enum trace_severity severity;
			const char *mnemonic; /* "NHRP_NHS_UP", as after %DMVPN-5- */
			const char *text;     /* key=value …, one line, no secrets */
		} trace;
	};
};

#endif
