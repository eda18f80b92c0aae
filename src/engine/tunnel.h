/*
 * tunnel: one tunnel interface, and in it one or two overlays: the NHRP of IPv4 and that
 * of IPv6, which share the tunnel's peers and underlay.
 */
#ifndef DMVPN_ENGINE_TUNNEL_H
#define DMVPN_ENGINE_TUNNEL_H

#include "engine/bucket.h"
#include "engine/peer.h"
#include "engine/settings.h"
#include "engine/state.h"

struct nhs;
struct name;
struct partner;

struct overlay {
	struct tunnel *tunnel;
	enum ip_family family;
	const struct config_nhrp *cfg; /* in tunnel->settings */
	struct ipaddr addr;            /* the primary address; IP_NONE: none configured */
	/* Value of the Authentication extension: type 1 (cleartext) and the secret; 0: none. */
	uint8_t authentication[4 + NHRP_AUTH_MAX];
	uint16_t authentication_len;
	struct ipaddr link_local;      /* IPv6; IP_NONE while unknown */
	struct tree bindings;          /* binding.h, by prefix, … */
	struct hash bindings_by_dst;   /* … and for who knows exactly which */
	struct tree resolutions;       /* resolution.h, by target address */
	struct tree answers;           /* answer.h, by prefix */
	struct tree redirects;         /* redirect.h, by (source, destination) */
	struct redirect *redirect_oldest, *redirect_newest;
	size_t partner_count;
	struct partner *partners;      /* partner.h, order of the configuration */
	size_t nhs_count;
	struct nhs **nhs;              /* order of the configuration */
	struct token_bucket sends;     /* max-send */
	struct takeover *takeover; /* who waits for another's address; NULL: nobody */
	struct token_bucket strangers; /* the part of it that may go to those who are no clients */
	struct instant error_window, auth_window;
	unsigned errors_in_window, auth_traces_in_window;
	struct ipaddr auth_told[5]; /* reported in the window */
};

struct tunnel {
	struct engine *engine;
	struct settings settings;
	bool up;
	struct endpoint local; /* addr IP_NONE while unknown */
	struct ipaddr outside; /* our post-NAT address as an NHS saw it; IP_NONE: not natted */
	struct overlay *overlays[2]; /* IPv4, IPv6; NULL: NHRP is off */
	struct hash peers, peers_by_id; /* peer.h, by NBMA endpoint and by id */
	struct hash paths;           /* path.h, by NBMA endpoint */
	size_t direct_watches;       /* of them, PATH_WATCH_DIRECT */
	struct peer *destination;    /* point-to-point: the far end while no NHS lives */
	size_t multicast_count;
	struct peer **multicast;     /* static multicast maps */
	struct name *names;          /* host names in use, in order of the configuration */
	struct relays relays; /* as told last */
	bool relays_told, carrier, carrier_told;
	bool serves; /* we were a server once since it came up */
	struct timer hold;           /* hold.h; runs while routes are held */
	bool rests;                  /* warm.h: probes and registrations at the slow pace */
	struct timer warm;           /* warm.h; runs while the better tunnel is usable and this one does not rest yet */
	uint64_t holds;              /* so often since an NHS died */
};

struct tunnel *tunnel_new(struct engine *e, struct settings *s); /* takes the settings over */
void tunnel_free(struct tunnel *t);   /* without effects */
void tunnel_remove(struct tunnel *t); /* purges, effects; then to be freed */
/* Applies settings of the same tunnel in place; takes them over. */
void tunnel_change(struct tunnel *t, struct settings *s);
void tunnel_event(struct tunnel *t, bool up, const struct endpoint *local);
void tunnel_name_event(struct tunnel *t, const char *name, size_t count, const struct ipaddr *addrs);
void tunnel_name_due(struct name *n);
/* The addresses that a host stands for now; 0: a name that does not resolve (yet). */
size_t tunnel_host_addrs(const struct tunnel *t, const struct config_host *h, const struct ipaddr **addrs);
void tunnel_link_local(struct tunnel *t, const struct ipaddr *addr);

/* After any change of an NHS: relays, carrier, entries that lean on a dead one. */
void tunnel_nhs_changed(struct tunnel *t);
void tunnel_serves(struct tunnel *t); /* a client has registered */

struct overlay *tunnel_overlay(const struct tunnel *t, enum ip_family family);
struct engine *overlay_engine(const struct overlay *o);
struct rib *overlay_rib(const struct overlay *o);
bool overlay_owns(const struct overlay *o, const struct ipaddr *addr); /* an address of this interface */
/* An address of this router in the overlay's VRF. */
bool overlay_is_local(const struct overlay *o, const struct ipaddr *addr);
/* In a subnet configured on the interface; network and broadcast address excluded. */
bool overlay_on_subnet(const struct overlay *o, const struct ipaddr *addr);
bool overlay_same_dmvpn(const struct overlay *a, const struct overlay *b);
/* The overlay that a route points into, if it is of the same DMVPN as o; else NULL. Of a
 * multipath route o itself when one of its next hops lies there. r may be NULL. */
struct overlay *overlay_of_route(const struct overlay *o, const struct route *r);
/* The gateway of the next hop that lies in o; the first one's when none does. */
const struct ipaddr *overlay_gateway(const struct overlay *o, const struct route *r);
struct endpoint overlay_endpoint(const struct overlay *o, const struct ipaddr *nbma);
/* An address that is an underlay address of this router in that VRF. */
bool engine_owns_nbma(const struct engine *e, const struct endpoint *nbma);

/* for (struct overlay *o = overlay_first(e); o; o = overlay_next(o)): tunnel, then family. */
struct overlay *overlay_first(const struct engine *e);
struct overlay *overlay_next(const struct overlay *o);

#endif
