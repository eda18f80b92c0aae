/*
 * udp_io: datagrams of a UDP socket, many per system call and many per buffer.
 *
 * Sending: equal-size datagrams that follow each other on one path lie side by side in one
 * buffer and leave as one UDP_SEGMENT send (a run); several runs leave by one sendmmsg. The
 * caller writes each datagram straight into that buffer (ESP is sealed into it), so no octet
 * is copied. Datagrams of one path keep their order.
 *
 * Receiving: the kernel hands equal-size datagrams of one sender coalesced (UDP_GRO); the
 * caller works in the buffer, which is his until the next udp_receive().
 *
 * Nothing here knows of ESP, GRE or the worker.
 */
#ifndef DMVPN_FORWARD_UDP_IO_H
#define DMVPN_FORWARD_UDP_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ipaddr.h"

enum {
	UDP_SEGMENTS_MAX = 64,     /* datagrams of one run: what kernels take */
	UDP_RUN_OCTETS = 65507,    /* octets of one run */
	UDP_DATAGRAM_MAX = 65507,
	UDP_ARRIVALS_MAX = 256,    /* of one udp_receive() */
	UDP_HEADROOM = 64,         /* octets before an arrival, free to be overwritten */
};

/* The keeper's socket of one family, bound to a wildcard address. Zero it but for the first
 * two. */
struct udp_socket {
	int fd;
	enum ip_family family;
	int df_now; /* the DF setting the descriptor has: 0 not known, 1 off, 2 on */
};

/* What the datagrams of one run have in common. */
struct udp_path {
	struct ipaddr local, remote; /* local picks the route by its source rule */
	uint16_t remote_port;        /* host order */
	uint8_t tos;                 /* of the outer header, IPv6: traffic class */
	uint8_t ttl;                 /* 0: the kernel's default */
	bool df;
	uint64_t owner;              /* whatever the caller wants to hear when a datagram is refused */
};

/* The kernel did not take `count` datagrams of `length` octets (UDP payload). error is
 * positive; EMSGSIZE: only path_mtu octets of IP packet get to path->remote (0: not known),
 * told for each datagram. Called from udp_send_room() and udp_send_flush(). */
typedef void udp_refused(void *context, const struct udp_path *path, size_t count, size_t length, int error,
			 uint32_t path_mtu);

struct udp_sender; /* some 200 KiB */

struct udp_sender *udp_sender_new(udp_refused *refused, void *context); /* NULL: out of memory */
void udp_sender_free(struct udp_sender *s); /* what is not flushed is not sent; NULL is fine */

/*
 * Room for one datagram of exactly `length` octets (1 … UDP_DATAGRAM_MAX), which the caller
 * writes at once: it leaves at the latest by udp_send_flush(). Earlier datagrams may leave
 * meanwhile. The socket must stay until then.
 */
uint8_t *udp_send_room(struct udp_sender *s, struct udp_socket *socket, const struct udp_path *path, size_t length);
/* The datagram that room was given for last is not sent after all. */
void udp_send_undo(struct udp_sender *s);
void udp_send_flush(struct udp_sender *s);

/* One buffer of datagrams of one sender to one local address. */
struct udp_arrival {
	uint8_t *bytes;    /* UDP_HEADROOM octets before it are free */
	size_t length;     /* of all datagrams together */
	size_t segment;    /* octets of each, the last may be shorter; never 0 */
	struct ipaddr remote, local;
	uint16_t remote_port; /* host order */
	uint32_t ifindex;     /* that it came in on; 1: loopback */
	uint8_t tos;          /* of the outer header */
};

struct udp_receiver; /* 17 MiB of address space, as much of it touched as is used */

struct udp_receiver *udp_receiver_new(void); /* NULL: out of memory */
void udp_receiver_free(struct udp_receiver *r); /* NULL is fine */

/*
 * What has come in, without waiting: how many of *arrivals (the receiver's, valid with
 * their bytes until the next call) were filled; 0: nothing more now. Empty datagrams and
 * such without a local address are left out.
 */
size_t udp_receive(struct udp_receiver *r, const struct udp_socket *socket, const struct udp_arrival **arrivals);

#endif
