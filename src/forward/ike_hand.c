#include "forward/ike_hand.h"

#include <string.h>

#include "wire/udp.h"

enum { TTL = 64, KEEPALIVE = 0xff };

bool ike_is_message(const uint8_t *datagram, size_t length)
{
	static const uint8_t marker[NON_ESP_MARKER];

	return length > NON_ESP_MARKER && memcmp(datagram, marker, NON_ESP_MARKER) == 0;
}

bool ike_is_keepalive(const uint8_t *datagram, size_t length)
{
	return length == 1 && datagram[0] == KEEPALIVE;
}

size_t ike_packet(uint8_t *out, const struct ipaddr *from, uint16_t from_port, const struct ipaddr *to,
		  const uint8_t *datagram, size_t length)
{
	const struct udp_head head = { .from = *from, .to = *to, .source = from_port, .destination = IKE_PORT, .ttl = TTL };

	if (length > IKE_MESSAGE_MAX || from->family != to->family || ip_family_octets(to->family) == 0)
		return 0;
	return udp_encode(&head, datagram, length, out);
}
