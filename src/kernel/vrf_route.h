/*
 * vrf_route: a VRF's own routes: connected ones, where the kernel puts them into another table,
 * static ones, and the one that says that there is no other way. They bear a protocol number of their own.
 */
#ifndef DMVPN_KERNEL_VRF_ROUTE_H
#define DMVPN_KERNEL_VRF_ROUTE_H

#include <stdbool.h>

#include "kernel/netlink.h"

enum { VRF_ROUTE_PROTOCOL = 79 };

enum vrf_route_kind {
	VRF_ROUTE_VIA,         /* through an interface, a gateway or both */
	VRF_ROUTE_DISCARD,
	VRF_ROUTE_UNREACHABLE, /* senders are told */
	VRF_ROUTE_PREFIX,      /* VIA, as the kernel makes it for an address, by its name: no route of ours */
};

struct vrf_route {
	enum vrf_route_kind kind;
	uint32_t table;
	uint32_t metric;
	struct ipprefix dst;
	struct ipaddr gateway; /* IP_NONE: none */
	struct ipaddr source;  /* that is preferred; IP_NONE: the kernel's choice */
	int ifindex;           /* 0: that of the gateway */
};

/* Is what was found the one that was wished for? The kernel fills in an interface that is left open. */
bool vrf_route_is(const struct vrf_route *wish, const struct vrf_route *found);

/* 0 or -errno. One that is there already, and one that is gone, are fine. */
int vrf_route_add(struct netlink *n, const struct vrf_route *r);
int vrf_route_del(struct netlink *n, const struct vrf_route *r);

typedef void (*vrf_route_each)(void *arg, const struct vrf_route *r);
int vrf_route_dump(struct netlink *n, vrf_route_each each, void *arg); /* ours */

#endif
