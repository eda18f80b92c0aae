/*
 * offload: struct virtio_net_hdr, the octets before each frame of a TAP, by which its kernel hands
 * over and takes packets larger than the wire's (super-packets) and checksums not yet computed.
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |     flags     |   gso type    |        header length          |
 * |           gso size            |        checksum start         |   machine's byte order
 * |        checksum offset        |
 *
 * Header length, checksum start count from the Ethernet header on; the gso size is the payload of TCP or
 * UDP in each packet but the last. Before completion the checksum field holds the sum of the pseudo header.
 */
#ifndef DMVPN_FORWARD_OFFLOAD_H
#define DMVPN_FORWARD_OFFLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/ip.h"

enum { OFFLOAD_HEADER = 10, PROTO_TCP = 6, PROTO_UDP = 17, TCP_HEADER_MIN = 20, UDP_HEADER = 8 };

enum offload_kind { OFFLOAD_NONE, OFFLOAD_TCP4, OFFLOAD_TCP6, OFFLOAD_UDP };

struct offload {
	enum offload_kind kind;
	bool needs_checksum;
	uint16_t header_len, segment; /* segment: the gso size */
	uint16_t checksum_start, checksum_offset;
};

/* false: of a kind that nobody asked for. */
bool offload_decode(const uint8_t header[OFFLOAD_HEADER], struct offload *out);
void offload_encode(const struct offload *o, uint8_t header[OFFLOAD_HEADER]);

/* The sum (not complemented, folded) of the pseudo header of RFC 9293 3.1 and RFC 8200 8.1 for
 * `length` octets of transport header and payload. */
uint16_t offload_pseudo_sum(const struct ip_view *ip, size_t length);
/* Whether TCP's or UDP's checksum is right; `inner` as viewed by ip. A UDP checksum of 0 is not. */
bool offload_verify(const uint8_t *inner, const struct ip_view *ip);

#endif
