/*
 * binding: the cache. A binding says at which NBMA endpoint an overlay address lives
 * (next-hop binding, a neighbour on the data path), or through which overlay next hop a
 * network is reached (shortcut binding, a route in the shortcut table; it hangs off the
 * next-hop binding of its gateway and never outlives it).
 *
 * At most one binding per prefix and overlay. A lower kind never replaces a higher one:
 * STATIC > NHS > REGISTERED > CACHED (enum binding_kind is in that order).
 */
#ifndef DMVPN_ENGINE_BINDING_H
#define DMVPN_ENGINE_BINDING_H

#include "engine/path.h"

enum { REQUESTERS_MAX = 64 };

struct requester {
	struct ipaddr addr;
	struct endpoint nbma;
	struct instant until; /* when its copy expires by itself */
};

/* Who holds a copy of something we said; the oldest gives way when full. */
struct requesters {
	struct requester *list; /* allocated with the first */
	uint16_t count, next;
};

/* What is CACHED is looked after as long as it is of use. */
struct upkeep {
	struct timer refresh;
	struct timer uncovered; /* shortcut bindings: runs while no route covers it */
	struct ipaddr asked;    /* the address to ask for again */
	bool usage_asked;
};

/* A hub has one for each of its clients. What few of them need is allocated apart. */
struct binding {
	struct tree_node node;
	struct hash_node by_dst;
	struct overlay *overlay;
	struct peer *peer;           /* next-hop bindings: held */
	struct binding *hop;         /* shortcut bindings: of the gateway */
	struct binding *shortcuts;   /* next-hop bindings: head of those that hang off it */
	struct binding *next_shortcut;
	struct upkeep *upkeep;       /* CACHED */
	char *identity;              /* who said it himself, as IPsec authenticated him; NULL: not known */
	struct endpoint *bfd_to;     /* where its BFD session was asked for; NULL: none is */
	struct requesters requesters;
	struct path_watch path;      /* CACHED and REGISTERED next-hop bindings */
	struct timer expiry;         /* its deadline is when the binding expires */
	struct span hold;
	struct instant created;
	struct ipprefix dst;
	struct ipaddr via;
	struct ipaddr claimed_nbma;  /* pre-NAT; IP_NONE when the same */
	uint16_t mtu_bytes;
	uint8_t preference;
	bool unique, router, authoritative, implicit, nat, used;
	bool restored;               /* an earlier life knew it; nobody has said it to this one yet */
	bool wanted;                 /* STATIC and NHS: mark of the last look at the configuration */
	bool multicast;              /* holds a multicast reference of the peer */
	enum binding_kind kind;
};

struct binding_facts {
	struct ipprefix dst;
	struct ipaddr via;
	enum binding_kind kind;
	struct endpoint nbma;       /* next-hop bindings */
	struct ipaddr claimed_nbma;
	const char *identity;       /* NULL: not known, or said by another */
	struct binding *hop;        /* shortcut bindings */
	struct ipaddr asked;
	bool unique, router, authoritative, implicit, nat, multicast, restored;
	uint8_t preference;
	uint16_t mtu_bytes;
	struct span hold;           /* us == 0: for ever */
};

void bindings_init(struct overlay *o);
/*
 * Adds or updates. NULL when a higher kind stands in the way, or the table is full
 * (counted). The peer is set before the neighbour, the neighbour before the route.
 */
struct binding *binding_learn(struct overlay *o, const struct binding_facts *f);
/* Removes with all that hangs off it: routes, neighbour, peer, in that order. */
void binding_remove(struct binding *b, const char *reason);
void bindings_free(struct overlay *o); /* without effects */

struct binding *binding_find(const struct overlay *o, const struct ipprefix *dst);
struct binding *binding_host(const struct overlay *o, const struct ipaddr *addr); /* next-hop binding */
/* The longest next-hop or shortcut binding, of any kind, that contains addr; NULL: none. */
struct binding *binding_match(const struct overlay *o, const struct ipaddr *addr);
void binding_say_again(const struct binding *b); /* the neighbour, as the data path lost it */
/* Traces that a client is gone, when the binding is a client's. */
void binding_say_client_down(const struct binding *b, const char *reason);
bool bindings_registered(const struct overlay *o); /* whether a client is */
struct binding *binding_first(const struct overlay *o);
struct binding *binding_next(const struct binding *b);
/* The NBMA endpoint to reach it; for shortcuts that of the gateway. */
const struct endpoint *binding_nbma(const struct binding *b);

/* What is somebody's own must not be said by somebody else. */
bool binding_is_of_other(const struct binding *b, const char *identity);
void binding_expired(struct binding *b);
void binding_refresh_due(struct binding *b);
void binding_path_lost(struct binding *b); /* nothing gets there straight: its traffic goes by an NHS again */
void bindings_follow_paths(struct overlay *o); /* probes were switched on or off */
void bindings_usage(struct overlay *o, const struct ipaddr *addr, struct span idle);
bool binding_is_dynamic(const struct binding *b); /* neither the configuration's nor a server's */
/* Of another kind from now on; only dynamic ones count against engine_options.bindings_max. */
void binding_set_kind(struct binding *b, enum binding_kind kind);
/* Removes it, and answers the one that comes after. */
struct binding *binding_remove_and_next(struct binding *b, const char *reason);
/* Brings STATIC and NHS bindings in line with configuration, names and NHSs (binding_static.c). */
void bindings_apply_static(struct overlay *o);
/* Removes CACHED and, when asked, REGISTERED bindings; addr IP_NONE: all. */
void bindings_clear(struct overlay *o, const struct ipaddr *addr, bool registered, const char *reason);
/* Whom we learnt to be at that endpoint is not there any more, another is. */
void bindings_taken(struct overlay *o, const struct endpoint *nbma);
void bindings_replay(struct overlay *o);

void requesters_add(struct requesters *r, const struct requester *who);
void requesters_done(struct requesters *r);

#endif
