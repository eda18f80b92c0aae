/*
 * vrf_plan: what the kernel shall hold so that a packet finds the routing table of its VRF, and its shortcuts
 * before that. Pure: configuration, links and addresses in, lists of rules, routes and members out.
 *
 * With VRF devices the kernel itself finds the table of what comes in, and its prefix routes there. Sockets that are
 * bound to no device but send from a front door's address (IKE, ESP in UDP) need a rule for that address. Without
 * such devices rules by incoming interface and by own address choose the table, its prefix routes are ours, and
 * those that the kernel made in the main table go ("strays"). Either way a VRF's table ends in "unreachable":
 * what finds no way there never leaves by another uplink.
 *
 * The static routes of VRFs are set here, and those that lead from one VRF, or the global table, into another.
 */
#ifndef DMVPN_DAEMON_VRF_PLAN_H
#define DMVPN_DAEMON_VRF_PLAN_H

#include "config/config.h"
#include "daemon/underlay.h"
#include "kernel/rule.h"
#include "kernel/vrf_route.h"

enum {
	VRF_TABLE = 1000, /* plus the VRF's number; the global VRF uses main */
	PREF_VRF_SHORTCUTS = 40, PREF_VRF = 50,
	PREF_SHORTCUTS = 100, /* of the global VRF */
};

/* Where a VRF is in this kernel. */
struct vrf_place {
	bool by_device;  /* else by rules */
	char device[16]; /* "" without a VRF device */
	int ifindex;     /* of the device; 0: there is none */
	uint32_t table;
};

struct vrf_member {
	int ifindex;
	int master; /* ifindex of the VRF's device */
};

struct vrf_plan {
	size_t rule_count, route_count, stray_count, member_count;
	struct ip_rule *rules;
	struct vrf_route *routes, *strays;
	struct vrf_member *members;
};

/* places[i] belongs to config->vrfs[i]. The plan is the caller's, who ends it with vrf_plan_done(). */
void vrf_plan_make(struct vrf_plan *p, const struct config *c, const struct underlay *u, const struct vrf_place *places);
void vrf_plan_done(struct vrf_plan *p);

bool vrf_plan_has_rule(const struct vrf_plan *p, const struct ip_rule *r);
bool vrf_plan_has_route(const struct vrf_plan *p, const struct vrf_route *r);
const struct vrf_member *vrf_plan_member(const struct vrf_plan *p, int ifindex); /* NULL: it is no member */

/* Some interface, or some tunnel's underlay, is in it. */
bool vrf_is_used(const struct config *c, uint32_t vrf);
/* It is some tunnel's underlay: a front door. */
bool vrf_is_front(const struct config *c, uint32_t vrf);

#endif
