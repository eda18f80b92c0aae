#include "wire/frame.h"

#include <pcap/dlt.h>
#include <string.h>

#include "base/reader.h"
#include "wire/gre.h"
#include "wire/ip.h"
#include "wire/nhrp.h"

enum {
	ETHER_VLAN = 0x8100,
	ETHER_PROVIDER_VLAN = 0x88a8,
	ETHER_OLD_PROVIDER_VLAN = 0x9100,
	ETHER_PPPOE = 0x8864,
	PPP_IPV4 = 0x0021,
	PPP_IPV6 = 0x0057,
	PROTO_ESP = 50,
};

static void read_payload(uint16_t type, struct reader *r, struct frame *out);

static void found(struct frame *out, enum frame_carrier carrier, const struct reader *r)
{
	out->kind = FRAME_NHRP;
	out->carrier = carrier;
	out->nhrp = r->at;
	out->nhrp_len = reader_left(r);
}

static void read_gre(struct reader *r, struct frame *out)
{
	struct gre_header h;
	enum gre_drop drop = gre_decode(r->at, reader_left(r), &h);

	/* A version other than 0 gives the protocol field another meaning (PPTP). */
	if (drop == GRE_DROP_VERSION || h.protocol != GRE_PROTO_NHRP)
		return;
	/* Half a packet cannot have a right checksum. */
	if (drop == GRE_DROP_CHECKSUM && out->is_cut)
		drop = GRE_DROP_NONE;
	out->carrier = FRAME_IN_GRE;
	out->has_key = h.has_key;
	out->key = h.key;
	if (drop != GRE_DROP_NONE) {
		out->kind = FRAME_BROKEN;
		out->problem = gre_drop_text(drop);
		return;
	}
	reader_skip(r, h.header_len);
	found(out, FRAME_IN_GRE, r);
}

static void read_transport(const struct ip_view *v, struct reader *r, struct frame *out)
{
	if (v->protocol == PROTO_ESP) {
		out->kind = FRAME_ESP;
		return;
	}
	if (v->protocol != IP_PROTO_GRE && v->protocol != IP_PROTO_NHRP)
		return;
	if (v->fragment_offset > 0) {
		out->kind = FRAME_FRAGMENT;
		return;
	}
	if (v->more_fragments) {
		out->is_cut = true;
		out->problem = "first fragment of a packet";
	}
	if (v->protocol == IP_PROTO_GRE)
		read_gre(r, out);
	else
		found(out, FRAME_IN_IP, r);
}

static void read_ip(struct reader *r, struct frame *out)
{
	struct reader packet;
	struct ip_view v;
	const enum ip_drop drop = ip_decode(r->at, reader_left(r), &v);

	if (drop == IP_DROP_SHORT || drop == IP_DROP_VERSION || drop == IP_DROP_HEADER)
		return;
	out->src = v.src;
	out->dst = v.dst;
	out->ttl = v.ttl;
	out->dscp = v.dscp;
	out->is_cut = v.total_len > reader_left(r);
	if (out->is_cut)
		out->problem = "cut by the capture";
	else if (drop != IP_DROP_NONE)
		out->problem = ip_drop_text(drop);
	/* A total length of 0 is what a capture before segmentation offload shows. */
	packet = reader_sub(r, out->is_cut || v.total_len < v.header_len ? reader_left(r) : v.total_len);
	reader_skip(&packet, v.header_len);
	read_transport(&v, &packet, out);
}

static void read_ppp(struct reader *r, struct frame *out)
{
	uint16_t type = reader_u16(r);

	if (type == 0xff03) /* address and control, present or not */
		type = reader_u16(r);
	if (!r->bad && (type == PPP_IPV4 || type == PPP_IPV6))
		read_ip(r, out);
}

static void read_payload(uint16_t type, struct reader *r, struct frame *out)
{
	while (type == ETHER_VLAN || type == ETHER_PROVIDER_VLAN || type == ETHER_OLD_PROVIDER_VLAN) {
		reader_skip(r, 2);
		type = reader_u16(r);
	}
	if (type == ETHER_PPPOE) {
		reader_skip(r, 6);
		read_ppp(r, out);
	} else if (r->bad) {
		return;
	} else if (type == GRE_PROTO_IPV4 || type == GRE_PROTO_IPV6) {
		read_ip(r, out);
	} else if (type == NHRP_GRE_PROTOCOL) {
		found(out, FRAME_IN_LINK, r);
	}
}

/* A link header with a type field: `before` octets, the type, `after` octets. */
static void read_typed(struct reader *r, size_t before, size_t after, struct frame *out)
{
	uint16_t type;

	reader_skip(r, before);
	type = reader_u16(r);
	reader_skip(r, after);
	read_payload(type, r, out);
}

bool frame_link_is_known(int datalink)
{
	switch (datalink) {
	case DLT_EN10MB:
	case DLT_RAW:
	case DLT_IPV4:
	case DLT_IPV6:
	case DLT_NULL:
	case DLT_LOOP:
	case DLT_LINUX_SLL:
	case DLT_LINUX_SLL2:
	case DLT_C_HDLC:
	case DLT_PPP:
	case DLT_PPP_SERIAL:
		return true;
	default:
		return false;
	}
}

void frame_read(int datalink, const uint8_t *bytes, size_t length, struct frame *out)
{
	struct reader r = reader_of(bytes, length);

	memset(out, 0, sizeof *out);
	switch (datalink) {
	case DLT_EN10MB:
		read_typed(&r, 12, 0, out);
		break;
	case DLT_LINUX_SLL:
		read_typed(&r, 14, 0, out);
		break;
	case DLT_LINUX_SLL2:
		read_typed(&r, 0, 18, out);
		break;
	case DLT_C_HDLC:
		read_typed(&r, 2, 0, out);
		break;
	case DLT_PPP:
	case DLT_PPP_SERIAL:
		read_ppp(&r, out);
		break;
	case DLT_NULL:
	case DLT_LOOP:
		/* Four octets of address family, whose numbers differ by system: the IP
		 * version says the same. */
		reader_skip(&r, 4);
		read_ip(&r, out);
		break;
	default:
		read_ip(&r, out);
		break;
	}
}
