/*
 * vrf_device: VRF devices of the kernel. Those that we make bear an alias by which a later
 * daemon knows them for ours; one that its owner made is used with the table that it has.
 */
#ifndef DMVPN_KERNEL_VRF_DEVICE_H
#define DMVPN_KERNEL_VRF_DEVICE_H

#include <stdbool.h>

#include "kernel/netlink.h"

struct vrf_device {
	char name[16];
	uint32_t table;
	int ifindex;
	bool ours;
};

/*
 * Finds the device of d->name, or makes it with d->table, and raises it; the rest of d is filled in. 0 or -errno: -EOPNOTSUPP when
 * the kernel has no VRF, -EEXIST when a device of the name is something else.
 */
int vrf_device_set(struct netlink *n, struct vrf_device *d);
int vrf_device_del(struct netlink *n, int ifindex); /* its interfaces return to the global table; gone is fine */

typedef void (*vrf_device_each)(void *arg, const struct vrf_device *d);
int vrf_device_dump(struct netlink *n, vrf_device_each each, void *arg);

/* Whether the kernel has VRF devices (one is tried and removed). */
bool vrf_device_possible(struct netlink *n);

#endif
