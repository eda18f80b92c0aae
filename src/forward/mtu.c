#include "forward/mtu.h"

#include <string.h>

#include "forward/frame.h"
#include "forward/esp_tx.h"
#include "forward/icmp.h"
#include "forward/protect.h"

enum {
	PROTO_ICMP = 1,
	PROTO_ICMPV6 = 58,
	ICMP_UNREACHABLE = 3,
	ICMP_FRAGMENTATION_NEEDED = 4,
	ICMP6_TOO_BIG = 2,
	ICMP_HEADER = 8,
	QUOTE4_MAX = 548, /* the answer within 576 octets (RFC 1812 4.3.2.3) */
	QUOTE6_MAX = IP6_MTU_MIN - IP6_HEADER - ICMP_HEADER,
	ANSWER_MAX = ETHERNET_HEADER + IP6_MTU_MIN,
};

static uint32_t gre_octets(const struct tunnel *t)
{
	return t->conf.has_key ? 8 : 4;
}

static uint32_t outer_overhead(const struct tunnel *t)
{
	return gre_octets(t) + (t->conf.local.addr.family == IP_V6 ? IP6_HEADER : IP4_HEADER_MIN);
}

/* The same behind ESP, whose overhead is its suite's. */
static uint32_t protected_limit(const struct worker *w, const struct tunnel *t, struct peer *peer)
{
	const struct sa_session *s = protect_session(w, t, peer);
	uint32_t room;

	if (!s || !s->path_mtu || !instant_before(w->now, s->path_mtu_until))
		return UINT32_MAX;
	room = esp_tx_room(s, s->path_mtu);
	return room == UINT32_MAX || room <= gre_octets(t) ? UINT32_MAX : room - gre_octets(t);
}

static uint32_t now_s(const struct worker *w)
{
	return (uint32_t)(w->now.us / 1000000);
}

/* Octets of inner packet that the path to the peer carries; UINT32_MAX: not known. */
static uint32_t path_limit(const struct worker *w, const struct tunnel *t, struct peer *peer)
{
	if (t->conf.protection)
		return protected_limit(w, t, peer);
	if (!peer || peer->path_mtu <= outer_overhead(t) || now_s(w) >= peer->path_mtu_until_s)
		return UINT32_MAX;
	return peer->path_mtu - outer_overhead(t);
}

bool mtu_wants_df(const struct tunnel *t, const struct ip_view *ip, size_t size)
{
	/* No IPv6 link may be smaller than 1280: such packets pass, in fragments if need be. */
	if (ip->version == 6 && size <= IP6_MTU_MIN)
		return false;
	return t->conf.set_df && ip->dont_fragment;
}

/* ICMP errors are never answered with ICMP errors (RFC 1122 3.2.2, RFC 4443 2.4). */
static bool may_answer(const uint8_t *inner, const struct ip_view *ip)
{
	const uint8_t *payload = inner + ip->header_len;

	if (ip->fragment_offset || !ipaddr_is_host(&ip->src) || !ipaddr_is_host(&ip->dst))
		return false;
	if (ip->total_len == ip->header_len)
		return true;
	if (ip->version == 4 && ip->protocol == PROTO_ICMP)
		return payload[0] == 0 || payload[0] == 8 || payload[0] >= 13;
	return ip->version == 4 || ip->protocol != PROTO_ICMPV6 || payload[0] >= 128;
}

static size_t answer4(uint8_t *packet, const uint8_t *inner, const struct ip_view *ip, uint32_t limit)
{
	const size_t quote = ip->total_len < QUOTE4_MAX ? ip->total_len : QUOTE4_MAX;
	uint8_t *icmp = packet + IP4_HEADER_MIN;

	memset(icmp, 0, ICMP_HEADER);
	icmp[0] = ICMP_UNREACHABLE;
	icmp[1] = ICMP_FRAGMENTATION_NEEDED;
	put_u16(icmp + 6, (uint16_t)limit);
	memcpy(icmp + ICMP_HEADER, inner, quote);
	icmp4_finish(packet, &ip->dst, &ip->src, ICMP_HEADER + quote);
	return IP4_HEADER_MIN + ICMP_HEADER + quote;
}

static size_t answer6(uint8_t *packet, const uint8_t *inner, const struct ip_view *ip, uint32_t limit)
{
	const size_t quote = ip->total_len < QUOTE6_MAX ? ip->total_len : QUOTE6_MAX;
	uint8_t *icmp = packet + IP6_HEADER;

	memset(icmp, 0, ICMP_HEADER);
	icmp[0] = ICMP6_TOO_BIG;
	put_u16(icmp + 4, (uint16_t)(limit >> 16));
	put_u16(icmp + 6, (uint16_t)limit);
	memcpy(icmp + ICMP_HEADER, inner, quote);
	icmp6_finish(packet, &ip->dst, &ip->src, 64, ICMP_HEADER + quote);
	return IP6_HEADER + ICMP_HEADER + quote;
}

static void refuse(struct worker *w, struct tunnel *t, uint64_t peer, const uint8_t *inner,
		   const struct ip_view *ip, uint32_t limit)
{
	uint8_t room[FRAME_HEADROOM + ANSWER_MAX];
	uint8_t *frame = room + FRAME_HEADROOM;
	size_t length;

	worker_drop(w, FORWARD_DROP_TOO_BIG);
	if (!may_answer(inner, ip))
		return;
	frame_header(frame, t->conf.mac, peer, ip->version == 4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6);
	if (ip->version == 4)
		length = answer4(frame + ETHERNET_HEADER, inner, ip, limit);
	else
		length = answer6(frame + ETHERNET_HEADER, inner, ip, limit);
	w->io.tap_write(w->io.context, t, frame, ETHERNET_HEADER + length);
}

bool mtu_admits(struct worker *w, struct tunnel *t, struct peer *peer, const uint8_t *inner,
		const struct ip_view *ip, size_t size)
{
	uint32_t limit = ip->version == 4 ? t->conf.ip_mtu : t->conf.ipv6_mtu;
	const uint32_t path = mtu_wants_df(t, ip, size) ? path_limit(w, t, peer) : UINT32_MAX;

	if (limit == 0)
		limit = UINT32_MAX;
	if (path < limit)
		limit = path;
	if (ip->version == 6 && limit < IP6_MTU_MIN)
		limit = IP6_MTU_MIN;
	if (size <= limit || !ip->dont_fragment)
		return true;
	refuse(w, t, peer ? peer->id : 0, inner, ip, limit);
	return false;
}

void mtu_learn(struct worker *w, const struct underlay_packet *p, uint32_t path_mtu)
{
	struct peer *peer = peer_find(&w->tables->peers, p->tunnel->conf.tunnel, p->peer);
	const uint32_t overhead = outer_overhead(p->tunnel);
	struct ip_view ip;
	uint32_t limit;

	if (path_mtu <= overhead || path_mtu > UINT16_MAX ||
	    ip_decode(p->inner, p->length - (size_t)(p->inner - p->bytes), &ip) != IP_DROP_NONE) {
		worker_drop(w, FORWARD_DROP_TOO_BIG);
		return;
	}
	if (peer) {
		peer->path_mtu = (uint16_t)path_mtu;
		peer->path_mtu_until_s = now_s(w) + PATH_MTU_LIFE_S;
	}
	limit = path_mtu - overhead;
	if (ip.version == 6 && limit < IP6_MTU_MIN)
		limit = IP6_MTU_MIN;
	refuse(w, p->tunnel, p->peer, p->inner, &ip, limit);
}
