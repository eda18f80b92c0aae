/*
 * tcp_close: ends TCP connections of this machine from outside, as `ss --kill` does
 * (sock_diag(7), SOCK_DESTROY): both programs at this end find their connection aborted at
 * once; nothing is sent to the far end but a reset.
 */
#ifndef DMVPN_KERNEL_TCP_CLOSE_H
#define DMVPN_KERNEL_TCP_CLOSE_H

#include "kernel/netlink.h"

/* Two ends, one of whose ports is the one in question. */
struct tcp_ends {
	struct ipaddr local, remote;
	unsigned ended; /* connections between them that were; added to */
};

/* netlink_init(&n, NETLINK_SOCK_DIAG) makes the socket; CAP_NET_ADMIN is needed. */

/*
 * Ends the connections between any of these pairs of ends where one of the two ports is `port`. Costs a walk through
 * all of the machine's connections, milliseconds, or two of them: ask for many at once. How many were ended, or
 * -errno: -EOPNOTSUPP when the kernel was built without it.
 */
int tcp_close(struct netlink *n, struct tcp_ends *ends, size_t count, uint16_t port);

/* 0 when this kernel can, else -errno. */
int tcp_close_possible(struct netlink *n);

#endif
