/*
 * frame: Ethernet headers of a tunnel's TAP, and single big-endian fields.
 */
#ifndef DMVPN_FORWARD_FRAME_H
#define DMVPN_FORWARD_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ipaddr.h"

static inline uint16_t get_u16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }
static inline void put_u16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* 02:<id of 40 bits>: that peer. 0a:<id>: that one in place of whom the frame is for, who is not known yet. The latter
 * is false for an address of another kind. */
void mac_of_peer(uint64_t id, uint8_t mac[6]);
void mac_of_stand_in(uint64_t id, uint8_t mac[6]);
bool mac_to_peer(const uint8_t mac[6], uint64_t *id, bool *stands_in);
/* Where a packet for that inner destination goes on the TAP: its own address, or the
 * group's (RFC 1112 6.4, RFC 2464 7), or broadcast. */
void mac_of_destination(const struct ipaddr *dst, const uint8_t own[6], uint8_t mac[6]);
/* Writes 14 octets. */
void frame_header(uint8_t *frame, const uint8_t to[6], uint64_t from_peer, uint16_t ethertype);

#endif
