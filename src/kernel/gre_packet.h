/*
 * gre_packet: packets that pass a kernel GRE device by way of packet sockets: NHRP
 * (Ethertype 0x2001, in and out), the copies that make multicast out of unicast, and the echoes
 * that test a path.
 *
 * The link-layer address of such a packet is the NBMA address of the other end. ip6_gre
 * does not tell it on receive, so these sockets serve IPv4 transport and point-to-point
 * tunnels only.
 */
#ifndef DMVPN_KERNEL_GRE_PACKET_H
#define DMVPN_KERNEL_GRE_PACKET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/ipaddr.h"

/* A socket that sends and receives NHRP on that device. fd, non-blocking, or -errno. */
int gre_nhrp_open(int ifindex);
/* to IP_NONE: point-to-point. 0 or -errno. */
int gre_nhrp_send(int fd, int ifindex, const struct ipaddr *to, const void *bytes, size_t length);
/* Octets received, *from the sender's NBMA address (IP_NONE when the device does not tell);
 * -EAGAIN when there is none. */
ssize_t gre_nhrp_receive(int fd, struct ipaddr *from, void *out, size_t size);

/* A socket that sees every multicast packet which leaves by that device, except the copies
 * that gre_multicast_copy() sends. fd, non-blocking, or -errno. */
int gre_multicast_open(int ifindex);
/* Next packet from its IP header on, its Ethertype to *protocol; -EAGAIN when there is none. */
ssize_t gre_multicast_receive(int fd, uint16_t *protocol, void *out, size_t size);
int gre_multicast_copy(int fd, int ifindex, uint16_t protocol, const struct ipaddr *to,
		       const void *bytes, size_t length);

/* A socket that sends ICMP echoes by that device and hears the answers. fd, non-blocking, or -errno. */
int gre_echo_open(int ifindex);
/* A whole IP packet; to IP_NONE: point-to-point. 0 or -errno. */
int gre_echo_send(int fd, int ifindex, const struct ipaddr *to, const void *packet, size_t length);
/* Octets of the next answer of whichever echo, from its IP header on; -EAGAIN when there is none. */
ssize_t gre_echo_receive(int fd, void *out, size_t size);

#endif
