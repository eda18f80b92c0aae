#include "forward/offload.h"

#include <linux/virtio_net.h>
#include <string.h>

#include "wire/checksum.h"

enum { GSO_UDP_L4 = 5 }; /* younger than some systems' headers */

static uint16_t get_native(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

static void put_native(uint8_t *p, uint16_t v)
{
	memcpy(p, &v, sizeof v);
}

bool offload_decode(const uint8_t header[OFFLOAD_HEADER], struct offload *out)
{
	*out = (struct offload){ .needs_checksum = header[0] & VIRTIO_NET_HDR_F_NEEDS_CSUM,
				 .header_len = get_native(header + 2), .segment = get_native(header + 4),
				 .checksum_start = get_native(header + 6), .checksum_offset = get_native(header + 8) };
	switch (header[1] & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_NONE: out->kind = OFFLOAD_NONE; return true;
	case VIRTIO_NET_HDR_GSO_TCPV4: out->kind = OFFLOAD_TCP4; return true;
	case VIRTIO_NET_HDR_GSO_TCPV6: out->kind = OFFLOAD_TCP6; return true;
	case GSO_UDP_L4: out->kind = OFFLOAD_UDP; return true;
	default: return false;
	}
}

void offload_encode(const struct offload *o, uint8_t header[OFFLOAD_HEADER])
{
	static const uint8_t types[] = {
		[OFFLOAD_NONE] = VIRTIO_NET_HDR_GSO_NONE, [OFFLOAD_TCP4] = VIRTIO_NET_HDR_GSO_TCPV4,
		[OFFLOAD_TCP6] = VIRTIO_NET_HDR_GSO_TCPV6, [OFFLOAD_UDP] = GSO_UDP_L4,
	};

	header[0] = o->needs_checksum ? VIRTIO_NET_HDR_F_NEEDS_CSUM : 0;
	header[1] = types[o->kind];
	put_native(header + 2, o->header_len);
	put_native(header + 4, o->segment);
	put_native(header + 6, o->checksum_start);
	put_native(header + 8, o->checksum_offset);
}

uint16_t offload_pseudo_sum(const struct ip_view *ip, size_t length)
{
	const size_t octets = ip_family_octets((enum ip_family)ip->src.family);
	uint32_t sum = (uint16_t)~checksum(ip->src.bytes, octets);

	sum += (uint16_t)~checksum(ip->dst.bytes, octets);
	sum += ip->protocol + (uint32_t)(length >> 16) + (uint32_t)(length & 0xffff);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

bool offload_verify(const uint8_t *inner, const struct ip_view *ip)
{
	const uint8_t *transport = inner + ip->header_len;
	const size_t length = ip->total_len - ip->header_len;
	uint32_t sum;

	if (length < UDP_HEADER || (ip->protocol == PROTO_UDP && transport[6] == 0 && transport[7] == 0))
		return false;
	sum = (uint32_t)(uint16_t)~checksum(transport, length) + offload_pseudo_sum(ip, length);
	return (sum & 0xffff) + (sum >> 16) == 0xffff;
}
