#include "forward/ike_hand.h"

#include <string.h>

#include "forward/frame.h"
#include "wire/checksum.h"
#include "wire/ip.h"

enum { UDP_HEADER = 8, PROTO_UDP = 17, TTL = 64, PSEUDO4 = 12, PSEUDO6 = 40, KEEPALIVE = 0xff };

bool ike_is_message(const uint8_t *datagram, size_t length)
{
	static const uint8_t marker[NON_ESP_MARKER];

	return length > NON_ESP_MARKER && memcmp(datagram, marker, NON_ESP_MARKER) == 0;
}

bool ike_is_keepalive(const uint8_t *datagram, size_t length)
{
	return length == 1 && datagram[0] == KEEPALIVE;
}

/* RFC 768: over the pseudo header, the header and the data; 0 is sent as all ones. */
static uint16_t udp_checksum(const struct ipaddr *from, const struct ipaddr *to, const uint8_t *udp, size_t length)
{
	const bool v6 = from->family == IP_V6;
	const size_t octets = ip_family_octets(from->family);
	uint8_t pseudo[PSEUDO6] = { 0 };
	uint32_t sum;

	memcpy(pseudo, from->bytes, octets);
	memcpy(pseudo + octets, to->bytes, octets);
	if (v6) {
		put_u16(pseudo + 34, (uint16_t)length);
		pseudo[39] = PROTO_UDP;
	} else {
		pseudo[9] = PROTO_UDP;
		put_u16(pseudo + 10, (uint16_t)length);
	}
	sum = (uint16_t)~checksum(pseudo, v6 ? PSEUDO6 : PSEUDO4);
	sum += (uint16_t)~checksum(udp, length);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff ? 0xffff : (uint16_t)~sum;
}

static size_t header4(uint8_t *out, const struct ipaddr *from, const struct ipaddr *to, size_t payload)
{
	memset(out, 0, IP4_HEADER_MIN);
	out[0] = 0x45;
	put_u16(out + 2, (uint16_t)(IP4_HEADER_MIN + payload));
	out[8] = TTL;
	out[9] = PROTO_UDP;
	memcpy(out + 12, from->bytes, 4);
	memcpy(out + 16, to->bytes, 4);
	put_u16(out + 10, checksum(out, IP4_HEADER_MIN));
	return IP4_HEADER_MIN;
}

static size_t header6(uint8_t *out, const struct ipaddr *from, const struct ipaddr *to, size_t payload)
{
	memset(out, 0, IP6_HEADER);
	out[0] = 0x60;
	put_u16(out + 4, (uint16_t)payload);
	out[6] = PROTO_UDP;
	out[7] = TTL;
	memcpy(out + 8, from->bytes, 16);
	memcpy(out + 24, to->bytes, 16);
	return IP6_HEADER;
}

size_t ike_packet(uint8_t *out, const struct ipaddr *from, uint16_t from_port, const struct ipaddr *to,
		  const uint8_t *datagram, size_t length)
{
	const size_t payload = UDP_HEADER + length;
	uint8_t *udp;

	if (length > IKE_MESSAGE_MAX || from->family != to->family || ip_family_octets(to->family) == 0)
		return 0;
	if (to->family == IP_V4)
		udp = out + header4(out, from, to, payload);
	else
		udp = out + header6(out, from, to, payload);
	put_u16(udp, from_port);
	put_u16(udp + 2, IKE_PORT);
	put_u16(udp + 4, (uint16_t)payload);
	put_u16(udp + 6, 0);
	memcpy(udp + UDP_HEADER, datagram, length);
	put_u16(udp + 6, udp_checksum(from, to, udp, payload));
	return (size_t)(udp - out) + payload;
}
