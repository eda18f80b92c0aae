/*
 * A neighbour advertisement (RFC 4861 4.4):
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |   Type 136    |     Code      |          Checksum             |
 * |R|S|O|                     Reserved                            |
 * |                  target address (16)                          |
 * | option 2      |  length 1     |   link-layer address (6)      |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
#include "forward/nd.h"

#include "base/writer.h"
#include "forward/frame.h"
#include "forward/icmp.h"
#include "forward/neighbour.h"

enum {
	PROTO_ICMPV6 = 58,
	MLD_QUERY = 130,
	MLD_DONE = 132,
	ROUTER_SOLICITATION = 133,
	NEIGHBOUR_SOLICITATION = 135,
	NEIGHBOUR_ADVERTISEMENT = 136,
	REDIRECT = 137,
	MLD2_REPORT = 143,
	SOLICITATION_LENGTH = 24,
	ADVERTISEMENT_LENGTH = 32,
	FLAGS_SOLICITED_OVERRIDE = 0x60,
	OPTION_TARGET_ADDRESS = 2,
};

bool nd_is_link_scope(const uint8_t *inner, const struct ip_view *ip)
{
	uint8_t type;

	if (ip->version != 6 || ip->protocol != PROTO_ICMPV6 || ip->fragment_offset ||
	    ip->total_len <= ip->header_len)
		return false;
	type = inner[ip->header_len];
	return (type >= MLD_QUERY && type <= MLD_DONE) || (type >= ROUTER_SOLICITATION && type <= REDIRECT) ||
	       type == MLD2_REPORT;
}

static void advertise(struct worker *w, struct tunnel *t, const uint8_t *asker_mac, const struct ip_view *ip,
		      const struct ipaddr *target, uint64_t peer, const uint8_t mac[6])
{
	uint8_t room[FRAME_HEADROOM + ETHERNET_HEADER + IP6_HEADER + ADVERTISEMENT_LENGTH];
	uint8_t *frame = room + FRAME_HEADROOM;
	struct writer out = writer_of(frame + ETHERNET_HEADER + IP6_HEADER, ADVERTISEMENT_LENGTH);

	frame_header(frame, asker_mac, peer, ETHERTYPE_IPV6);
	writer_u8(&out, NEIGHBOUR_ADVERTISEMENT);
	writer_u8(&out, 0);
	writer_u16(&out, 0);
	writer_u8(&out, FLAGS_SOLICITED_OVERRIDE);
	writer_bytes(&out, (const uint8_t[3]){ 0 }, 3);
	writer_bytes(&out, target->bytes, 16);
	writer_u8(&out, OPTION_TARGET_ADDRESS);
	writer_u8(&out, 1);
	writer_bytes(&out, mac, 6);
	icmp6_finish(frame + ETHERNET_HEADER, target, &ip->src, 255, ADVERTISEMENT_LENGTH);
	w->io.tap_write(w->io.context, t, frame, sizeof room - FRAME_HEADROOM);
}

void nd_frame(struct worker *w, struct tunnel *t, const uint8_t *frame, const struct ip_view *ip)
{
	const uint8_t *icmp = frame + ETHERNET_HEADER + ip->header_len;
	struct ipaddr target;
	uint64_t peer;
	uint8_t mac[6];

	/* A solicitation from :: asks whether an address is taken (RFC 4862): it is not. */
	if (icmp[0] != NEIGHBOUR_SOLICITATION || ipaddr_is_unspecified(&ip->src)) {
		worker_drop(w, FORWARD_DROP_LOCAL_LINK);
		return;
	}
	if (ip->total_len - ip->header_len < SOLICITATION_LENGTH) {
		worker_drop(w, FORWARD_DROP_INNER_MALFORMED);
		return;
	}
	target = ipaddr_from_bytes(IP_V6, icmp + 8);
	if (neighbour_answer(w, t, &target, &peer, mac))
		advertise(w, t, frame + 6, ip, &target, peer, mac);
}
