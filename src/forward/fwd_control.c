#include "forward/fwd_control.h"

#include <string.h>

#include "forward/bfd_front.h"
#include "forward/dump.h"
#include "forward/gre_tx.h"
#include "forward/probe.h"
#include "forward/protect.h"
#include "forward/sa_control.h"
#include "forward/shaped_tx.h"
#include "forward/shaper.h"

int tables_init(struct tables *t)
{
	tunnel_table_init(&t->tunnels);
	t->generation = 0;
	t->syncing = false;
	return peer_table_init(&t->peers);
}

void tables_done(struct tables *t)
{
	peer_table_done(&t->peers);
	tunnel_table_done(&t->tunnels);
}

void fwd_control_greet(struct worker *w)
{
	static const struct forward_shape none;
	struct dump d;
	struct peer *p;

	w->io.control_send(w->io.context, FORWARD_HELLO, NULL, 0);
	dump_begin(&d, w, FORWARD_PEER_HELD, sizeof(struct forward_peer));
	TAILQ_FOREACH(p, &w->tables->peers.all, order) {
		const struct forward_peer held = { .tunnel = p->tunnel, .peer = p->id, .nbma = p->nbma, .key = p->key,
						     .shape = p->shaper ? p->shaper->shape : none };

		dump_add(&d, &held);
	}
	dump_flush(&d);
	sa_control_held(w);
	if (w->bfd.plane && plane_is_connected(w->bfd.plane))
		bfd_front_bfdd_tell(w);
	w->io.control_send(w->io.context, FORWARD_HELD_END, NULL, 0);
}

static bool relay_listed(const struct tunnel *t, uint64_t id)
{
	for (size_t i = 0; i < t->relay_count; i++)
		if (t->relays[i] == id)
			return true;
	return false;
}

static void peer_forget(struct worker *w, struct peer *p)
{
	struct tunnel *t = tunnel_find(&w->tables->tunnels, p->tunnel);

	if (t)
		tunnel_multicast_remove(t, p);
	relay_count_forget(&w->relays, p->tunnel, p->id);
	shaped_forget(w, p);
	peer_remove(&w->tables->peers, p);
}

static void tunnel_forget(struct worker *w, struct tunnel *t)
{
	struct peer *p = TAILQ_FIRST(&w->tables->peers.all);

	bfd_front_tunnel_gone(w, t->conf.tunnel);
	while (p) {
		struct peer *next = TAILQ_NEXT(p, order);

		if (p->tunnel == t->conf.tunnel)
			peer_forget(w, p);
		p = next;
	}
	tunnel_remove(&w->tables->tunnels, t);
}

/* A relay that was listed and is no more stays known as dead: neighbours learnt from our
 * answers still point to it. */
static void relays_set(struct worker *w, struct tunnel *t, const struct forward_relays *r)
{
	const struct peer_table *peers = &w->tables->peers;
	struct peer *p;

	for (size_t i = 0; i < t->relay_count; i++)
		if ((p = peer_find(peers, t->conf.tunnel, t->relays[i])))
			p->relay = PEER_RELAY_DEAD;
	t->relay_count = r->count;
	memcpy(t->relays, r->peers, sizeof t->relays);
	for (size_t i = 0; i < t->relay_count; i++)
		if ((p = peer_find(peers, t->conf.tunnel, t->relays[i])))
			p->relay = PEER_RELAY_LIVE;
}

static bool relays_message(struct worker *w, const struct forward_relays *r)
{
	struct tunnel *t = tunnel_find(&w->tables->tunnels, r->tunnel);

	if (r->count > FORWARD_RELAYS_MAX || !t)
		return false;
	/* A control process that has just started knows of no live relay yet. That is no
	 * reason to give up those of before: the sweep does if it names none until then. */
	if (r->count == 0 && w->tables->syncing && t->relays_generation != w->tables->generation)
		return true;
	relays_set(w, t, r);
	t->relays_generation = w->tables->generation;
	return true;
}

static bool tunnel_set_message(struct worker *w, const struct forward_tunnel *conf)
{
	struct tunnel *t;

	if (conf->addr_count > FORWARD_ADDRS_MAX)
		return false;
	t = tunnel_set(&w->tables->tunnels, conf);
	w->protection->sessions.epoch++; /* its peers may have other sessions now */
	if (t)
		t->generation = w->tables->generation;
	bfd_front_tunnels_changed(w);
	return t;
}

static bool tunnel_del_message(struct worker *w, const struct forward_tunnel *conf)
{
	struct tunnel *t = tunnel_find(&w->tables->tunnels, conf->tunnel);

	if (t)
		tunnel_forget(w, t);
	bfd_front_tunnels_changed(w);
	return t;
}

static bool peer_set_message(struct worker *w, const struct forward_peer *m)
{
	const struct tunnel *t = tunnel_find(&w->tables->tunnels, m->tunnel);
	struct peer *p;

	if (m->nbma.addr.family != IP_V4 && m->nbma.addr.family != IP_V6)
		return false;
	if (m->peer >> 40 || !t || !(p = peer_set(&w->tables->peers, m->tunnel, m->peer, &m->nbma)))
		return false;
	p->key = m->key;
	p->serves = m->serves;
	if (!shaped_set(w, p, &m->shape))
		return false;
	p->generation = w->tables->generation;
	if (p->relay == PEER_RELAY_NEVER && relay_listed(t, p->id))
		p->relay = PEER_RELAY_LIVE;
	return true;
}

static bool peer_message(struct worker *w, uint16_t type, const struct forward_peer *m)
{
	struct peer *p = peer_find(&w->tables->peers, m->tunnel, m->peer);
	struct tunnel *t = tunnel_find(&w->tables->tunnels, m->tunnel);

	if (!p || !t)
		return false;
	if (type == FORWARD_PEER_DEL) {
		peer_forget(w, p);
	} else if (type == FORWARD_MULTICAST_SET) {
		p->multicast_generation = w->tables->generation;
		return tunnel_multicast_add(t, p);
	} else {
		tunnel_multicast_remove(t, p);
	}
	return true;
}

static void peers_sweep(struct worker *w)
{
	const uint32_t generation = w->tables->generation;
	struct peer *p = TAILQ_FIRST(&w->tables->peers.all);

	while (p) {
		struct peer *next = TAILQ_NEXT(p, order);
		struct tunnel *t = tunnel_find(&w->tables->tunnels, p->tunnel);

		if (p->generation != generation)
			peer_forget(w, p);
		else if (t && p->multicast_generation != generation)
			tunnel_multicast_remove(t, p);
		p = next;
	}
}

static void sync_begin(struct tables *t)
{
	t->generation++;
	t->syncing = true;
}

/* What was not named since FORWARD_SYNC_BEGIN is not to be any more. */
static void sweep(struct worker *w)
{
	struct tunnel *t = TAILQ_FIRST(&w->tables->tunnels.tunnels);
	static const struct forward_relays none;

	w->tables->syncing = false;
	peers_sweep(w);
	sa_control_sweep(w);
	while (t) {
		struct tunnel *next = TAILQ_NEXT(t, order);

		if (t->generation != w->tables->generation)
			tunnel_forget(w, t);
		else if (t->relays_generation != w->tables->generation)
			relays_set(w, t, &none);
		t = next;
	}
	bfd_front_sweep(w);
	bfd_front_tunnels_changed(w);
}

static bool nhrp_message(struct worker *w, const struct forward_nhrp *m, size_t length)
{
	const size_t head = offsetof(struct forward_nhrp, bytes);

	if (length < head || m->length > FORWARD_NHRP_MAX || length < head + m->length)
		return false;
	gre_tx_nhrp(w, m);
	return true;
}

static void usage_answer(struct worker *w, const struct forward_usage *m)
{
	const struct peer *p = peer_find(&w->tables->peers, m->tunnel, m->peer);
	struct forward_usage answer = *m;

	answer.idle_us = INT64_MAX;
	if (p && !instant_is_never(p->sent_at))
		answer.idle_us = instant_since(w->now, p->sent_at).us;
	w->io.control_send(w->io.context, FORWARD_USAGE, &answer, sizeof answer);
}

static void counters_answer(struct worker *w)
{
	struct forward_drop_counters end = { .count = FORWARD_DROP_COUNT };
	const struct tunnel *t;
	const struct peer *p;
	struct dump d;

	dump_begin(&d, w, FORWARD_TUNNEL_COUNTERS, sizeof(struct forward_tunnel_counters));
	TAILQ_FOREACH(t, &w->tables->tunnels.tunnels, order)
		dump_add(&d, &t->counters);
	dump_flush(&d);
	dump_begin(&d, w, FORWARD_PEER_COUNTERS, sizeof(struct forward_peer_counters));
	TAILQ_FOREACH(p, &w->tables->peers.all, order) {
		struct forward_peer_counters c = { .tunnel = p->tunnel, .peer = p->id, .nbma = p->nbma, .rx_packets = p->rx_packets,
						   .rx_bytes = p->rx_bytes, .tx_packets = p->tx_packets, .tx_bytes = p->tx_bytes };

		if (p->shaper) {
			c.shape = p->shaper->shape;
			c.shaped_delayed = p->shaper->delayed;
			c.shaped_dropped = p->shaper->dropped;
			c.shaped_waiting = (uint32_t)p->shaper->packets;
		}
		dump_add(&d, &c);
	}
	dump_flush(&d);
	dump_begin(&d, w, FORWARD_RELAY_COUNTERS, sizeof(struct forward_relay_counters));
	for (size_t i = 0; i < w->relays.pair_count; i++)
		dump_add(&d, &w->relays.pairs[i]);
	dump_flush(&d);
	sa_control_counters(w);
	memcpy(end.drops, w->drops, sizeof w->drops);
	w->io.control_send(w->io.context, FORWARD_COUNTERS_END, &end, sizeof end);
}

static size_t payload_size(uint16_t type)
{
	switch (type) {
	case FORWARD_SYNC_BEGIN:
	case FORWARD_SYNC_END:
	case FORWARD_COUNTERS_GET:
		return 0;
	case FORWARD_TUNNEL_SET:
	case FORWARD_TUNNEL_DEL:
		return sizeof(struct forward_tunnel);
	case FORWARD_PEER_SET:
	case FORWARD_PEER_DEL:
	case FORWARD_MULTICAST_SET:
	case FORWARD_MULTICAST_DEL:
		return sizeof(struct forward_peer);
	case FORWARD_RELAYS:
		return sizeof(struct forward_relays);
	case FORWARD_PROBE_SEND:
		return sizeof(struct forward_probe);
	case FORWARD_USAGE_GET:
		return sizeof(struct forward_usage);
	default:
		return SIZE_MAX;
	}
}

bool fwd_control_message(struct worker *w, uint16_t type, const void *payload, size_t length)
{
	if (type == FORWARD_NHRP_SEND)
		return nhrp_message(w, payload, length);
	if (type >= FORWARD_SESSION_SET && type <= FORWARD_SA_REVOKE)
		return sa_control_message(w, type, payload, length);
	if (type >= FORWARD_BFD_SET && type <= FORWARD_ROUTING)
		return bfd_front_message(w, type, payload, length);
	if (length != payload_size(type))
		return false;
	switch (type) {
	case FORWARD_SYNC_BEGIN: sync_begin(w->tables); return true;
	case FORWARD_SYNC_END: sweep(w); return true;
	case FORWARD_TUNNEL_SET: return tunnel_set_message(w, payload);
	case FORWARD_TUNNEL_DEL: return tunnel_del_message(w, payload);
	case FORWARD_PEER_SET: return peer_set_message(w, payload);
	case FORWARD_PEER_DEL:
	case FORWARD_MULTICAST_SET:
	case FORWARD_MULTICAST_DEL: return peer_message(w, type, payload);
	case FORWARD_RELAYS: return relays_message(w, payload);
	case FORWARD_PROBE_SEND: probe_send(w, payload); return true;
	case FORWARD_USAGE_GET: usage_answer(w, payload); return true;
	case FORWARD_COUNTERS_GET: counters_answer(w); return true;
	default: return false;
	}
}
