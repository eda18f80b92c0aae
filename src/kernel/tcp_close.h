/*
 * tcp_close: ends TCP connections of this machine from outside, as `ss --kill` does
 * (sock_diag(7), SOCK_DESTROY): both programs at this end find their connection aborted at
 * once; nothing is sent to the far end but a reset.
 */
#ifndef DMVPN_KERNEL_TCP_CLOSE_H
#define DMVPN_KERNEL_TCP_CLOSE_H

#include "kernel/netlink.h"

enum { TCP_CLOSE_MAX = 64 /* connections ended by one call */ };

/* netlink_init(&n, NETLINK_SOCK_DIAG) makes the socket; CAP_NET_ADMIN is needed. */

/*
 * Ends the connections between one of `locals` and `remote` where one of the two ports is
 * `port`. How many were ended, or -errno: -EOPNOTSUPP when the kernel was built without it.
 */
int tcp_close(struct netlink *n, const struct ipaddr *locals, size_t local_count, const struct ipaddr *remote,
	      uint16_t port);

/* 0 when this kernel can, else -errno. */
int tcp_close_possible(struct netlink *n);

#endif
