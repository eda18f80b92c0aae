/*
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |      hardware type = 1        |     protocol type = 0x800     |
 * |  hlen = 6     |  plen = 4     |  operation: 1 request 2 reply |
 * |            sender hardware address (6), protocol address (4)  |
 * |            target hardware address (6), protocol address (4)  |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
#include "forward/arp.h"

#include <string.h>

#include "base/reader.h"
#include "base/writer.h"
#include "forward/frame.h"
#include "forward/neighbour.h"

enum { ARP_LENGTH = 28, ARP_ETHERNET = 1, ARP_REQUEST = 1, ARP_REPLY = 2 };

struct arp {
	uint8_t sender_mac[6], target_mac[6];
	struct ipaddr sender, target;
};

static struct ipaddr read_v4(struct reader *r)
{
	const uint8_t *p = reader_skip(r, 4);

	return p ? ipaddr_from_bytes(IP_V4, p) : IPADDR_NONE;
}

/* false: not a request for an IPv4 address. r->bad tells the short ones. */
static bool arp_decode(struct reader *r, struct arp *out)
{
	const bool kind = reader_u16(r) == ARP_ETHERNET && reader_u16(r) == ETHERTYPE_IPV4 &&
			  reader_u8(r) == 6 && reader_u8(r) == 4 && reader_u16(r) == ARP_REQUEST;

	if (!kind)
		return false;
	reader_copy(r, out->sender_mac, 6);
	out->sender = read_v4(r);
	reader_copy(r, out->target_mac, 6);
	out->target = read_v4(r);
	return !r->bad;
}

static void arp_reply(struct worker *w, struct tunnel *t, const struct arp *request, uint64_t peer, const uint8_t mac[6])
{
	uint8_t room[FRAME_HEADROOM + ETHERNET_HEADER + ARP_LENGTH];
	uint8_t *frame = room + FRAME_HEADROOM;
	struct writer out = writer_of(frame + ETHERNET_HEADER, ARP_LENGTH);

	frame_header(frame, request->sender_mac, peer, ETHERTYPE_ARP);
	writer_u16(&out, ARP_ETHERNET);
	writer_u16(&out, ETHERTYPE_IPV4);
	writer_u8(&out, 6);
	writer_u8(&out, 4);
	writer_u16(&out, ARP_REPLY);
	writer_bytes(&out, mac, 6);
	writer_bytes(&out, request->target.bytes, 4);
	writer_bytes(&out, request->sender_mac, 6);
	writer_bytes(&out, request->sender.bytes, 4);
	w->io.tap_write(w->io.context, t, frame, ETHERNET_HEADER + ARP_LENGTH);
}

void arp_frame(struct worker *w, struct tunnel *t, const uint8_t *frame, size_t length)
{
	struct reader r = reader_of(frame + ETHERNET_HEADER, length - ETHERNET_HEADER);
	struct arp request;
	uint64_t peer;
	uint8_t mac[6];

	if (!arp_decode(&r, &request)) {
		worker_drop(w, r.bad ? FORWARD_DROP_FRAME_SHORT : FORWARD_DROP_LOCAL_LINK);
		return;
	}
	/* Probes and announcements (RFC 5227): no one else can have the address here. */
	if (ipaddr_is_unspecified(&request.sender) || ipaddr_eq(&request.sender, &request.target)) {
		worker_drop(w, FORWARD_DROP_LOCAL_LINK);
		return;
	}
	if (neighbour_answer(w, t, &request.target, &peer, mac))
		arp_reply(w, t, &request, peer, mac);
}
