/*
 * uplink_route: static routes that hang on a track, and the ways of echoes that watch uplinks. An echo
 * has to leave by its uplink even while the route through that is withdrawn: it carries a mark, and a rule
 * leads marked packets to a table of their own. All is marked by a protocol number, so that what an earlier
 * daemon left is found.
 */
#ifndef DMVPN_KERNEL_UPLINK_ROUTE_H
#define DMVPN_KERNEL_UPLINK_ROUTE_H

#include <stdbool.h>

#include "kernel/netlink.h"

enum {
	UPLINK_PROTOCOL = 78,
	UPLINK_TABLE = 4600,      /* plus the operation's place, below 100 */
	UPLINK_MARK = 0x44560000, /* likewise */
	UPLINK_RULE_PREF = 30, /* before the rules of VRFs */
};

struct uplink_route {
	uint32_t table;
	struct ipprefix dst;
	struct ipaddr gateway; /* IP_NONE: by interface alone */
	int ifindex;           /* 0: the gateway tells */
	bool discard;          /* Null0 */
	uint32_t metric;
};

/* 0 or -errno; what is there already, or gone already, is fine. */
int uplink_route_set(struct netlink *n, const struct uplink_route *r);
int uplink_route_del(struct netlink *n, const struct uplink_route *r);
typedef void (*uplink_route_each)(void *arg, const struct uplink_route *r);
int uplink_route_dump(struct netlink *n, uplink_route_each each, void *arg);

/* The rule of the operation at that place. */
int uplink_rule_add(struct netlink *n, enum ip_family family, uint32_t place);
int uplink_rule_del(struct netlink *n, enum ip_family family, uint32_t place);

#endif
