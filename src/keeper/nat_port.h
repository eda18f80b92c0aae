/*
 * nat_port: our sockets on UDP 4500, which charon shares, and the sockets through which the
 * forwarder hands it its IKE messages (docs/decisions/0004-port-4500.md).
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

#endif
