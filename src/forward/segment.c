#include "forward/segment.h"

#include <string.h>

#include "forward/frame.h"
#include "wire/checksum.h"

enum {
	ETHERNET = 14, /* what offsets of the virtio header count besides */
	IP4_ID = 4,
	IP4_CHECKSUM = 10,
	TCP_SEQUENCE = 4,
	TCP_DATA_OFFSET = 12,
	TCP_FLAGS = 13,
	TCP_CHECKSUM = 16,
	UDP_LENGTH = 4,
	UDP_CHECKSUM = 6,
	FLAG_FIN = 0x01,
	FLAG_PSH = 0x08,
	FLAG_CWR = 0x80,
};

static uint16_t sum_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

/* The complement; 0 is written as its twin, for with UDP it would mean "none". */
static uint16_t sum_finish(uint32_t sum)
{
	const uint16_t value = (uint16_t)~sum_fold(sum);

	return value ? value : 0xffff;
}

static bool checksum_complete(uint8_t *inner, const struct ip_view *ip, const struct offload *o)
{
	const size_t start = (size_t)o->checksum_start - ETHERNET, field = start + o->checksum_offset;

	if (o->checksum_start < ETHERNET + ip->header_len || field + 2 > ip->total_len)
		return false;
	/* The field's own octets are the pseudo header's part of the sum. */
	put_u16(inner + field, sum_finish((uint16_t)~checksum(inner + start, ip->total_len - start)));
	return true;
}

static size_t transport_header(const struct segmenter *s)
{
	const uint8_t *transport = s->inner + s->ip.header_len;
	const size_t length = s->ip.total_len - s->ip.header_len;
	size_t header;

	if (s->kind == OFFLOAD_UDP)
		return length >= UDP_HEADER ? UDP_HEADER : 0;
	if (length < TCP_HEADER_MIN)
		return 0;
	header = 4 * (size_t)(transport[TCP_DATA_OFFSET] >> 4);
	return header >= TCP_HEADER_MIN && header <= length ? header : 0;
}

static bool kind_fits(enum offload_kind kind, const struct ip_view *ip)
{
	if (ip->fragment_offset || ip->more_fragments)
		return false;
	switch (kind) {
	case OFFLOAD_TCP4: return ip->version == 4 && ip->protocol == PROTO_TCP;
	case OFFLOAD_TCP6: return ip->version == 6 && ip->protocol == PROTO_TCP;
	case OFFLOAD_UDP: return ip->protocol == PROTO_UDP;
	case OFFLOAD_NONE: break;
	}
	return false;
}

static size_t checksum_field(const struct segmenter *s)
{
	return s->ip.header_len + (size_t)(s->kind == OFFLOAD_UDP ? UDP_CHECKSUM : TCP_CHECKSUM);
}

/* The sum of the addresses and the protocol. Where the kernel has left the pseudo header's sum in the
 * field, that is taken: with a routing header the last destination counts, which it knows. */
static uint16_t pseudo_sum(const struct segmenter *s, const struct offload *o)
{
	const size_t length = s->ip.total_len - s->ip.header_len;

	if (o->needs_checksum && o->checksum_start == ETHERNET + s->ip.header_len &&
	    (size_t)o->checksum_start - ETHERNET + o->checksum_offset == checksum_field(s))
		return sum_fold((uint32_t)get_u16(s->inner + checksum_field(s)) + (uint16_t)~length);
	return offload_pseudo_sum(&s->ip, 0);
}

static void header_keep(struct segmenter *s)
{
	memcpy(s->header, s->inner, s->header_len);
	put_u16(s->header + checksum_field(s), 0);
	if (s->ip.version == 4)
		put_u16(s->header + IP4_CHECKSUM, 0);
}

bool segment_begin(struct segmenter *s, uint8_t *inner, const struct ip_view *ip, const struct offload *o)
{
	s->inner = inner;
	s->ip = *ip;
	s->kind = o->kind;
	s->at = 0;
	s->count = 0;
	s->header_len = 0;
	s->payload = s->segment = ip->total_len;
	if (o->kind == OFFLOAD_NONE)
		return !o->needs_checksum || checksum_complete(inner, ip, o);
	if (!kind_fits(o->kind, ip) || o->segment == 0)
		return false;
	s->header_len = transport_header(s);
	if (s->header_len == 0 || s->header_len + ip->header_len > SEGMENT_HEADER_MAX)
		return false;
	s->header_len += ip->header_len;
	s->payload = ip->total_len - s->header_len;
	s->segment = o->segment;
	s->pseudo_sum = pseudo_sum(s, o);
	header_keep(s);
	return true;
}

size_t segment_size(const struct segmenter *s)
{
	return s->header_len + (s->payload < s->segment ? s->payload : s->segment);
}

size_t segment_count(const struct segmenter *s)
{
	return s->payload <= s->segment ? 1 : (s->payload + s->segment - 1) / s->segment;
}

static void ip_finish(const struct segmenter *s, uint8_t *packet, size_t length)
{
	if (s->ip.version == 6) {
		put_u16(packet + 4, (uint16_t)(length - IP6_HEADER));
		return;
	}
	put_u16(packet + 2, (uint16_t)length);
	put_u16(packet + IP4_ID, (uint16_t)(get_u16(packet + IP4_ID) + s->count));
	put_u16(packet + IP4_CHECKSUM, checksum(packet, s->ip.header_len));
}

static void tcp_finish(const struct segmenter *s, uint8_t *tcp, bool is_last)
{
	const uint32_t sequence = (uint32_t)get_u16(tcp + TCP_SEQUENCE) << 16 | get_u16(tcp + TCP_SEQUENCE + 2);
	const uint32_t own = sequence + (uint32_t)s->at;

	put_u16(tcp + TCP_SEQUENCE, (uint16_t)(own >> 16));
	put_u16(tcp + TCP_SEQUENCE + 2, (uint16_t)own);
	if (!is_last)
		tcp[TCP_FLAGS] &= (uint8_t)~(FLAG_FIN | FLAG_PSH);
	if (s->count > 0)
		tcp[TCP_FLAGS] &= (uint8_t)~FLAG_CWR;
}

static void packet_finish(const struct segmenter *s, uint8_t *packet, size_t length, bool is_last)
{
	uint8_t *transport = packet + s->ip.header_len;
	const size_t octets = length - s->ip.header_len;

	memcpy(packet, s->header, s->header_len);
	ip_finish(s, packet, length);
	if (s->kind == OFFLOAD_UDP)
		put_u16(transport + UDP_LENGTH, (uint16_t)octets);
	else
		tcp_finish(s, transport, is_last);
	put_u16(packet + checksum_field(s),
		sum_finish((uint32_t)s->pseudo_sum + (uint32_t)octets + (uint16_t)~checksum(transport, octets)));
}

bool segment_next(struct segmenter *s, struct segment *out)
{
	const size_t left = s->payload - s->at;
	const size_t take = left < s->segment ? left : s->segment;

	if (left == 0 && s->count > 0)
		return false;
	out->packet = s->inner + s->at; /* its payload stands header_len behind */
	out->length = s->header_len + take;
	out->reused = take < left ? s->header_len + SEGMENT_HEADROOM : 0;
	if (s->kind != OFFLOAD_NONE)
		packet_finish(s, out->packet, out->length, take == left);
	s->at += take;
	s->count++;
	return true;
}
