/*
 * gre_packet: packets that come in by a kernel GRE device and are for us, by way of packet sockets: NHRP
 * (Ethertype 0x2001), the multicast that leaves and is to be copied, and the answers to the echoes that test a path.
 * What we send there ourselves: gre_outbox.h.
 *
 * The link-layer address of such a packet is the NBMA address of the other end. ip6_gre
 * does not tell it on receive, so these sockets serve IPv4 transport and point-to-point
 * tunnels only.
 */
#ifndef DMVPN_KERNEL_GRE_PACKET_H
#define DMVPN_KERNEL_GRE_PACKET_H

#include <linux/if_packet.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/ipaddr.h"

enum { GRE_INBOX = 64 /* packets */, GRE_INBOX_OCTETS = 1500 /* of each */ };

/* What one system call has read. Needs no beginning. */
struct gre_inbox {
	struct mmsghdr messages[GRE_INBOX];
	struct iovec iov[GRE_INBOX];
	struct sockaddr_ll from[GRE_INBOX];
	uint8_t bytes[GRE_INBOX][GRE_INBOX_OCTETS];
};

/* How many packets came, longer ones cut off; 0: none, or the socket's device is down. */
size_t gre_inbox_receive(struct gre_inbox *b, int fd);
/* Length of that packet, *from the sender's NBMA address (IP_NONE when the device does not tell). */
size_t gre_inbox_packet(const struct gre_inbox *b, size_t i, struct ipaddr *from);

/* A socket that receives NHRP on that device. fd, non-blocking, or -errno. */
int gre_nhrp_open(int ifindex);

/* A socket that hears the answers to ICMP echoes, of whomever. fd, non-blocking, or -errno. */
int gre_echo_open(int ifindex);

/* A socket that sees every multicast packet which leaves by that device, except what is
 * sent by a gre_outbox. fd, non-blocking, or -errno. */
int gre_multicast_open(int ifindex);
/* Next packet from its IP header on, its Ethertype to *protocol; -EAGAIN when there is none. */
ssize_t gre_multicast_receive(int fd, uint16_t *protocol, void *out, size_t size);

#endif
