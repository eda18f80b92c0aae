#include "wire/udp.h"

#include "base/writer.h"

enum { CHECKSUM_AT = 6 };

static uint16_t at16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

bool udp_decode(const uint8_t *packet, const struct ip_view *ip, struct udp_view *out)
{
	const uint8_t *udp = packet + ip->header_len;
	const size_t room = ip->total_len - ip->header_len;
	size_t length;

	if (ip->protocol != UDP_PROTOCOL || ip->fragment_offset || ip->more_fragments || room < UDP_HEADER_OCTETS)
		return false;
	length = at16(udp + 4);
	if (length < UDP_HEADER_OCTETS || length > room)
		return false;
	/* RFC 768: IPv4 may do without. */
	if ((at16(udp + CHECKSUM_AT) || ip->version == 6) && ip_payload_checksum(&ip->src, &ip->dst, UDP_PROTOCOL, udp, length))
		return false;
	*out = (struct udp_view){ at16(udp), at16(udp + 2), udp + UDP_HEADER_OCTETS, length - UDP_HEADER_OCTETS };
	return true;
}

size_t udp_encode(const struct udp_head *h, const uint8_t *payload, size_t length, uint8_t *out)
{
	const struct ip_head head = { .from = h->from, .to = h->to, .protocol = UDP_PROTOCOL, .ttl = h->ttl, .tos = h->tos };
	const size_t datagram = UDP_HEADER_OCTETS + length, header = ip_encode(&head, datagram, out);
	struct writer w = writer_of(out + header, datagram);
	uint16_t sum;

	writer_u16(&w, h->source);
	writer_u16(&w, h->destination);
	writer_u16(&w, (uint16_t)datagram);
	writer_u16(&w, 0);
	writer_bytes(&w, payload, length);
	sum = ip_payload_checksum(&h->from, &h->to, UDP_PROTOCOL, out + header, datagram);
	writer_patch_u16(&w, CHECKSUM_AT, sum ? sum : 0xffff);
	return header + writer_length(&w);
}
