/*
 * rule: the rules as data, and what they find.
 *
 * A rule is a name that stays, how grave it is as a rule, why, and where that is from. A
 * finding is one case of it: a sentence with the values, what to write instead, and the
 * lines concerned on each side.
 */
#ifndef DMVPN_DESIGN_RULE_H
#define DMVPN_DESIGN_RULE_H

#include <stddef.h>
#include <stdint.h>

struct config;
struct design;

enum design_severity {
	DESIGN_BREAKS,   /* something that was meant does not work */
	DESIGN_DEGRADES, /* works, with a part missing or slower */
	DESIGN_PRACTICE, /* works as written, and should not be so */
	DESIGN_ADVICE,   /* to be known; other makes need it */
	DESIGN_SEVERITIES,
};

#define RULES(X) \
	X(NHS_OUTSIDE_SUBNET, "nhs-outside-subnet") \
	X(NHS_WITHOUT_MAP, "nhs-without-map") \
	X(NHS_OF_NOBODY, "nhs-of-nobody") \
	X(NHS_MISSING, "nhs-missing") \
	X(NBMA_OF_NOBODY, "nbma-of-nobody") \
	X(NBMA_OF_ANOTHER_ROUTER, "nbma-of-another-router") \
	X(MULTICAST_MAP_MISSING, "multicast-map-missing") \
	X(NETWORK_ID_MISSING, "network-id-missing") \
	X(NETWORK_ID_SHARED, "network-id-shared") \
	X(AUTHENTICATION_MISMATCH, "authentication-mismatch") \
	X(AUTHENTICATION_TOO_LONG, "authentication-too-long") \
	X(KEY_MISMATCH, "key-mismatch") \
	X(KEY_MISSING, "key-missing") \
	X(MASK_MISMATCH, "mask-mismatch") \
	X(DUPLICATE_ADDRESS, "duplicate-address") \
	X(TUNNEL_WITHOUT_ADDRESS, "tunnel-without-address") \
	X(PHASE_MIX, "phase-mix") \
	X(PHASE1_SEVERAL_HUBS, "phase1-several-hubs") \
	X(SHORTCUT_WITHOUT_REDIRECT, "shortcut-without-redirect") \
	X(REDIRECT_WITHOUT_SHORTCUT, "redirect-without-shortcut") \
	X(HUB_KNOWS_NO_PARTNER, "hub-knows-no-partner") \
	X(UNIQUE_WITH_DYNAMIC_ADDRESS, "unique-with-dynamic-address") \
	X(REGISTRATION_SLOWER_THAN_HOLDTIME, "registration-slower-than-holdtime") \
	X(TIMERS_TOO_SLOW, "timers-too-slow") \
	X(MAX_SEND_TOO_LOW, "max-send-too-low") \
	X(IF_STATE_ON_HUB, "if-state-on-hub") \
	X(BFD_MISMATCH, "bfd-mismatch") \
	X(TRANSPORT_MISMATCH, "transport-mismatch") \
	X(PROTECTION_MISMATCH, "protection-mismatch") \
	X(PROFILE_NOT_SHARED, "profile-not-shared") \
	X(IKE_PEER_NOT_COVERED, "ike-peer-not-covered") \
	X(IKE_IDENTITY_HUB_ONLY, "ike-identity-hub-only") \
	X(ROUTE_VIA_WITH_PROTECTION, "route-via-with-protection") \
	X(MTU_MISMATCH, "mtu-mismatch") \
	X(MTU_TOO_LARGE, "mtu-too-large") \
	X(MSS_MISSING, "mss-missing") \
	X(MSS_TOO_LARGE, "mss-too-large") \
	X(ROUTING_MISMATCH, "routing-mismatch") \
	X(ROUTING_AUTHENTICATION_MISMATCH, "routing-authentication-mismatch") \
	X(EIGRP_AS_MISMATCH, "eigrp-as-mismatch") \
	X(SPLIT_HORIZON, "split-horizon") \
	X(EIGRP_STUB_HUB, "eigrp-stub-hub") \
	X(NEXT_HOP_SELF, "next-hop-self") \
	X(SUMMARY_IN_PHASE2, "summary-in-phase2") \
	X(OSPF_NETWORK_TYPE, "ospf-network-type") \
	X(OSPF_SPOKE_MAY_BE_DR, "ospf-spoke-may-be-dr") \
	X(OSPF_NO_DR, "ospf-no-dr") \
	X(OSPF_AREA_MISMATCH, "ospf-area-mismatch") \
	X(OSPF_TIMERS_MISMATCH, "ospf-timers-mismatch") \
	X(OSPF_TOO_MANY_SPOKES, "ospf-too-many-spokes") \
	X(DUPLICATE_ROUTER_ID, "duplicate-router-id") \
	X(NETWORK_NOT_ANNOUNCED, "network-not-announced") \
	X(BGP_AS_MISMATCH, "bgp-as-mismatch") \
	X(BGP_LISTEN_RANGE, "bgp-listen-range") \
	X(BGP_NOT_REFLECTED, "bgp-not-reflected") \
	X(BGP_ONE_AS, "bgp-one-as") \
	X(RECURSIVE_ROUTING, "recursive-routing") \
	X(DEFAULT_ROUTE_WITHOUT_FVRF, "default-route-without-fvrf") \
	X(ONE_DEFAULT_TWO_UPLINKS, "one-default-two-uplinks") \
	X(INTER_VRF_ROUTE_WITHOUT_INTERFACE, "inter-vrf-route-without-interface") \
	X(STATIC_ROUTE_WITHOUT_IF_STATE, "static-route-without-if-state") \
	X(SOURCE_SHUT, "source-shut") \
	X(SOURCE_WITHOUT_ADDRESS, "source-without-address") \
	X(TUNNEL_VRF_MISSING, "tunnel-vrf-missing") \
	X(VRF_ROUTE_MISSING, "vrf-route-missing") \
	X(OVERLAPPING_UPLINKS, "overlapping-uplinks") \
	X(NAT_CATCHES_TUNNEL, "nat-catches-tunnel") \
	X(DANGLING_REFERENCE, "dangling-reference") \
	X(METERED_UPLINK_TRAFFIC, "metered-uplink-traffic") \
	X(CLUSTERS_MISSING, "clusters-missing") \
	X(REDIRECT_LOST_BETWEEN_HUBS, "redirect-lost-between-hubs") \
	X(GROUP_WITHOUT_POLICY, "group-without-policy") \
	X(IKE_LIMIT_TOO_LOW, "ike-limit-too-low") \
	X(SUMMARY_MAP_MISSING, "summary-map-missing")

enum design_rule_id {
#define X(id, name) RULE_##id,
	RULES(X)
#undef X
	RULE_COUNT,
};

struct design_rule {
	enum design_severity severity; /* of a case that is nothing special */
	const char *reason;            /* one sentence: what happens */
	const char *source;            /* where that is from */
};

extern const struct design_rule design_rules[RULE_COUNT];
const char *design_rule_name(enum design_rule_id rule);

struct design_place {
	const char *file;
	unsigned line;
};

struct design_finding {
	enum design_rule_id rule;
	enum design_severity severity;
	char *text, *remedy; /* remedy is never NULL */
	size_t place_count;
	struct design_place *places; /* at least one; the one to change first */
	size_t number, others;       /* as found; with the same place to change first */
};

const char *design_severity_text(enum design_severity s); /* "breaks" … */

/* ---- for the rules ---- */

/* A new finding, of the rule's own severity; valid until the next one. remedy is copied. */
struct design_finding *design_found(struct design *d, enum design_rule_id rule, const char *remedy, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* A line concerned; 0 and repetitions are left out, and so is what comes after the first 64. */
void finding_place(struct design_finding *f, const struct config *c, unsigned line);
/* Sorts, and leaves one of equal findings. */
void design_sort(struct design *d);

/* Each looks at the whole design for its subject. */
void rules_nhrp(struct design *d);
void rules_tunnel(struct design *d);
void rules_redundancy(struct design *d);
void rules_ipsec(struct design *d);
void rules_mtu(struct design *d);
void rules_eigrp(struct design *d);
void rules_ospf(struct design *d);
void rules_bgp(struct design *d);
void rules_routing(struct design *d);
void rules_underlay(struct design *d);
void rules_nat(struct design *d);
void rules_names(struct design *d);
void rules_idle(struct design *d);
void rules_hubs(struct design *d);
void rules_sites(struct design *d);

#endif
