/*
 * udp: UDP datagrams inside IPv4 and IPv6 packets (RFC 768, RFC 8200), whole packets with
 * their IP header.
 */
#ifndef DMVPN_WIRE_UDP_H
#define DMVPN_WIRE_UDP_H

#include "wire/ip.h"

enum { UDP_PROTOCOL = 17, UDP_HEADER_OCTETS = 8, UDP_PACKET_OVERHEAD_MAX = IP6_HEADER + UDP_HEADER_OCTETS };

struct udp_view {
	uint16_t source, destination; /* ports */
	const uint8_t *payload;
	size_t length;
};

/* The datagram in a packet that `ip` views. False: not UDP, a fragment, cut short, or the checksum is wrong. */
bool udp_decode(const uint8_t *packet, const struct ip_view *ip, struct udp_view *out);

struct udp_head {
	struct ipaddr from, to; /* of one family */
	uint16_t source, destination;
	uint8_t tos, ttl;
};

/* Writes a packet: IP header, UDP header, payload. Octets written, at most payload + UDP_PACKET_OVERHEAD_MAX. */
size_t udp_encode(const struct udp_head *h, const uint8_t *payload, size_t length, uint8_t *out);

#endif
