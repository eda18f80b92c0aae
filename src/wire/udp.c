#include "wire/udp.h"

#include <string.h>

#include "base/writer.h"
#include "wire/checksum.h"

enum { VERSION_IHL = 0x45, CHECKSUM_AT = 6, PSEUDO_MAX = 40, IP4_CHECKSUM_AT = 10 };

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Over pseudo header, UDP header and payload; 0 when the datagram holds its own correct sum. */
static uint16_t udp_checksum(const struct ipaddr *from, const struct ipaddr *to, const uint8_t *udp, size_t length)
{
	const size_t octets = ip_family_octets(from->family);
	uint8_t pseudo[PSEUDO_MAX];
	struct writer w = writer_of(pseudo, sizeof pseudo);

	writer_bytes(&w, from->bytes, octets);
	writer_bytes(&w, to->bytes, octets);
	writer_u32(&w, (uint32_t)length);
	writer_u32(&w, UDP_PROTOCOL);
	return (uint16_t)~fold((uint32_t)(uint16_t)~checksum(pseudo, writer_length(&w)) + (uint16_t)~checksum(udp, length));
}

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
	if ((at16(udp + CHECKSUM_AT) || ip->version == 6) && udp_checksum(&ip->src, &ip->dst, udp, length))
		return false;
	*out = (struct udp_view){ at16(udp), at16(udp + 2), udp + UDP_HEADER_OCTETS, length - UDP_HEADER_OCTETS };
	return true;
}

static void header4(struct writer *w, const struct udp_head *h, size_t length)
{
	writer_u8(w, VERSION_IHL);
	writer_u8(w, h->tos);
	writer_u16(w, (uint16_t)(IP4_HEADER_MIN + length));
	writer_u32(w, 0);
	writer_u8(w, h->ttl);
	writer_u8(w, UDP_PROTOCOL);
	writer_u16(w, 0);
	writer_bytes(w, h->from.bytes, 4);
	writer_bytes(w, h->to.bytes, 4);
	writer_patch_u16(w, IP4_CHECKSUM_AT, checksum(w->begin, IP4_HEADER_MIN));
}

static void header6(struct writer *w, const struct udp_head *h, size_t length)
{
	writer_u32(w, 6u << 28 | (uint32_t)h->tos << 20);
	writer_u16(w, (uint16_t)length);
	writer_u8(w, UDP_PROTOCOL);
	writer_u8(w, h->ttl);
	writer_bytes(w, h->from.bytes, 16);
	writer_bytes(w, h->to.bytes, 16);
}

size_t udp_encode(const struct udp_head *h, const uint8_t *payload, size_t length, uint8_t *out)
{
	struct writer w = writer_of(out, length + UDP_PACKET_OVERHEAD_MAX);
	const size_t datagram = UDP_HEADER_OCTETS + length;
	size_t udp;
	uint16_t sum;

	if (h->from.family == IP_V4)
		header4(&w, h, datagram);
	else
		header6(&w, h, datagram);
	udp = writer_length(&w);
	writer_u16(&w, h->source);
	writer_u16(&w, h->destination);
	writer_u16(&w, (uint16_t)datagram);
	writer_u16(&w, 0);
	writer_bytes(&w, payload, length);
	sum = udp_checksum(&h->from, &h->to, out + udp, datagram);
	writer_patch_u16(&w, udp + CHECKSUM_AT, sum ? sum : 0xffff);
	return writer_length(&w);
}
