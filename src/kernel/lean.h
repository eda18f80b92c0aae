/*
 * lean: neighbour entries of a kernel GRE device that are not permanent: those that lean on
 * a relay until the next hop is resolved, and those that are watched for use.
 * Every function answers 0 or -errno.
 */
#ifndef DMVPN_KERNEL_LEAN_H
#define DMVPN_KERNEL_LEAN_H

#include "kernel/neighbour.h"

/* Reachable through l for as long as the kernel believes it; then it asks again. */
int neighbour_lean(struct netlink *n, int ifindex, const struct ipaddr *a, const struct lladdr *l);
/* The entries of one device that are neither permanent nor without address. */
int neighbour_dump_leaning(struct netlink *n, int ifindex, neighbour_each each, void *arg);

/*
 * The kernel notes when an entry was last used, but not for a permanent one. neighbour_watch()
 * makes it stale, which keeps it working; neighbour_was_used() tells whether a packet went
 * there since. -ENOENT when the entry is gone.
 */
int neighbour_watch(struct netlink *n, int ifindex, const struct ipaddr *a, const struct lladdr *l);
int neighbour_was_used(struct netlink *n, int ifindex, const struct ipaddr *a, bool *used);

#endif
