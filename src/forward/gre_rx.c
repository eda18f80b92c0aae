#include "forward/gre_rx.h"

#include <string.h>

#include "forward/bfd_front.h"
#include "forward/frame.h"
#include "forward/hash.h"
#include "forward/hush.h"
#include "forward/mss.h"
#include "forward/nd.h"
#include "forward/probe.h"
#include "forward/sa_session.h"
#include "forward/twin.h"
#include "wire/checksum.h"
#include "wire/gre.h"
#include "wire/ip.h"

enum { ECN_MASK = 3, ECN_NOT_CAPABLE = 0, ECN_CONGESTED = 3 };

/* What is known about a packet once its tunnel is found. */
struct arrival {
	struct tunnel *tunnel;
	struct peer *peer; /* NULL: the sender is none */
	struct endpoint from;
	struct sa_session *session; /* NULL: it came in clear */
	uint32_t protection;        /* likewise 0 */
	uint8_t tos;
};

static const enum forward_drop gre_drops[GRE_DROP_COUNT] = {
	[GRE_DROP_SHORT] = FORWARD_DROP_GRE_SHORT,
	[GRE_DROP_VERSION] = FORWARD_DROP_GRE_VERSION,
	[GRE_DROP_FLAGS] = FORWARD_DROP_GRE_FLAGS,
	[GRE_DROP_CHECKSUM] = FORWARD_DROP_GRE_CHECKSUM,
};

static struct forward_key foreign_key(const struct tunnel *t, const struct gre_header *h)
{
	struct forward_key key = { 0 };

	if (h->has_key != t->conf.has_key || h->key != t->conf.key)
		key = (struct forward_key){ .given = 1, .present = h->has_key, .key = h->key };
	return key;
}

static void nhrp_punt(struct worker *w, const struct arrival *a, const struct gre_header *h, const uint8_t *bytes,
		      size_t length)
{
	struct forward_nhrp message; /* its octets are not worth clearing */

	if (length > FORWARD_NHRP_MAX) {
		worker_drop(w, FORWARD_DROP_NHRP_LONG);
		return;
	}
	memset(&message, 0, offsetof(struct forward_nhrp, bytes));
	message.tunnel = a->tunnel->conf.tunnel;
	message.length = (uint32_t)length;
	message.endpoint = a->from;
	message.session = a->session ? a->session->conf.session : 0;
	message.key = foreign_key(a->tunnel, h);
	memcpy(message.bytes, bytes, length);
	a->tunnel->counters.rx_nhrp++;
	if (!w->io.control_send(w->io.context, FORWARD_NHRP_RECEIVED, &message,
				offsetof(struct forward_nhrp, bytes) + length))
		worker_drop(w, FORWARD_DROP_NHRP_NO_CONTROL);
}

static void congestion_set(uint8_t *inner)
{
	const uint16_t before = get_u16(inner);

	if (inner[0] >> 4 == 4) {
		inner[1] |= ECN_CONGESTED;
		put_u16(inner + 10, checksum_update(get_u16(inner + 10), before, get_u16(inner)));
	} else {
		inner[1] |= ECN_CONGESTED << 4;
	}
}

/* RFC 6040 4.2: a congestion mark met on the way moves into the inner header; a packet
 * that cannot carry it is dropped instead (false). */
static bool ecn_decapsulate(uint8_t *inner, const struct ip_view *ip, uint8_t tos)
{
	if ((tos & ECN_MASK) != ECN_CONGESTED)
		return true;
	if (ip->ecn == ECN_NOT_CAPABLE)
		return false;
	congestion_set(inner);
	return true;
}

static bool is_within(const struct worker *w, struct instant since)
{
	return instant_since(w->now, since).us < span_ms(STRANGER_INTERVAL_MS).us;
}

static bool stranger_may_tell(struct worker *w)
{
	if (!is_within(w, w->strangers_since)) {
		w->strangers_since = w->now;
		w->strangers_told = 0;
	}
	return w->strangers_told++ < STRANGERS_MAX;
}

/* Who was a peer before a crash of ours, or before his NAT was rebound, can be called back. */
static void stranger_tell(struct worker *w, const struct arrival *a, const struct ipaddr *src)
{
	const uint32_t tunnel = a->tunnel->conf.tunnel;
	struct miss_slot *slot = &w->strangers[hash_ipaddr(tunnel, src) % STRANGER_SLOTS];
	struct forward_stranger message = { .tunnel = tunnel, .from = a->from, .addr = *src };

	if (slot->tunnel == tunnel && ipaddr_eq(&slot->addr, src) && is_within(w, slot->told))
		return;
	if (stranger_may_tell(w) &&
	    w->io.control_send(w->io.context, FORWARD_STRANGER, &message, sizeof message))
		*slot = (struct miss_slot){ tunnel, *src, w->now, 1 };
}

static void deliver(struct worker *w, const struct arrival *a, uint8_t *inner, const struct ip_view *ip)
{
	struct tunnel *t = a->tunnel;
	const uint64_t id = a->peer ? a->peer->id : 0;
	uint8_t *frame = inner - ETHERNET_HEADER;
	uint8_t mac[6];

	mac_of_destination(&ip->dst, t->tap->mac, mac);
	frame_header(frame, mac, id, ip->version == 4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6);
	if (!(mac[0] & 1))
		relay_count_received(&w->relays, w->now, &ip->src, &ip->dst, t->conf.tunnel, id);
	t->counters.rx_packets++;
	t->counters.rx_bytes += ip->total_len;
	if (a->peer) {
		a->peer->rx_packets++;
		a->peer->rx_bytes += ip->total_len;
	} else {
		stranger_tell(w, a, &ip->src);
	}
	w->io.tap_packet(w->io.context, t, frame, ip);
}

static void inner_receive(struct worker *w, const struct arrival *a, unsigned version, uint8_t *inner, size_t length)
{
	struct ip_view ip;

	if (ip_decode(inner, length, &ip) != IP_DROP_NONE || ip.version != version) {
		worker_drop(w, FORWARD_DROP_INNER_MALFORMED);
		return;
	}
	/* Another machine has no say in this link's neighbours and routers. */
	if (nd_is_link_scope(inner, &ip)) {
		worker_drop(w, FORWARD_DROP_LOCAL_LINK);
		return;
	}
	if (probe_answer(w, a->tunnel, inner, &ip) || (a->peer && probe_serve(w, a->tunnel, &a->from, inner, &ip)))
		return;
	if (!ecn_decapsulate(inner, &ip, a->tos)) {
		worker_drop(w, FORWARD_DROP_ECN);
		return;
	}
	if (bfd_front_concerns(inner, &ip) && bfd_front_inner(w, a->tunnel, &a->from, inner, &ip))
		return;
	if (hush_drops(w, a->tunnel, &a->from, inner, &ip)) {
		worker_drop(w, FORWARD_DROP_HUSHED);
		return;
	}
	if (!a->tunnel->tap) {
		worker_drop(w, FORWARD_DROP_TAP_ERROR);
		return;
	}
	mss_clamp(inner, &ip, version == 4 ? a->tunnel->conf.mss4 : a->tunnel->conf.mss6);
	deliver(w, a, inner, &ip);
}

/* A session serves one tunnel, mostly: the peer at its end is looked up once. */
static struct peer *session_peer(const struct worker *w, const struct arrival *a)
{
	const struct peer_table *peers = &w->tables->peers;
	struct sa_session *s = a->session;

	if (s->peer_epoch != peers->epoch || s->peer_tunnel != a->tunnel->conf.tunnel) {
		s->peer = peer_find_endpoint(peers, a->tunnel->conf.tunnel, &a->from);
		s->peer_tunnel = a->tunnel->conf.tunnel;
		s->peer_epoch = peers->epoch;
	}
	return s->peer;
}

static struct peer *sender(const struct worker *w, const struct arrival *a)
{
	const struct tunnel *t = a->tunnel;

	if (tunnel_is_p2p(t) && ipaddr_eq(&t->conf.remote, &a->from.addr))
		return peer_find(&w->tables->peers, t->conf.tunnel, t->conf.remote_peer);
	return a->session ? session_peer(w, a) : peer_find_endpoint(&w->tables->peers, t->conf.tunnel, &a->from);
}

static struct tunnel *match(const struct worker *w, const struct raw *raw, const struct arrival *a,
			    const struct gre_header *h, const uint8_t *inner, size_t length)
{
	const struct tunnel_table *tunnels = &w->tables->tunnels;
	const struct peer_table *peers = &w->tables->peers;
	struct tunnel *t = tunnel_match(tunnels, raw, &a->from.addr, h->has_key, h->key);

	if (t)
		return tunnel_match_next(t) ? twin_choose(peers, t, &a->from, h->protocol, inner, length) : t;
	t = tunnel_match_guest(tunnels, peers, raw, &a->from, h->has_key, h->key);
	if (t)
		return t;
	/* By another tunnel's key comes data of whom we know, and NHRP of whom the control process may know. */
	return tunnel_match_foreign(tunnels, peers, raw, a->protection, &a->from, h->has_key, h->key,
				    h->protocol == GRE_PROTO_NHRP);
}

static void gre_receive(struct worker *w, const struct raw *raw, struct arrival *a, uint8_t *gre, size_t length)
{
	struct gre_header header;
	const enum gre_drop drop = gre_decode(gre, length, &header);

	if (drop != GRE_DROP_NONE) {
		worker_drop(w, gre_drops[drop]);
		return;
	}
	gre += header.header_len;
	length -= header.header_len;
	a->tunnel = match(w, raw, a, &header, gre, length);
	if (!a->tunnel) {
		worker_drop(w, FORWARD_DROP_NO_TUNNEL);
		return;
	}
	/* Also what the sockets make impossible already: clear GRE never reaches a protected tunnel. */
	if (a->tunnel->conf.protection != a->protection) {
		worker_drop(w, FORWARD_DROP_PROTECTION);
		return;
	}
	a->peer = sender(w, a);
	if (a->peer)
		a->peer->received_at = w->now;
	switch (header.protocol) {
	case GRE_PROTO_IPV4: inner_receive(w, a, 4, gre, length); break;
	case GRE_PROTO_IPV6: inner_receive(w, a, 6, gre, length); break;
	case GRE_PROTO_NHRP: nhrp_punt(w, a, &header, gre, length); break;
	default: worker_drop(w, FORWARD_DROP_GRE_PROTOCOL); break;
	}
}

void gre_rx_protected(struct worker *w, const struct raw *raw, struct sa_session *session, uint8_t tos, uint8_t *gre,
		      size_t length)
{
	struct arrival a = { .from = session->conf.remote, .session = session, .protection = session->conf.protection,
			     .tos = tos };

	gre_receive(w, raw, &a, gre, length);
}

void gre_rx_packet(struct worker *w, const struct raw *raw, const struct ipaddr *from, uint8_t tos,
		   uint8_t *gre, size_t length)
{
	struct arrival a = { .from = { .addr = *from, .vrf = raw->local.vrf }, .tos = tos };

	gre_receive(w, raw, &a, gre, length);
}

void gre_rx_outer4(struct worker *w, const struct raw *raw, uint8_t *packet, size_t length)
{
	struct ip_view outer;

	/* The kernel has verified the header and put fragments together; it is looked at
	 * again only because nothing is taken on trust here. */
	if (ip_decode(packet, length, &outer) != IP_DROP_NONE || outer.version != 4 ||
	    outer.protocol != IP_PROTO_GRE) {
		worker_drop(w, FORWARD_DROP_OUTER_FRAGMENT);
		return;
	}
	gre_rx_packet(w, raw, &outer.src, (uint8_t)(outer.dscp << 2 | outer.ecn), packet + outer.header_len,
		      outer.total_len - outer.header_len);
}
