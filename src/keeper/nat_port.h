/*
 * nat_port: our sockets on UDP 4500, which charon shares, and the sockets through which the
 * forwarder hands it its IKE messages (docs/decisions/0004-port-4500.md); and, where the kernel does IPsec, those
 * that stand in for charon's (docs/decisions/0008-ipsec-in-the-kernel.md).
 */
#ifndef DMVPN_KEEPER_NAT_PORT_H
#define DMVPN_KEEPER_NAT_PORT_H

#include <stdbool.h>

enum { NAT_PORT = 4500 };

/*
 * Must come before charon binds the port. *fd: wildcard, non-blocking, with UDP_GRO and the
 * local address, interface and traffic class of each packet as control messages, and the
 * steering program attached. 0 or -errno; -EAFNOSUPPORT: the machine has no such family.
 */
int nat_port_open(bool is_v6, int *fd);
/* A raw socket that sends packets with their own IP header and receives nothing. */
int nat_port_inject_open(bool is_v6, int *fd);
/*
 * Must come before charon binds the port. *fd: through it the kernel takes ESP out of UDP while charon, whose own socket
 * gets everything as long as it lives, is away. Nothing is ever to be read from it. 0 or -errno, as above.
 */
int nat_port_hold(bool is_v6, int *fd);

#endif
