#include "super.h"

#include <stdio.h>

#include "forward/frame.h"
#include "wire/checksum.h"

enum { MAX = 65536 };

static size_t transport_make(const struct shape *s, uint8_t *t, const uint8_t *payload, size_t length)
{
	const size_t header = s->udp ? 8 : 20 + s->options;

	memset(t, 0, header);
	put_u16(t, s->port);
	put_u16(t + 2, 5201);
	if (s->udp) {
		put_u16(t + 4, (uint16_t)(8 + length));
	} else {
		put_u16(t + 4, (uint16_t)(s->sequence >> 16));
		put_u16(t + 6, (uint16_t)s->sequence);
		put_u16(t + 8, (uint16_t)(s->acknowledgement >> 16));
		put_u16(t + 10, (uint16_t)s->acknowledgement);
		t[12] = (uint8_t)(header / 4 << 4);
		t[13] = s->tcp_flags;
		put_u16(t + 14, s->window);
		memset(t + 20, 1, s->options);
	}
	if (length)
		memcpy(t + header, payload, length);
	return header + length;
}

static size_t checksum_at(const struct shape *s)
{
	return (size_t)(s->v6 ? 40 : 20) + (s->udp ? 6 : 16);
}

size_t shape_make(const struct shape *s, uint8_t *out, const uint8_t *payload, size_t length)
{
	static uint8_t transport[MAX];
	const size_t octets = transport_make(s, transport, payload, length);
	char src[32];
	uint16_t sum;
	size_t whole;

	snprintf(src, sizeof src, s->v6 ? "2001:db8::%x" : "172.16.1.%u", s->host + 1u);
	if (s->v6) {
		whole = ipv6_make(out, src, "2001:db8:9::1", s->udp ? 17 : 6, s->tos, transport, octets);
	} else {
		whole = ipv4_make(out, src, "172.16.9.1", s->udp ? 17 : 6, s->tos, s->df, transport, octets);
		put_u16(out + 4, s->id);
		put_u16(out + 10, 0);
		put_u16(out + 10, checksum(out, 20));
	}
	sum = transport_sum(out, whole);
	put_u16(out + checksum_at(s), sum ? sum : 0xffff);
	return whole;
}

size_t shape_make_super(const struct shape *s, uint8_t *out, const uint8_t *payload, size_t length, uint16_t segment,
			struct offload *o)
{
	const size_t whole = shape_make(s, out, payload, length);
	const struct ip_view ip = view_of(out, whole);

	put_u16(out + checksum_at(s), offload_pseudo_sum(&ip, whole - ip.header_len));
	*o = (struct offload){ .needs_checksum = true, .segment = segment, .header_len = 14,
			       .checksum_start = (uint16_t)(14 + ip.header_len), .checksum_offset = s->udp ? 6 : 16 };
	o->kind = s->v6 ? OFFLOAD_TCP6 : OFFLOAD_TCP4;
	if (s->udp)
		o->kind = OFFLOAD_UDP;
	if (segment == 0)
		o->kind = OFFLOAD_NONE;
	return whole;
}

struct ip_view view_of(const uint8_t *packet, size_t length)
{
	struct ip_view ip;

	assert_int_equal(ip_decode(packet, length, &ip), IP_DROP_NONE);
	return ip;
}

size_t header_of(const uint8_t *packet, const struct ip_view *ip)
{
	return ip->header_len + (ip->protocol == 17 ? 8 : 4u * (packet[ip->header_len + 12] >> 4));
}
