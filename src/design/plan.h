/*
 * plan: from wishes ("200 spokes, two hubs, a second of outage at most") to a design, with the reasons.
 *
 * Everything here is a pure function of the wish: no clock, no file, no randomness. The configurations
 * need secrets, which the caller brings. What cannot be is refused with the reason and a wish that can.
 *
 * Numbers start at 1 everywhere, as in the names of what is planned: hub 1, spoke 1, uplink 1, Tunnel1.
 */
#ifndef DMVPN_DESIGN_PLAN_H
#define DMVPN_DESIGN_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/ipaddr.h"

enum {
	PLAN_HUBS_MAX = 8,
	PLAN_UPLINKS_MAX = 2,
	PLAN_SPOKES_MAX = 10000,
	PLAN_TUNNELS_MAX = PLAN_HUBS_MAX * PLAN_UPLINKS_MAX,
	PLAN_OUTAGES_MAX = 8,
	PLAN_CORE_BFD_MS = 50, /* between hubs and core router */
};

/* 0 stands for "not said" in each: then the planner decides. */
enum plan_design { PLAN_DESIGN_ANY, PLAN_HUB_PER_TUNNEL, PLAN_HUBS_IN_ONE_TUNNEL };
enum plan_routing { PLAN_ROUTING_ANY, PLAN_BGP, PLAN_OSPF, PLAN_EIGRP, PLAN_RIP, PLAN_STATIC };
enum plan_platform { PLAN_PLATFORM_ANY, PLAN_DMVPN, PLAN_CISCO };
enum plan_protection { PLAN_PROTECTION_ANY, PLAN_SHARED_KEY, PLAN_CERTIFICATES, PLAN_UNPROTECTED };
enum plan_addresses { PLAN_ADDRESSES_ANY, PLAN_FIXED, PLAN_DHCP };
enum plan_bfd { PLAN_BFD_ANY, PLAN_BFD_YES, PLAN_BFD_NO };
enum plan_balance { PLAN_BALANCE_ANY, PLAN_PRIMARY, PLAN_SHARE };

struct plan_wish {
	unsigned spokes, hubs, uplinks, phase;
	enum plan_design design;
	enum plan_routing routing;
	enum plan_platform platform;
	enum plan_protection protection;
	enum plan_addresses addresses; /* of the spokes' uplinks */
	enum plan_bfd bfd;
	enum plan_balance balance; /* between the hubs */
	unsigned failover_ms;
};

/* Why something cannot be, and what can. */
struct plan_refusal {
	char *wish; /* as it was said, or the keys that do not go together */
	char *reason;
	char *remedy;
};

struct plan_refusals {
	size_t count;
	struct plan_refusal *at;
};

void plan_refuse(struct plan_refusals *r, const char *wish, const char *remedy, const char *reason, ...)
	__attribute__((format(printf, 4, 5)));
void plan_refusals_done(struct plan_refusals *r);

/* Reads words of the form key=value; *wish is zero before. false: some were refused. */
bool plan_wish_parse(struct plan_wish *wish, struct plan_refusals *refused, size_t count, char *const *words);
/* The wish in words that plan_wish_parse() reads; only what was said. malloc'd. */
char *plan_wish_text(const struct plan_wish *wish);
/* One line for each key: what it means, and its values. */
void plan_wish_help(FILE *out);

const char *plan_design_name(enum plan_design d);
const char *plan_routing_name(enum plan_routing r);

/* One decision, or one thing that was not chosen. */
struct plan_note {
	const char *what; /* "design", "phase", … */
	char *choice;
	char *why;
	const char *source; /* where that is from; NULL: arithmetic */
};

struct plan_notes {
	size_t count;
	struct plan_note *at;
};

struct plan_tunnel {
	unsigned number, uplink;
	unsigned hub; /* the only one in it; 0: all are */
	bool has_key; /* the key is network_id */
	uint32_t network_id;
	struct ipprefix subnet;
};

struct plan_timers {
	unsigned registration_s, holdtime_s;
	unsigned max_send;           /* NHRP messages per 10 s; 0: the default does */
	unsigned hello_s, dead_s;    /* of the routing protocol; 0: it has none */
	unsigned bfd_ms, bfd_multiplier; /* on the tunnels; 0: none */
	unsigned bfd_effective_ms;   /* what the packet budget of a hub makes of it */
};

/* What each router of one kind has to do; zero where it does not apply. */
struct plan_box {
	const char *name; /* "hub", "spoke", "core" */
	unsigned count;
	unsigned tunnels, interfaces;
	unsigned sessions;      /* IPsec, always there */
	unsigned direct;        /* IPsec, when everybody talks to everybody */
	unsigned registrations; /* held by a hub, kept up by a spoke */
	double registrations_per_s;
	unsigned neighbours; /* of the routing protocol */
	unsigned bfd_sessions;
	unsigned routes;     /* that it learns over the tunnels, about */
	/* Messages per second, both directions. */
	double nhrp_per_s, probes_per_s, bfd_per_s, routing_per_s;
};

struct plan_outage {
	const char *fault;
	bool lasts;              /* until it is repaired: there is no other way */
	unsigned at_most_ms;
	unsigned measured_ms;    /* the longest that was measured; 0: nothing comparable was */
	char *from;              /* where the figure comes from */
};

struct plan {
	struct plan_wish wish; /* as said */
	/* As decided: no field is "any". failover_ms is 0 when nobody asked. */
	struct plan_wish is;
	bool fvrf;        /* the uplinks lie in VRFs of their own */
	bool summary;     /* spokes get a summary for all other spokes, no route for each */
	unsigned ospf_area; /* of the tunnels */
	struct plan_notes decisions, rejected, remarks;
	size_t tunnel_count;
	struct plan_tunnel tunnels[PLAN_TUNNELS_MAX];
	struct plan_timers timers;
	struct plan_box hub, spoke, core; /* core.count 0: the data centre's LAN is the only hub's own */
	uint64_t direct_sessions; /* in the whole network, when everybody talks to everybody */
	size_t outage_count;
	struct plan_outage outages[PLAN_OUTAGES_MAX];
};

/* NULL: refused, and *refused says why. */
struct plan *plan_new(const struct plan_wish *wish, struct plan_refusals *refused);
void plan_free(struct plan *p); /* NULL is fine */

bool plan_is_multipoint(const struct plan *p);   /* the spokes' tunnels are */
bool plan_hub_in(const struct plan_tunnel *t, unsigned hub);
unsigned plan_hub_tunnels(const struct plan *p); /* per hub */
unsigned plan_nhs_per_spoke(const struct plan *p);
/* Tunnels of a spoke share their source: `shared`, and keys where they are multipoint. */
bool plan_shares_source(const struct plan *p);
/* The hub that a spoke prefers; 0: none. */
unsigned plan_primary_hub(const struct plan *p, unsigned spoke);

/* ---- addresses: the same for the same wish; the uplinks' are placeholders ---- */

struct ipaddr plan_hub_uplink(unsigned hub, unsigned uplink);
struct ipaddr plan_hub_gateway(unsigned hub, unsigned uplink);
struct ipaddr plan_spoke_uplink(unsigned spoke, unsigned uplink);
struct ipaddr plan_spoke_gateway(unsigned spoke, unsigned uplink);
struct ipaddr plan_hub_address(const struct plan_tunnel *t, unsigned hub);
struct ipaddr plan_spoke_address(const struct plan_tunnel *t, unsigned spoke);
struct ipprefix plan_spoke_lan(unsigned spoke);
struct ipprefix plan_spoke_lans(const struct plan *p); /* covers all */
struct ipprefix plan_core_lan(void);
struct ipprefix plan_core_link(unsigned hub); /* .1 the hub, .2 the core router */
struct ipaddr plan_host(const struct ipprefix *p, uint32_t number);
unsigned plan_tunnel_bits(const struct plan_wish *w); /* prefix length of the tunnels' subnets */

/* Text that lives until the end of the full expression: plan_ip(a).text. */
struct plan_ip_text { char text[IPPREFIX_TEXT_MAX]; };

struct plan_ip_text plan_ip(struct ipaddr a);
struct plan_ip_text plan_prefix(struct ipprefix p);
struct plan_ip_text plan_mask(unsigned length);
struct plan_ip_text plan_wildcard(unsigned length);

/* ---- pieces of plan_new() ---- */

void plan_note(struct plan_notes *n, const char *what, const char *choice, const char *source, const char *why, ...)
	__attribute__((format(printf, 5, 6)));
void plan_notes_done(struct plan_notes *n);
/* The faults and what each costs, with BFD of that interval on the tunnels (0: none). Answers the longest that ends. */
unsigned plan_predict(struct plan *p, unsigned bfd_ms);
/* What the packet budget of a router makes of an interval for that many sessions. */
unsigned plan_bfd_interval(unsigned wanted_ms, unsigned sessions);
void plan_count(struct plan *p);

/* ---- what comes out ---- */

struct plan_secrets {
	char pre_shared_key[41];
	char nhrp_authentication[9];
};

enum plan_role { PLAN_HUB, PLAN_SPOKE, PLAN_CORE };

void plan_write_config(const struct plan *p, const struct plan_secrets *s, enum plan_role role, unsigned number, FILE *out);
/* The routing part of the same, from "router …" on. */
void plan_write_routing(const struct plan *p, enum plan_role role, unsigned number, FILE *out);
/* What of routing stands under a tunnel, or an interface between hub and core. */
void plan_write_routing_tunnel(const struct plan *p, const struct plan_tunnel *t, enum plan_role role, unsigned number, FILE *out);
void plan_write_routing_inside(const struct plan *p, unsigned hub, FILE *out);
/* The data centre's side sees hubs die by BFD of its own. */
bool plan_core_has_bfd(const struct plan *p);
/* Interfaces in the order of their use: uplinks first, then the inside. Number from 0. */
struct plan_ip_text plan_port(unsigned number);
void plan_write_text(const struct plan *p, FILE *out);
void plan_write_notes(const char *title, const char *joint, const struct plan_notes *n, FILE *out);
void plan_write_outages(const struct plan *p, FILE *out);

#endif
