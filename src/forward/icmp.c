#include "forward/icmp.h"

#include <string.h>

#include "forward/frame.h"
#include "wire/checksum.h"
#include "wire/ip.h"

enum {
	PROTO_ICMP = 1,
	PROTO_ICMPV6 = 58,
	TTL = 64,
	TOS = 0xc0, /* network control, as routers' errors are sent (RFC 1812 4.3.2.5) */
};

void icmp6_finish(uint8_t *packet, const struct ipaddr *src, const struct ipaddr *dst, uint8_t hop_limit, size_t length)
{
	const struct ip_head head = { .from = *src, .to = *dst, .protocol = PROTO_ICMPV6, .ttl = hop_limit };
	uint8_t *const icmp = packet + ip_encode(&head, length, packet);

	put_u16(icmp + 2, ip_payload_checksum(src, dst, PROTO_ICMPV6, icmp, length));
}

void icmp4_finish(uint8_t *packet, const struct ipaddr *src, const struct ipaddr *dst, size_t length)
{
	const struct ip_head head = { .from = *src, .to = *dst, .protocol = PROTO_ICMP, .ttl = TTL, .tos = TOS };
	uint8_t *const icmp = packet + ip_encode(&head, length, packet);

	put_u16(icmp + 2, checksum(icmp, length));
}
