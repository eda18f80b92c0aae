/*
 * probe: the kernel's own question for an unresolved neighbour (RTM_GETNEIGH), which it
 * sends when `app_solicit` of the device is set. This is how a miss is noticed on a kernel
 * GRE device; on the user data path the forwarder sees ARP and ND instead.
 */
#ifndef DMVPN_KERNEL_PROBE_H
#define DMVPN_KERNEL_PROBE_H

#include "base/ipaddr.h"

typedef void (*probe_each)(void *arg, int ifindex, const struct ipaddr *a);

/* The listening socket: fd, non-blocking, or -errno. */
int probe_open(void);
/* Reads until there is nothing more. 0 or -errno; lost questions are asked again. */
int probe_read(int fd, probe_each each, void *arg);

#endif
