/*
 * gre_device: GRE tunnel devices of the kernel (ip_gre, ip6_gre), multipoint or
 * point-to-point. A multipoint device resolves neighbours like a LAN: the link-layer
 * address of a neighbour entry is the NBMA address.
 *
 * Multicast: the kernel would send a multicast packet to an outer address made of the group.
 * The device's broadcast address is set to 127.0.0.1 (::1), so that such a packet never
 * leaves the machine; copies for the multicast map are made by gre_multicast.
 */
#ifndef DMVPN_KERNEL_GRE_DEVICE_H
#define DMVPN_KERNEL_GRE_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ipaddr.h"
#include "kernel/netlink.h"

struct gre_device {
	char name[16];
	struct ipaddr local;
	struct ipaddr remote; /* IP_NONE: multipoint */
	bool has_key;
	uint32_t key;
	uint8_t ttl;  /* of the outer header; 0: inherit */
	bool set_df;  /* tunnel path-mtu-discovery */
	int underlay_ifindex; /* a VRF's device; 0: any */
};

/*
 * Creates the device, or changes the one of that name when it is GRE of the same family; its
 * ifindex goes to *ifindex. One that is so already is not touched, and permanent neighbours outlive
 * a change: the kernel forgets all of a device whose addresses are set, even to what they are. 0 or -errno: -EOPNOTSUPP when the kernel has no GRE, -EEXIST
 * when a device of the name is something else or another tunnel has these endpoints.
 */
int gre_device_set(struct netlink *n, const struct gre_device *d, int *ifindex);
int gre_device_del(struct netlink *n, const char *name); /* gone is fine */

/* Whether a multipoint GRE device can really be created here (it is tried and removed). */
bool gre_device_possible(struct netlink *n, enum ip_family transport);

#endif
