/*
 * shortcut: the routing table of shortcut routes, one per overlay VRF, at which the kernel looks
 * before the VRF's own table. Routes are marked with a protocol
 * of their own, so that what an earlier daemon left is found and nothing else is touched.
 */
#ifndef DMVPN_KERNEL_SHORTCUT_H
#define DMVPN_KERNEL_SHORTCUT_H

#include <stdbool.h>

#include "kernel/netlink.h"

enum {
	SHORTCUT_TABLE = 4711,   /* plus the VRF's number */
	SHORTCUT_PROTOCOL = 77,
};

struct shortcut {
	uint32_t vrf;
	struct ipprefix dst;
	struct ipaddr gateway; /* IP_NONE: throw, look on in the VRF's own table */
	int ifindex;           /* 0 for a throw */
};

int shortcut_route_set(struct netlink *n, const struct shortcut *s); /* replaces; 0 or -errno */
int shortcut_route_del(struct netlink *n, uint32_t vrf, const struct ipprefix *dst); /* gone is fine */

typedef void (*shortcut_each)(void *arg, const struct shortcut *s);
/* Every shortcut route in the kernel, of all VRFs. */
int shortcut_route_dump(struct netlink *n, shortcut_each each, void *arg);

#endif
