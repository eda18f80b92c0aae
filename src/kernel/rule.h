/*
 * rule: the ip rules that choose a routing table. All of ours bear one protocol number, so that what an
 * earlier daemon left is found and nothing else is touched.
 */
#ifndef DMVPN_KERNEL_RULE_H
#define DMVPN_KERNEL_RULE_H

#include <stdbool.h>

#include "kernel/netlink.h"

enum { RULE_PROTOCOL = 77 };

struct ip_rule {
	uint8_t family; /* enum ip_family */
	bool l3mdev;    /* the table is that of the packet's VRF device */
	uint32_t pref;
	uint32_t table;     /* 0 with l3mdev */
	struct ipaddr from; /* IP_NONE: any */
	char iif[16], oif[16]; /* "": any */
};

bool ip_rule_eq(const struct ip_rule *a, const struct ip_rule *b);

/* 0 or -errno. One that is there already, one that is gone, and a kernel without the family are fine. */
int ip_rule_add(struct netlink *n, const struct ip_rule *r);
int ip_rule_del(struct netlink *n, const struct ip_rule *r);

typedef void (*ip_rule_each)(void *arg, const struct ip_rule *r);
int ip_rule_dump(struct netlink *n, ip_rule_each each, void *arg); /* ours */

#endif
