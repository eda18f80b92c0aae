/*
 * design: what a folder of router configurations amounts to, and what an expert finds in it.
 *
 * Tunnels with NHRP that belong together are a cloud; each is a member of its cloud, and what a
 * member registers with is a link. All of it is computed once by design_new(); the rules
 * (rule.h) then walk clouds, links and routers, and what they find is a list of findings in
 * order: the gravest first.
 *
 * Everything is looked up in sorted lists, so that a thousand routers cost what they are.
 * Nothing is changed in the configurations, which have to outlive the design.
 */
#ifndef DMVPN_DESIGN_DESIGN_H
#define DMVPN_DESIGN_DESIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "design/rule.h"

enum { DESIGN_NONE = UINT32_MAX };

struct design_router {
	const struct config *config;
	const char *name;           /* host name; without one, the file's */
	uint32_t first, count;      /* its members, in a row */
};

/* One family of NHRP on one tunnel. */
struct design_member {
	uint32_t router;
	uint32_t cloud;
	const struct config_interface *interface;
	const struct config_tunnel *tunnel;
	const struct config_nhrp *nhrp;
	enum ip_family family;
	const struct config_address *address; /* the tunnel's own; NULL: none */
	struct ipprefix subnet;               /* of that; family IP_NONE: none */
	const struct config_interface *source;/* the underlay's interface; NULL: not known */
	struct ipaddr nbma;                   /* its address; IP_NONE: none, or not known before run time */
	bool nbma_dynamic;                    /* given at run time: DHCP, PPP */
	bool hub;                             /* others register here, or it registers nowhere and is multipoint */
	bool spoke;                           /* registers somewhere, and nobody here */
	uint32_t first_link, link_count;      /* what it registers with, of design.links */
};

/* A member registers with another. */
struct design_link {
	uint32_t from, to;            /* members */
	const struct config_nhs *nhs; /* NULL: by `tunnel destination` only */
	bool strayed;                 /* the two are in different clouds: whatever else differs follows from that */
};

enum design_phase { PHASE_UNKNOWN, PHASE_1, PHASE_2, PHASE_3 };

struct design_cloud {
	uint32_t first, count;  /* in design.order */
	struct ipprefix subnet; /* of most of its members */
	enum ip_family family;
	enum design_phase phase;
	bool phase_given;       /* by spokes; else by what the hubs say */
	uint32_t hubs, spokes;
	bool shared;            /* its spokes are in other clouds as well */
};

/* Who has an address. */
struct design_owner {
	struct ipaddr addr;
	uint32_t router;
	uint32_t member; /* DESIGN_NONE: not the address of a tunnel with NHRP */
	const struct config_interface *interface;
};

struct design {
	size_t router_count;
	struct design_router *routers;
	size_t member_count;
	struct design_member *members;  /* by router */
	size_t link_count;
	struct design_link *links;      /* by member */
	size_t incoming_count;
	uint32_t *incoming;             /* links by .to */
	size_t owner_count;
	struct design_owner *owners;    /* by address */
	size_t cloud_count;
	struct design_cloud *clouds;
	uint32_t *order;                /* members by cloud: hubs first, then as in the folder */
	size_t finding_count;
	struct design_finding *findings;
};

/* Never NULL. Looks at the configurations as they are, after whatever else judges them. */
struct design *design_new(const struct config *const *configs, size_t count);
void design_free(struct design *d); /* NULL is fine */
/* Runs all the rules; afterwards findings[] is complete and sorted. */
void design_judge(struct design *d);
size_t design_count(const struct design *d, enum design_severity severity);

/* ---- looking ---- */

const struct config *member_config(const struct design *d, const struct design_member *m);
const char *member_name(const struct design *d, const struct design_member *m); /* the router's */
static inline struct design_member *design_in(const struct design *d, const struct design_cloud *c, uint32_t at)
{
	return &d->members[d->order[c->first + at]];
}
/* First of *count owners in a row; NULL: nobody has it. */
const struct design_owner *design_owners(const struct design *d, const struct ipaddr *addr, size_t *count);
/* Links that lead to the member: indexes into d->links, *count of them. */
const uint32_t *design_incoming(const struct design *d, uint32_t member, size_t *count);
/* A spoke that registers with `with` and not with `without`; NULL: none. */
const struct design_member *design_spoke_of_one(const struct design *d, const struct design_member *with, const struct design_member *without);
uint32_t design_member_number(const struct design *d, const struct design_member *m);

/* A host's NBMA address when the file says it as an address; of a next hop server: its own, or by a map. */
struct ipaddr design_nhs_nbma(const struct design_member *m, const struct config_nhs *nhs);
bool design_nhs_named(const struct design_member *m, const struct config_nhs *nhs); /* a host name, or nothing */

/* Sessions and registrations of a cloud, once everything is up. */
struct design_load {
	uint32_t registrations;        /* of the hub with most of them */
	double registrations_per_s;    /* there */
	uint32_t hub_sessions;         /* of it: spokes and other hubs */
	uint32_t spoke_sessions;       /* permanent ones of the spoke with most */
	uint64_t spoke_to_spoke;       /* at worst, when every pair talks; 0 in phase 1 */
};
struct design_load design_load(const struct design *d, const struct design_cloud *c);
const char *design_kind(const struct design_cloud *c); /* "one hub per tunnel", "several hubs in one tunnel", "one hub", "hub unknown" */

#endif
