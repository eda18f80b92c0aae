#include "wire/ip.h"

#include <string.h>

#include "base/reader.h"
#include "base/writer.h"
#include "wire/checksum.h"

enum {
	CHECKSUM_AT = 10, /* in an IPv4 header */
	PSEUDO_MAX = 40,
	FLAG_DONT_FRAGMENT = 0x4000,
	FLAG_MORE_FRAGMENTS = 0x2000,
	FRAGMENT_MASK = 0x1fff,
	/* IPv6 extension headers that may stand before the payload. */
	NEXT_HOP_BY_HOP = 0,
	NEXT_ROUTING = 43,
	NEXT_FRAGMENT = 44,
	NEXT_DESTINATION = 60,
	EXTENSION_HEADERS_MAX = 8,
};

static const char *const drop_texts[IP_DROP_COUNT] = {
#define IP_DROP_TEXT(name, text) [IP_DROP_##name] = text,
	IP_DROPS(IP_DROP_TEXT)
#undef IP_DROP_TEXT
};

const char *ip_drop_text(enum ip_drop drop)
{
	return (unsigned)drop < IP_DROP_COUNT ? drop_texts[drop] : "unknown";
}

static struct ipaddr read_addr(struct reader *r, enum ip_family family)
{
	const uint8_t *p = reader_skip(r, ip_family_octets(family));

	return p ? ipaddr_from_bytes(family, p) : IPADDR_NONE;
}

static uint16_t u16_at(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* Every packet that is forwarded passes here: one look at the length, then plain loads. */
static enum ip_drop decode4(const uint8_t *bytes, size_t length, struct ip_view *out)
{
	uint16_t fragment;

	if (length < IP4_HEADER_MIN)
		return IP_DROP_SHORT;
	out->header_len = (uint16_t)(4 * (bytes[0] & 0x0f));
	out->total_len = u16_at(bytes + 2);
	fragment = u16_at(bytes + 6);
	out->ttl = bytes[8];
	out->protocol = bytes[9];
	out->src.family = out->dst.family = IP_V4;
	memcpy(out->src.bytes, bytes + 12, 4);
	memcpy(out->dst.bytes, bytes + 16, 4);
	if (length < out->header_len)
		return IP_DROP_SHORT;
	out->dscp = bytes[1] >> 2;
	out->ecn = bytes[1] & 3;
	out->dont_fragment = fragment & FLAG_DONT_FRAGMENT;
	out->more_fragments = fragment & FLAG_MORE_FRAGMENTS;
	out->fragment_offset = (uint16_t)(8 * (fragment & FRAGMENT_MASK));
	if (out->header_len < IP4_HEADER_MIN)
		return IP_DROP_HEADER;
	if (out->total_len < out->header_len || out->total_len > length)
		return IP_DROP_LENGTH;
	if (checksum(bytes, out->header_len) != 0)
		return IP_DROP_CHECKSUM;
	return IP_DROP_NONE;
}

/* Steps over one extension header; `*next` is its type, then the type of what follows. */
static void skip_extension(struct reader *r, uint8_t *next, struct ip_view *out)
{
	const bool is_fragment = *next == NEXT_FRAGMENT;
	uint8_t units;

	*next = reader_u8(r);
	units = reader_u8(r);
	if (is_fragment) {
		const uint16_t field = reader_u16(r);

		out->fragment_offset = field & 0xfff8;
		out->more_fragments = field & 1;
		reader_skip(r, 4);
	} else {
		reader_skip(r, 6 + 8 * (size_t)units);
	}
}

static bool is_extension(uint8_t next)
{
	return next == NEXT_HOP_BY_HOP || next == NEXT_ROUTING || next == NEXT_FRAGMENT ||
	       next == NEXT_DESTINATION;
}

static enum ip_drop decode6(const uint8_t *bytes, size_t length, struct ip_view *out)
{
	struct reader r = reader_of(bytes, length);
	const uint32_t first = reader_u32(&r);
	uint8_t next;

	out->total_len = IP6_HEADER + (uint32_t)reader_u16(&r);
	next = reader_u8(&r);
	out->ttl = reader_u8(&r);
	out->src = read_addr(&r, IP_V6);
	out->dst = read_addr(&r, IP_V6);
	out->dscp = (uint8_t)(first >> 22 & 0x3f);
	out->ecn = (uint8_t)(first >> 20 & 3);
	out->dont_fragment = true;
	/* What follows a later fragment's header is data, not another header. */
	for (int i = 0; i < EXTENSION_HEADERS_MAX && is_extension(next) && out->fragment_offset == 0; i++)
		skip_extension(&r, &next, out);
	if (r.bad)
		return IP_DROP_SHORT;
	out->protocol = next;
	out->header_len = (uint16_t)(length - reader_left(&r));
	if (out->total_len < out->header_len || out->total_len > length)
		return IP_DROP_LENGTH;
	return IP_DROP_NONE;
}

enum ip_drop ip_decode(const uint8_t *bytes, size_t length, struct ip_view *out)
{
	memset(out, 0, sizeof *out);
	if (length == 0)
		return IP_DROP_SHORT;
	out->version = bytes[0] >> 4;
	if (out->version == 4)
		return decode4(bytes, length, out);
	if (out->version == 6)
		return decode6(bytes, length, out);
	return IP_DROP_VERSION;
}

bool ip_decrement_ttl(uint8_t *header)
{
	uint8_t *ttl = header[0] >> 4 == 6 ? header + 7 : header + 8;

	if (*ttl <= 1)
		return false;
	if (header[0] >> 4 == 4) {
		const uint16_t before = (uint16_t)(header[8] << 8 | header[9]);
		const uint16_t sum = checksum_update((uint16_t)(header[10] << 8 | header[11]), before,
						     (uint16_t)(before - 0x100));

		header[10] = (uint8_t)(sum >> 8);
		header[11] = (uint8_t)sum;
	}
	(*ttl)--;
	return true;
}

static void encode4(struct writer *w, const struct ip_head *h, size_t payload)
{
	writer_u8(w, 0x45);
	writer_u8(w, h->tos);
	writer_u16(w, (uint16_t)(IP4_HEADER_MIN + payload));
	writer_u16(w, 0);
	writer_u16(w, h->dont_fragment ? FLAG_DONT_FRAGMENT : 0);
	writer_u8(w, h->ttl);
	writer_u8(w, h->protocol);
	writer_u16(w, 0);
	writer_bytes(w, h->from.bytes, 4);
	writer_bytes(w, h->to.bytes, 4);
	writer_patch_u16(w, CHECKSUM_AT, checksum(w->begin, IP4_HEADER_MIN));
}

static void encode6(struct writer *w, const struct ip_head *h, size_t payload)
{
	writer_u32(w, 6u << 28 | (uint32_t)h->tos << 20);
	writer_u16(w, (uint16_t)payload);
	writer_u8(w, h->protocol);
	writer_u8(w, h->ttl);
	writer_bytes(w, h->from.bytes, 16);
	writer_bytes(w, h->to.bytes, 16);
}

size_t ip_encode(const struct ip_head *h, size_t payload, uint8_t *out)
{
	struct writer w = writer_of(out, IP6_HEADER);

	if (h->to.family == IP_V4)
		encode4(&w, h, payload);
	else
		encode6(&w, h, payload);
	return writer_length(&w);
}

uint16_t ip_payload_checksum(const struct ipaddr *from, const struct ipaddr *to, uint8_t protocol,
			     const uint8_t *payload, size_t length)
{
	const size_t octets = ip_family_octets(from->family);
	uint8_t pseudo[PSEUDO_MAX];
	struct writer w = writer_of(pseudo, sizeof pseudo);
	uint32_t sum;

	writer_bytes(&w, from->bytes, octets);
	writer_bytes(&w, to->bytes, octets);
	writer_u32(&w, (uint32_t)length);
	writer_u32(&w, protocol);
	sum = (uint32_t)(uint16_t)~checksum(pseudo, writer_length(&w)) + (uint16_t)~checksum(payload, length);
	return (uint16_t)~((sum & 0xffff) + (sum >> 16));
}
