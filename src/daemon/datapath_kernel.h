/*
 * datapath_kernel: the data path over the kernel's own GRE (kernel/gre_device). An NHRP peer
 * is a neighbour whose link-layer address is its NBMA address; NHRP and multicast copies go
 * by packet sockets, and the kernel's question for an unresolved neighbour is answered with
 * the best live NHS until the engine knows better.
 *
 * IPv6 transport is for point-to-point tunnels only: ip6_gre does not tell who sent a packet.
 */
#ifndef DMVPN_DAEMON_DATAPATH_KERNEL_H
#define DMVPN_DAEMON_DATAPATH_KERNEL_H

#include <uv.h>

#include "daemon/datapath.h"
#include "engine/effect.h"
#include "kernel/netlink.h"

struct datapath_kernel;

extern const struct datapath_ops datapath_kernel_ops;

typedef void (*datapath_feed)(void *arg, const struct event *ev);

/* Events go to feed. NULL with errno set when the kernel's questions cannot be heard. It lives as
 * long as the process. */
struct datapath_kernel *datapath_kernel_new(uv_loop_t *loop, struct netlink *n, datapath_feed feed, void *arg);

#endif
