/*
 * ip: IPv4 (RFC 791) and IPv6 (RFC 8200) headers: views of received ones, as much of them as
 * forwarding and NHRP need, and new ones. Nothing is modified but by ip_decrement_ttl().
 */
#ifndef DMVPN_WIRE_IP_H
#define DMVPN_WIRE_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ipaddr.h"

enum { IP4_HEADER_MIN = 20, IP6_HEADER = 40, IP_PROTO_GRE = 47, IP_PROTO_NHRP = 54 };

struct ip_view {
	uint8_t version;     /* 4 or 6 */
	uint8_t protocol;    /* of the payload, IPv6 extension headers skipped */
	uint8_t ttl;         /* hop limit */
	uint8_t dscp;        /* 6 bits */
	uint8_t ecn;         /* 2 bits */
	bool dont_fragment;  /* IPv6: always */
	bool more_fragments; /* a fragment, and not the last */
	uint16_t fragment_offset; /* octets; not 0: the payload is not the start of a packet */
	uint16_t header_len; /* octets before the payload */
	uint32_t total_len;  /* octets of header and payload as the header says */
	struct ipaddr src, dst;
};

/* Why a header could not be viewed: X(name, text). */
#define IP_DROPS(X) \
	X(NONE, "no error") \
	X(SHORT, "shorter than its header") \
	X(VERSION, "IP version is neither 4 nor 6") \
	X(HEADER, "IP header length wrong") \
	X(LENGTH, "IP total length larger than the packet or smaller than the header") \
	X(CHECKSUM, "IP header checksum wrong")

enum ip_drop {
#define IP_DROP_ENUM(name, text) IP_DROP_##name,
	IP_DROPS(IP_DROP_ENUM)
#undef IP_DROP_ENUM
	IP_DROP_COUNT
};

const char *ip_drop_text(enum ip_drop drop);

/*
 * Views the packet that starts at bytes; octets behind total_len are link padding. On
 * LENGTH and CHECKSUM *out is whole all the same: a packet cut by a capture or by NFLOG,
 * or one whose checksum is left to hardware, can still be looked at.
 */
enum ip_drop ip_decode(const uint8_t *bytes, size_t length, struct ip_view *out);

/* Takes one hop off TTL or hop limit and mends the IPv4 checksum. False when it was 0 or 1;
 * nothing is changed then. The header must have been decoded without error. */
bool ip_decrement_ttl(uint8_t *header);

struct ip_head {
	struct ipaddr from, to; /* of one family */
	uint8_t protocol, ttl, tos;
	bool dont_fragment;     /* IPv4 */
};

/* Writes the header of a packet with so many octets of payload. Octets written, at most IP6_HEADER. */
size_t ip_encode(const struct ip_head *h, size_t payload, uint8_t *out);

/*
 * The Internet checksum over pseudo header and payload, of UDP (RFC 768, RFC 8200 8.1) and ICMPv6 alike; 0
 * when the payload holds its own correct sum.
 */
uint16_t ip_payload_checksum(const struct ipaddr *from, const struct ipaddr *to, uint8_t protocol,
			     const uint8_t *payload, size_t length);

#endif
