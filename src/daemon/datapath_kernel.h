/*
 * datapath_kernel: the data path over the kernel's own GRE (kernel/gre_device). An NHRP peer
 * is a neighbour whose link-layer address is its NBMA address; NHRP and multicast copies go
 * by packet sockets, and the kernel's question for an unresolved neighbour is answered with
 * the best live NHS until the engine knows better.
 *
 * charon's policies lead what is protected into its SAs (ipsec_kernel.h); what they do not is blocked (kernel_blocks.h).
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

struct datapath_kernel_calls {
	void (*feed)(void *arg, const struct event *ev);
	/* The tunnel's packets get there: it is not protected, or has a session that can send. */
	bool (*reaches)(void *arg, uint32_t tunnel, const struct endpoint *nbma);
	/* Some peer of the tunnel is direct: its silence, which can only be guessed here, is to be told. */
	bool (*wants_guesses)(void *arg, uint32_t tunnel);
};

/* NULL with errno set when the kernel's questions cannot be heard. It lives as long as the process. */
struct datapath_kernel *datapath_kernel_new(uv_loop_t *loop, struct netlink *n, const struct datapath_kernel_calls *calls,
					    void *arg);
/* What `reaches` says has changed. */
void datapath_kernel_sessions_changed(struct datapath_kernel *k);

#endif
