#include "forward/gre_tx.h"

#include <string.h>

#include "forward/arp.h"
#include "forward/esp_tx.h"
#include "forward/frame.h"
#include "forward/mss.h"
#include "forward/mtu.h"
#include "forward/multicast.h"
#include "forward/nd.h"
#include "forward/neighbour.h"
#include "forward/protect.h"
#include "forward/shaped_tx.h"
#include "wire/gre.h"

enum { PROTO_IGMP = 2, NHRP_TOS = 0xc0, NHRP_TTL = 255, TTL_DEFAULT = 255 };

/* With the key of the peer's tunnel, where that is not ours. */
static uint8_t *gre_prepend(const struct tunnel *t, const struct peer *peer, uint16_t protocol, uint8_t *inner)
{
	const bool foreign = peer && peer->key.given, has_key = foreign ? peer->key.present : t->conf.has_key;
	uint8_t *gre = inner - (has_key ? 8 : 4);

	gre_encode(protocol, has_key, foreign ? peer->key.key : t->conf.key, gre);
	return gre;
}

/* Traffic goes there and nothing comes back. A relay is asked often enough without that. */
static void quiet_tell(struct worker *w, const struct tunnel *t, struct peer *peer)
{
	const struct forward_peer message = { .tunnel = t->conf.tunnel, .peer = peer->id, .nbma = peer->nbma };
	const int64_t quiet_us = span_ms(QUIET_MS).us;

	if (peer->relay == PEER_RELAY_LIVE || instant_since(w->now, peer->received_at).us < quiet_us ||
	    instant_since(w->now, peer->quiet_told).us < quiet_us)
		return;
	peer->quiet_told = w->now;
	w->io.control_send(w->io.context, FORWARD_QUIET, &message, sizeof message);
}

void gre_tx_now(struct worker *w, struct tunnel *t, struct peer *peer, const struct ipaddr *to,
		const struct segment *packet, const struct ip_view *ip)
{
	const uint16_t protocol = ip->version == 4 ? GRE_PROTO_IPV4 : GRE_PROTO_IPV6;
	const uint8_t *gre = gre_prepend(t, peer, protocol, packet->packet);
	const struct underlay_packet p = {
		.tunnel = t, .raw = t->raw, .to = *to, .peer = peer ? peer->id : 0,
		.tos = (uint8_t)(ip->dscp << 2 | ip->ecn),
		.ttl = t->conf.ttl ? t->conf.ttl : TTL_DEFAULT,
		.df = mtu_wants_df(t, ip, packet->length),
		.bytes = gre, .length = (size_t)(packet->packet - gre) + packet->length, .reused = packet->reused,
		.inner = packet->packet,
	};

	if (!t->conf.protection)
		w->io.underlay_send(w->io.context, &p);
	else if (!esp_tx_gre(w, protect_session(w, t, peer), &p))
		return;
	t->counters.tx_packets++;
	t->counters.tx_bytes += packet->length;
	if (peer) {
		peer->tx_packets++;
		peer->tx_bytes += packet->length;
		peer->sent_at = w->now;
		quiet_tell(w, t, peer);
	}
}

void gre_tx_inner(struct worker *w, struct tunnel *t, struct peer *peer, const struct ipaddr *to,
		  const struct segment *packet, const struct ip_view *ip)
{
	if (!peer || !peer->shaper || !shaped_keeps(w, t, peer, packet, ip))
		gre_tx_now(w, t, peer, to, packet, ip);
}

static bool is_usable(const struct worker *w, const struct tunnel *t, struct peer *p)
{
	return p->relay == PEER_RELAY_DEAD ? t->conf.keeps_to_dead : protect_can_send(w, t, p);
}

/* The peer a frame is for. A dead relay's frames, and those of a peer that is gone or that has
 * no SA to send by, go to the first live relay, who stands in for it. NULL: nobody (counted). */
static struct peer *frame_peer(struct worker *w, struct tunnel *t, const uint8_t *frame, bool *stands_in)
{
	struct peer *peer = NULL, *relay;
	uint64_t id;

	if (mac_to_peer(frame, &id, stands_in))
		peer = peer_find(&w->tables->peers, t->conf.tunnel, id);
	if (peer && is_usable(w, t, peer))
		return peer;
	relay = neighbour_relay(w, t);
	if (relay && relay != peer && protect_can_send(w, t, relay)) {
		t->counters.relay_fallback++;
		*stands_in = true;
		return relay;
	}
	/* No relay lives: the dead one is as good a guess as any. */
	if (!peer)
		worker_drop(w, FORWARD_DROP_NO_PEER);
	return peer;
}

static bool is_server(const struct peer *p)
{
	return p->serves || p->relay != PEER_RELAY_NEVER;
}

/*
 * Two hubs, each of which takes the other for the one who knows, would send it to and fro, and more of them
 * round: what has come from a relay does not go back to it, and to no other one that only stands in for
 * somebody. So a packet that goes round would have to be sent round by routes alone.
 */
static bool is_loop(const struct worker *w, const struct tunnel *t, const struct ip_view *ip, const struct peer *to, bool stands_in)
{
	const struct peer *from;
	uint64_t id;

	if (!is_server(to) ||
	    !relay_count_came_by(&w->relays, w->now, &ip->src, &ip->dst, t->conf.tunnel, &id))
		return false;
	from = stands_in ? peer_find(&w->tables->peers, t->conf.tunnel, id) : NULL;
	return id == to->id || (from && is_server(from));
}

/* The same on a point-to-point tunnel. A route may name one of several hubs as its next hop, and a session
 * with a hub is with that one: such a frame goes there while that hub lives. All others go to the far end,
 * whoever that is at the moment. NULL: the far end has an address only. */
static struct peer *far_end_peer(struct worker *w, struct tunnel *t, const uint8_t *frame)
{
	struct peer *far = peer_find(&w->tables->peers, t->conf.tunnel, t->conf.remote_peer), *named = NULL, *relay;
	bool stands_in;
	uint64_t id;

	if (t->relay_count > 0 && mac_to_peer(frame, &id, &stands_in) && id != PEER_ID_FAR_END)
		named = peer_find(&w->tables->peers, t->conf.tunnel, id);
	if (named && named->relay != PEER_RELAY_NEVER && is_usable(w, t, named))
		return named;
	if (named && named != far)
		t->counters.relay_fallback++;
	if (!far || is_usable(w, t, far))
		return far;
	relay = neighbour_relay(w, t);
	return relay && protect_can_send(w, t, relay) ? relay : far;
}

static void unicast(struct worker *w, struct tunnel *t, uint8_t *frame, const struct ip_view *ip, struct segmenter *s)
{
	bool stands_in = false;
	struct peer *const peer = tunnel_is_p2p(t) ? far_end_peer(w, t, frame) : frame_peer(w, t, frame, &stands_in);
	const struct ipaddr *const to = peer ? &peer->nbma.addr : &t->conf.remote;
	size_t packets = 0, octets = 0;
	struct segment packet;

	if (!peer && !tunnel_is_p2p(t))
		return;
	if (peer && is_loop(w, t, ip, peer, stands_in)) {
		worker_drop(w, FORWARD_DROP_LOOP);
		return;
	}
	if (!mtu_admits(w, t, peer, frame + ETHERNET_HEADER, ip, segment_size(s)))
		return;
	/* A segment that opens a connection is never cut. */
	mss_clamp(frame + ETHERNET_HEADER, ip, ip->version == 4 ? t->conf.mss4 : t->conf.mss6);
	for (; segment_next(s, &packet); packets++, octets += packet.length)
		gre_tx_inner(w, t, peer, to, &packet, ip);
	relay_count_sent(&w->relays, w->now, &ip->src, &ip->dst, t->conf.tunnel, peer ? peer->id : 0, packets, octets);
}

static void ip_frame(struct worker *w, struct tunnel *t, uint8_t *frame, size_t length, const struct offload *o,
		     unsigned version)
{
	struct segmenter s;
	struct ip_view ip;
	const enum ip_drop drop = ip_decode(frame + ETHERNET_HEADER, length - ETHERNET_HEADER, &ip);

	if (drop != IP_DROP_NONE || ip.version != version)
		worker_drop(w, drop == IP_DROP_SHORT || drop == IP_DROP_LENGTH ? FORWARD_DROP_FRAME_SHORT :
				FORWARD_DROP_INNER_MALFORMED);
	else if (nd_is_link_scope(frame + ETHERNET_HEADER, &ip))
		nd_frame(w, t, frame, &ip);
	else if (ip.version == 4 && ip.protocol == PROTO_IGMP)
		worker_drop(w, FORWARD_DROP_LOCAL_LINK);
	else if (!segment_begin(&s, frame + ETHERNET_HEADER, &ip, o))
		worker_drop(w, FORWARD_DROP_FRAME_OFFLOAD);
	else if (frame[0] & 1)
		multicast_send(w, t, &ip, &s);
	else
		unicast(w, t, frame, &ip, &s);
}

void gre_tx_frame(struct worker *w, struct tap *tap, uint8_t *frame, size_t length, const struct offload *o)
{
	struct tunnel *t = tap->tunnel;

	if (length < ETHERNET_HEADER) {
		worker_drop(w, FORWARD_DROP_FRAME_SHORT);
		return;
	}
	if (!t || !t->raw) {
		worker_drop(w, FORWARD_DROP_NO_TUNNEL);
		return;
	}
	switch (get_u16(frame + 12)) {
	case ETHERTYPE_ARP: arp_frame(w, t, frame, length); break;
	case ETHERTYPE_IPV4: ip_frame(w, t, frame, length, o, 4); break;
	case ETHERTYPE_IPV6: ip_frame(w, t, frame, length, o, 6); break;
	default: worker_drop(w, FORWARD_DROP_FRAME_TYPE); break;
	}
}

bool gre_tx_to(struct worker *w, struct tunnel *t, const struct endpoint *to, uint8_t *inner, size_t length, uint8_t tos)
{
	const struct peer *const peer = peer_find_endpoint(&w->tables->peers, t->conf.tunnel, to);
	uint8_t *gre = gre_prepend(t, peer, inner[0] >> 4 == 4 ? GRE_PROTO_IPV4 : GRE_PROTO_IPV6, inner);
	const struct underlay_packet p = {
		.tunnel = t, .raw = t->raw, .to = to->addr, .tos = tos, .ttl = t->conf.ttl ? t->conf.ttl : TTL_DEFAULT,
		.bytes = gre, .length = (size_t)(inner - gre) + length, .reused = (size_t)(inner - gre) + length,
		.inner = inner,
	};

	if (!t->raw || t->conf.local.addr.family != to->addr.family) {
		worker_drop(w, FORWARD_DROP_NO_TUNNEL);
		return false;
	}
	if (!t->conf.protection)
		w->io.underlay_send(w->io.context, &p);
	else if (!esp_tx_gre(w, sa_session_at(&w->protection->sessions, t->conf.protection, &t->conf.local, to), &p))
		return false;
	return true;
}

void gre_tx_nhrp(struct worker *w, const struct forward_nhrp *message)
{
	struct tunnel *t = tunnel_find(&w->tables->tunnels, message->tunnel);
	uint8_t *inner;
	struct underlay_packet p = { .tunnel = t, .to = message->endpoint.addr, .tos = NHRP_TOS, .ttl = NHRP_TTL };
	const struct sa_sessions *sessions = &w->protection->sessions;

	if (!t || !t->raw || t->conf.local.addr.family != message->endpoint.addr.family) {
		worker_drop(w, FORWARD_DROP_NO_TUNNEL);
		return;
	}
	if (tunnel_is_p2p(t))
		tunnel_asked(t, &message->endpoint);
	if (w->nhrp_queued == NHRP_BATCH)
		gre_tx_nhrp_flush(w);
	inner = w->nhrp_out[w->nhrp_queued++] + FRAME_HEADROOM;
	memcpy(inner, message->bytes, message->length);
	p.raw = t->raw;
	p.inner = inner;
	p.bytes = gre_prepend(t, peer_find_endpoint(&w->tables->peers, t->conf.tunnel, &message->endpoint), GRE_PROTO_NHRP, inner);
	p.length = (size_t)(inner - p.bytes) + message->length;
	if (!t->conf.protection)
		w->io.underlay_send(w->io.context, &p);
	else if (!esp_tx_gre(w, sa_session_at(sessions, t->conf.protection, &t->conf.local, &message->endpoint), &p))
		return;
	t->counters.tx_nhrp++;
}

void gre_tx_nhrp_flush(struct worker *w)
{
	w->io.flush(w->io.context);
	w->nhrp_queued = 0;
}
