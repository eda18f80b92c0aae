/*
 * merge: any packets, merged for a TAP (coalesce.h), and what comes of it cut again (segment.h):
 * as many octets of payload as went in. Records of [octet, length of 2 octets, bytes]; the octet's
 * low bits mend lengths and checksums, which chance would never get right, its highest flushes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/reader.h"
#include "forward/coalesce.h"
#include "forward/frame.h"
#include "forward/segment.h"
#include "wire/checksum.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ETHERNET = 14, PACKETS = 300, MEND_IP = 1, MEND_TRANSPORT = 2, MEND_PORTS = 4, MULTICAST = 8, OTHER_LINK = 16 };

static size_t packets_given, packets_written;

static void touch(const uint8_t *bytes, size_t length)
{
	static volatile uint8_t sink;

	for (size_t i = 0; i < length; i++)
		sink = (uint8_t)(sink ^ bytes[i]);
}

static void cut_again(uint8_t *inner, size_t length, const struct offload *o, size_t packets)
{
	struct segmenter s;
	struct segment p;
	struct ip_view ip;
	size_t count = 0;

	if (ip_decode(inner, length, &ip) != IP_DROP_NONE || ip.total_len != length || !segment_begin(&s, inner, &ip, o))
		abort();
	if (segment_count(&s) != packets)
		abort();
	while (segment_next(&s, &p)) {
		if (ip_decode(p.packet, p.length, &ip) != IP_DROP_NONE || ip.total_len != p.length || p.length > segment_size(&s))
			abort();
		if (packets > 1 && !offload_verify(p.packet, &ip))
			abort();
		memset(p.packet - SEGMENT_HEADROOM, 0, SEGMENT_HEADROOM);
		count++;
	}
	if (count != packets)
		abort();
}

static void write_out(void *context, void *link, const struct iovec *pieces, size_t count, size_t packets)
{
	struct offload o;
	uint8_t *frame;
	size_t length = 0;

	(void)context;
	(void)link;
	for (size_t i = 1; i < count; i++)
		length += pieces[i].iov_len;
	frame = malloc(length);
	if (!frame || pieces[0].iov_len != OFFLOAD_HEADER || !offload_decode(pieces[0].iov_base, &o))
		abort();
	length = 0;
	for (size_t i = 1; i < count; i++) {
		memcpy(frame + length, pieces[i].iov_base, pieces[i].iov_len);
		length += pieces[i].iov_len;
	}
	touch(frame, length);
	if (packets > 1)
		cut_again(frame + ETHERNET, length - ETHERNET, &o, packets);
	packets_written += packets;
	free(frame);
}

static void mend(uint8_t *p, size_t length, uint8_t how)
{
	const bool v6 = p[0] >> 4 == 6;
	struct ip_view ip;
	size_t field;

	if (length < (v6 ? IP6_HEADER : IP4_HEADER_MIN))
		return;
	if (how & MEND_IP && v6) {
		put_u16(p + 4, (uint16_t)(length - IP6_HEADER));
	} else if (how & MEND_IP) {
		p[0] = 0x45;
		put_u16(p + 2, (uint16_t)length);
		put_u16(p + 10, 0);
		put_u16(p + 10, checksum(p, IP4_HEADER_MIN));
	}
	if (ip_decode(p, length, &ip) != IP_DROP_NONE)
		return;
	field = ip.header_len + (ip.protocol == PROTO_TCP ? 16u : 6u);
	if (!(how & MEND_TRANSPORT) || field + 2 > ip.total_len)
		return;
	if (how & MEND_PORTS && ip.protocol == PROTO_UDP)
		put_u16(p + ip.header_len + 4, (uint16_t)(ip.total_len - ip.header_len));
	put_u16(p + field, 0);
	put_u16(p + field, (uint16_t)~offload_pseudo_sum(&ip, ip.total_len - ip.header_len));
	put_u16(p + field, checksum_update(get_u16(p + field), 0, (uint16_t)~checksum(p + ip.header_len, ip.total_len - ip.header_len)));
}

static uint8_t *record_run(struct coalesce *c, uint8_t kind, const uint8_t *bytes, size_t length)
{
	static int links[2];
	uint8_t *frame = malloc(ETHERNET + length);
	struct ip_view ip;

	if (!frame)
		abort();
	memset(frame, 0, ETHERNET);
	frame[0] = kind & MULTICAST ? 1 : 0;
	memcpy(frame + ETHERNET, bytes, length);
	mend(frame + ETHERNET, length, kind);
	if (ip_decode(frame + ETHERNET, length, &ip) == IP_DROP_NONE) {
		packets_given++;
		coalesce_packet(c, &links[kind & OTHER_LINK ? 1 : 0], true, frame, &ip);
	}
	return frame;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct coalesce *c = coalesce_new(write_out, NULL);
	struct reader r = reader_of(data, size);
	uint8_t *frames[PACKETS];
	size_t count = 0;

	if (!c)
		abort();
	packets_given = packets_written = 0;
	while (reader_left(&r) > 3 && count < PACKETS) {
		const uint8_t kind = reader_u8(&r);
		const size_t wanted = reader_u16(&r);
		const size_t length = wanted < reader_left(&r) ? wanted : reader_left(&r);

		if (length == 0)
			continue;
		frames[count++] = record_run(c, kind, reader_skip(&r, length), length);
		if (kind & 0x80)
			coalesce_flush(c);
	}
	coalesce_flush(c);
	if (packets_given != packets_written)
		abort();
	while (count > 0)
		free(frames[--count]);
	coalesce_free(c);
	return 0;
}
