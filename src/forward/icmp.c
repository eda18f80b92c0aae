#include "forward/icmp.h"

#include <string.h>

#include "forward/frame.h"
#include "wire/checksum.h"
#include "wire/ip.h"

enum { PROTO_ICMP = 1, PROTO_ICMPV6 = 58, PSEUDO6 = 40, TTL = 64 };

static uint16_t sum_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* The sum with the IPv6 pseudo header (RFC 8200 8.1) before the message. */
static uint16_t icmp6_checksum(const uint8_t *packet, size_t length)
{
	uint8_t pseudo[PSEUDO6] = { 0 };
	uint32_t sum;

	memcpy(pseudo, packet + 8, 32);
	put_u16(pseudo + 34, (uint16_t)length);
	pseudo[39] = PROTO_ICMPV6;
	sum = (uint16_t)~checksum(pseudo, sizeof pseudo);
	sum += (uint16_t)~checksum(packet + IP6_HEADER, length);
	return (uint16_t)~sum_fold(sum);
}

void icmp6_finish(uint8_t *packet, const struct ipaddr *src, const struct ipaddr *dst, uint8_t hop_limit, size_t length)
{
	memset(packet, 0, 8);
	packet[0] = 0x60;
	put_u16(packet + 4, (uint16_t)length);
	packet[6] = PROTO_ICMPV6;
	packet[7] = hop_limit;
	memcpy(packet + 8, src->bytes, 16);
	memcpy(packet + 24, dst->bytes, 16);
	put_u16(packet + IP6_HEADER + 2, icmp6_checksum(packet, length));
}

void icmp4_finish(uint8_t *packet, const struct ipaddr *src, const struct ipaddr *dst, size_t length)
{
	memset(packet, 0, IP4_HEADER_MIN);
	packet[0] = 0x45;
	packet[1] = 0xc0; /* network control, as routers' errors are sent (RFC 1812 4.3.2.5) */
	put_u16(packet + 2, (uint16_t)(IP4_HEADER_MIN + length));
	packet[8] = TTL;
	packet[9] = PROTO_ICMP;
	memcpy(packet + 12, src->bytes, 4);
	memcpy(packet + 16, dst->bytes, 4);
	put_u16(packet + 10, checksum(packet, IP4_HEADER_MIN));
	put_u16(packet + IP4_HEADER_MIN + 2, checksum(packet + IP4_HEADER_MIN, length));
}
