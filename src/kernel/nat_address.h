/*
 * nat_address: addresses out of an uplink's network that translation uses, and that the router therefore has to
 * answer ARP for: routes of type local, marked as ours, so that what an earlier daemon left is found.
 */
#ifndef DMVPN_KERNEL_NAT_ADDRESS_H
#define DMVPN_KERNEL_NAT_ADDRESS_H

#include "kernel/netlink.h"

struct nat_address {
	struct ipprefix prefix;
	int ifindex;
};

/* Makes them all of this kind that there are. 0 or the first -errno; goes on in spite of it. */
int nat_addresses_set(struct netlink *n, const struct nat_address *wanted, size_t count);

#endif
