/*
 * ike_hand: IKE messages that came to UDP 4500 from the wire are handed to charon, whose own
 * socket on that port hears only the loopback device (docs: UDP 4500 is shared by interface).
 *
 * They go through a raw socket with the very addresses and ports that they came with, so that
 * charon sees the peer's.
 */
#ifndef DMVPN_FORWARD_IKE_HAND_H
#define DMVPN_FORWARD_IKE_HAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ipaddr.h"

enum { IKE_PORT = 4500, IKE_HEADERS_MAX = 48, IKE_MESSAGE_MAX = 65000, NON_ESP_MARKER = 4 };

/* RFC 3948 2.2: four zero octets stand where ESP has its SPI. */
bool ike_is_message(const uint8_t *datagram, size_t length);
/* RFC 3948 2.3: one octet 0xff keeps a NAT's mapping alive. */
bool ike_is_keepalive(const uint8_t *datagram, size_t length);

/* Writes IP and UDP header and the datagram; out has IKE_HEADERS_MAX + length octets of room.
 * The length of the packet; 0: that datagram cannot be (too long, or addresses of two families). */
size_t ike_packet(uint8_t *out, const struct ipaddr *from, uint16_t from_port, const struct ipaddr *to,
		  const uint8_t *datagram, size_t length);

#endif
