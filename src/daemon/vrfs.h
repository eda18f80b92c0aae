/*
 * vrfs: the router's VRFs in the kernel: VRF devices where it has them, else routing tables and ip rules (vrf_plan.h), which the front
 * doors of the user data path have in any case. What an earlier life left is taken over, what is no longer configured goes, and a clean stop puts all back.
 */
#ifndef DMVPN_DAEMON_VRFS_H
#define DMVPN_DAEMON_VRFS_H

#include "daemon/vrf_plan.h"
#include "kernel/netlink.h"

struct daemon;

struct vrfs {
	bool possible;           /* this kernel has VRF devices */
	size_t count;            /* of places */
	struct vrf_place *places;
	struct vrf_plan plan;    /* that the kernel holds */
};

/* Before tunnels are made. */
void vrfs_start(struct daemon *d);
/* Links, addresses or the configuration have changed. */
void vrfs_look(struct daemon *d);
/* After the tunnels are gone. */
void vrfs_stop(struct daemon *d);

/* The VRF's device; "" where there are none. */
const char *vrfs_device(const struct daemon *d, uint32_t vrf);
int vrfs_ifindex(const struct daemon *d, uint32_t vrf); /* likewise, 0 */
/* Why nothing can be in this VRF; NULL: all is well. */
const char *vrfs_fault(const struct daemon *d, uint32_t vrf);
uint32_t vrfs_table(const struct daemon *d, uint32_t vrf); /* main for the global one */
/* The VRF whose table this is (never the global one). */
bool vrfs_of_table(const struct daemon *d, uint32_t table, uint32_t *vrf);
bool vrfs_of_device(const struct daemon *d, int ifindex, uint32_t *vrf);
/* Puts a device that was just made, and has no address yet, into its VRF. */
void vrfs_join(struct daemon *d, uint32_t vrf, int ifindex);

/* What of a new configuration cannot be had by a reload, each with its line; how many. */
size_t vrfs_write_faults(const struct config *running, const struct config *fresh, FILE *out);

#endif
