#include "forward/bfd_front.h"

#include <errno.h>
#include <string.h>

#include "bfd/budget.h"
#include "forward/gre_tx.h"
#include "forward/hush.h"
#include "forward/protect.h"
#include "wire/udp.h"

enum { TOS_NETWORK_CONTROL = 0xc0 };

_Static_assert((int)BFD_DROP_COUNT <= (int)FORWARD_DROPS_MAX, "all drops are told");

static unsigned common_bits(const struct ipaddr *a, const struct ipaddr *b)
{
	unsigned bits = 0;

	while (bits < ip_family_bits((enum ip_family)a->family) &&
	       !((a->bytes[bits / 8] ^ b->bytes[bits / 8]) & 0x80 >> bits % 8))
		bits++;
	return bits;
}

/* The tunnel's address that shares most with the far end's: they are of one subnet. */
static struct ipaddr tunnel_addr(void *worker, uint32_t tunnel, const struct ipaddr *remote)
{
	const struct worker *w = worker;
	const struct tunnel *t = tunnel_find(&w->tables->tunnels, tunnel);
	struct ipaddr best = IPADDR_NONE;

	for (uint32_t i = 0; t && i < t->conf.addr_count; i++) {
		const struct ipaddr *a = &t->conf.addrs[i];

		if (a->family == remote->family &&
		    (ipaddr_is_none(&best) || common_bits(a, remote) > common_bits(&best, remote)))
			best = *a;
	}
	return best;
}

int bfd_front_start(struct worker *w, uint64_t seed)
{
	const struct bfd_options o = { .seed = seed, .sessions_max = BFD_SESSIONS_MAX, .packets_per_s = BFD_PACKETS_PER_S };

	const struct plane_ways ways = { .context = w, .tunnel_addr = tunnel_addr };

	w->bfd.bfd = bfd_new(&o);
	w->bfd.plane = w->bfd.bfd ? plane_new(w->bfd.bfd, &ways) : NULL;
	return w->bfd.plane ? 0 : -ENOMEM;
}

void bfd_front_stop(struct worker *w)
{
	plane_free(w->bfd.plane);
	bfd_free(w->bfd.bfd);
	records_close(w->bfd.records);
	w->bfd = (struct bfd_front){ 0 };
}

int bfd_front_restore(struct worker *w, int fd)
{
	static const struct records_layout layout = { .size = BFD_RECORD_OCTETS, .version = BFD_RECORD_VERSION,
						      .capacity = BFD_SESSIONS_MAX + PLANE_SESSIONS_MAX + 1 };
	int error;

	if (!w->bfd.plane || w->bfd.records)
		return -EALREADY;
	error = records_open(&w->bfd.records, fd, &layout, &w->bfd.unsettled);
	if (error)
		return error;
	bfd_restore(w->bfd.bfd, w->now, w->bfd.records);
	plane_restore(w->bfd.plane, w->now, w->bfd.records);
	return 0;
}

static bool is_tunnel_link(uint32_t link) { return link & BFD_LINK_TUNNEL; }
static uint32_t tunnel_of(uint32_t link) { return link & ~(uint32_t)BFD_LINK_TUNNEL; }

/* ---- to the control process ---- */

static struct forward_bfd_state state_of(const struct worker *w, const struct bfd_status *s)
{
	return (struct forward_bfd_state){
		.link = s->key.link, .local = s->key.local, .remote = s->key.remote, .nbma = s->via,
		.clients = (uint8_t)s->clients, .state = (uint8_t)s->state, .diag = s->diag, .remote_state = (uint8_t)s->remote_state,
		.remote_diag = s->remote_diag, .multiplier = s->multiplier, .remote_multiplier = s->remote_multiplier,
		.polling = s->polling, .discriminator = s->discriminator,
		.remote_discriminator = s->remote_discriminator, .desired_min_tx_us = s->desired_min_tx_us,
		.required_min_rx_us = s->required_min_rx_us, .remote_desired_min_tx_us = s->remote_desired_min_tx_us,
		.remote_required_min_rx_us = s->remote_required_min_rx_us, .tx_interval_us = s->tx_interval_us,
		.detection_us = s->detection_us, .since_us = instant_since(w->now, s->changed).us,
		.tx_packets = s->tx_packets, .rx_packets = s->rx_packets, .failures = s->failures,
	};
}

static void tell(struct worker *w, const struct bfd_status *s)
{
	const struct forward_bfd_state m = state_of(w, s);

	if (!w->io.control_send(w->io.context, FORWARD_BFD_STATE, &m, sizeof m))
		w->bfd.untold = true;
}

static void warn(struct worker *w, const struct bfd_status *s)
{
	const struct forward_bfd m = { .link = s->key.link, .local = s->key.local, .remote = s->key.remote };
	struct tunnel *t = is_tunnel_link(s->key.link) ? tunnel_find(&w->tables->tunnels, tunnel_of(s->key.link)) : NULL;

	if (t)
		hush_begin(w, t, s);
	w->io.control_send(w->io.context, FORWARD_BFD_LATE, &m, sizeof m);
}

static void tell_all(struct worker *w)
{
	const struct bfd *b = w->bfd.bfd;
	struct forward_bfd_end end = { .sessions = (uint32_t)bfd_count(b), .budget_packets_per_s = BFD_PACKETS_PER_S,
				       .floor_us = (uint32_t)bfd_floor(b).us, .count = BFD_DROP_COUNT };
	struct bfd_status s;

	w->bfd.untold = false;
	for (bool more = bfd_next_status(b, NULL, &s); more && !w->bfd.untold; more = bfd_next_status(b, &s.key, &s))
		tell(w, &s);
	memcpy(end.drops, bfd_drops(b), BFD_DROP_COUNT * sizeof *end.drops);
	w->io.control_send(w->io.context, FORWARD_BFD_END, &end, sizeof end);
}

/* ---- out ---- */

static void send_by_tunnel(struct worker *w, const struct bfd_effect *e, uint8_t *inner, size_t length)
{
	struct tunnel *t = tunnel_find(&w->tables->tunnels, tunnel_of(e->send.key.link));

	if (!t || !gre_tx_to(w, t, &e->send.via, inner, length, TOS_NETWORK_CONTROL))
		worker_drop(w, FORWARD_DROP_BFD_NO_WAY);
}

static void packet_send(struct worker *w, const struct bfd_effect *e)
{
	const struct udp_head head = { .from = e->send.key.local, .to = e->send.key.remote, .source = e->send.source_port,
				       .destination = BFD_PORT, .tos = TOS_NETWORK_CONTROL, .ttl = BFD_TTL };
	uint8_t packet[FRAME_HEADROOM + UDP_PACKET_OVERHEAD_MAX + BFD_PACKET_OCTETS + FRAME_TAILROOM];
	uint8_t *inner = packet + FRAME_HEADROOM;

	/* Whose endpoint nobody has named, as another hub's: the kernel knows the way, through the tunnel. What a
	 * relay passes on has not TTL 255 any more. */
	if (is_tunnel_link(e->send.key.link) && !ipaddr_is_none(&e->send.via.addr))
		send_by_tunnel(w, e, inner, udp_encode(&head, e->send.bytes, sizeof e->send.bytes, inner));
	else if (!w->io.bfd_send || !w->io.bfd_send(w->io.context, &e->send.key, e->send.source_port, e->send.bytes, sizeof e->send.bytes))
		worker_drop(w, FORWARD_DROP_BFD_NO_WAY);
}

static void drain(struct worker *w)
{
	struct bfd_effect e;
	bool sent = false;

	while (bfd_next_effect(w->bfd.bfd, &e)) {
		if (e.type == BFD_EFFECT_STATE && e.state.clients & 1u << BFD_CLIENT_NHRP)
			tell(w, &e.state);
		if (e.type == BFD_EFFECT_STATE && e.state.clients & 1u << BFD_CLIENT_ROUTING)
			plane_state(w->bfd.plane, &e.state);
		if (e.type == BFD_EFFECT_LATE)
			warn(w, &e.state);
		if (e.type == BFD_EFFECT_SEND) {
			packet_send(w, &e);
			sent = true;
		}
	}
	if (sent)
		w->io.flush(w->io.context);
}

struct instant bfd_front_deadline(const struct worker *w)
{
	return w->bfd.bfd ? instant_min(bfd_deadline(w->bfd.bfd), plane_deadline(w->bfd.plane)) : INSTANT_NEVER;
}

bool bfd_front_is_late(const struct worker *w)
{
	return w->bfd.bfd && bfd_is_late(w->bfd.bfd, w->now);
}

void bfd_front_run(struct worker *w)
{
	if (!w->bfd.bfd)
		return;
	if (!instant_before(w->now, bfd_deadline(w->bfd.bfd)))
		bfd_tick(w->bfd.bfd, w->now);
	plane_tick(w->bfd.plane, w->now);
	drain(w);
	if (w->bfd.untold)
		tell_all(w);
}

/* ---- in ---- */

static void heard(struct worker *w, const struct bfd_arrival *a, const uint8_t *bytes, size_t length)
{
	if (bfd_receive(w->bfd.bfd, w->now, a, bytes, length) != BFD_DROP_NONE)
		worker_drop(w, FORWARD_DROP_BFD);
	drain(w);
}

static void taken(struct worker *w, struct tunnel *t, const struct bfd_arrival *a, const struct udp_view *udp)
{
	hush_heard(t, &a->from);
	heard(w, a, udp->payload, udp->length);
}

bool bfd_front_inner(struct worker *w, struct tunnel *t, const struct endpoint *from, const uint8_t *inner,
		     const struct ip_view *ip)
{
	const struct bfd_arrival a = { .key = { BFD_LINK_TUNNEL | t->conf.tunnel, ip->dst, ip->src }, .from = *from,
				       .ttl = ip->ttl };
	struct udp_view udp;

	if (!w->bfd.bfd || !bfd_is_session(w->bfd.bfd, &a.key))
		return false;
	if (!udp_decode(inner, ip, &udp))
		worker_drop(w, FORWARD_DROP_INNER_MALFORMED);
	else if (bfd_is_for(w->bfd.bfd, &a.key, udp.payload, udp.length))
		taken(w, t, &a, &udp);
	else
		return false;
	return true;
}

void bfd_front_datagram(struct worker *w, const struct bfd_arrival *a, const uint8_t *bytes, size_t length)
{
	if (w->bfd.bfd)
		heard(w, a, bytes, length);
}

/* ---- what shall be ---- */

static struct bfd_key key_of(const struct forward_bfd *m)
{
	return (struct bfd_key){ .link = m->link, .local = m->local, .remote = m->remote };
}

/* On an interface the near end may be open. */
static bool is_sound(const struct forward_bfd *m)
{
	const bool open = ipaddr_is_none(&m->local) && !is_tunnel_link(m->link);

	return (open || m->local.family == m->remote.family) && ip_family_octets(m->remote.family) > 0;
}

static bool set_message(struct worker *w, const struct forward_bfd *m)
{
	const struct bfd_key key = key_of(m);
	const struct bfd_config c = {
		.mark = w->tables->generation, .unhurried = m->unhurried != 0, .desired_min_tx_us = m->desired_min_tx_us,
		.required_min_rx_us = m->required_min_rx_us, .multiplier = m->multiplier, .passive = m->passive,
		.min_ttl = BFD_TTL, .via = m->nbma,
	};

	return is_sound(m) && bfd_set(w->bfd.bfd, w->now, &key, BFD_CLIENT_NHRP, &c) == 0;
}

static bool del_message(struct worker *w, const struct forward_bfd *m)
{
	const struct bfd_key key = key_of(m);

	if (!is_sound(m))
		return false;
	bfd_remove(w->bfd.bfd, w->now, &key, BFD_CLIENT_NHRP);
	return true;
}

static bool routing_message(struct worker *w, const struct forward_routing *m)
{
	if (m->verdict > PLANE_DEAD || ip_family_octets(m->addr.family) == 0)
		return false;
	plane_verdict(w->bfd.plane, m->tunnel, &m->addr, (enum plane_verdict)m->verdict);
	return true;
}

bool bfd_front_message(struct worker *w, uint16_t type, const void *payload, size_t length)
{
	bool ok = false;

	if (!w->bfd.bfd)
		return false;
	if (type == FORWARD_BFD_GET && length == 0) {
		tell_all(w);
		return true;
	}
	if (type == FORWARD_ROUTING)
		return length == sizeof(struct forward_routing) && routing_message(w, payload);
	if (length != sizeof(struct forward_bfd))
		return false;
	if (type == FORWARD_BFD_SET)
		ok = set_message(w, payload);
	else if (type == FORWARD_BFD_DEL)
		ok = del_message(w, payload);
	drain(w);
	return ok;
}

static bool is_unnamed(const struct worker *w, const struct bfd_status *s)
{
	return s->clients & 1u << BFD_CLIENT_NHRP && s->marks[BFD_CLIENT_NHRP] != w->tables->generation;
}

/* All that restored sessions need is here. Their far ends have waited for a packet since the last process died. */
static void settle(struct worker *w)
{
	if (!w->bfd.unsettled)
		return;
	w->bfd.unsettled = false;
	plane_settled(w->bfd.plane, w->now);
	bfd_hurry(w->bfd.bfd);
}

void bfd_front_sweep(struct worker *w)
{
	const struct bfd *b = w->bfd.bfd;
	struct bfd_status s;

	if (!b)
		return;
	for (bool more = bfd_next_status(b, NULL, &s); more; more = bfd_next_status(b, &s.key, &s))
		if (is_unnamed(w, &s))
			bfd_remove(w->bfd.bfd, w->now, &s.key, BFD_CLIENT_NHRP);
	settle(w);
	drain(w);
}

void bfd_front_tunnels_changed(struct worker *w)
{
	if (w->bfd.plane)
		plane_tunnels_changed(w->bfd.plane, w->now);
}

void bfd_front_tunnel_gone(struct worker *w, uint32_t tunnel)
{
	if (w->bfd.bfd)
		bfd_forget_link(w->bfd.bfd, BFD_LINK_TUNNEL | tunnel);
}

/* ---- bfdd ---- */

void bfd_front_control_gone(struct worker *w)
{
	if (w->bfd.plane)
		plane_verdicts_orphaned(w->bfd.plane);
}

void bfd_front_bfdd_tell(struct worker *w)
{
	const struct forward_bfdd m = { .connected = w->bfd.plane && plane_is_connected(w->bfd.plane),
					.sessions = w->bfd.plane ? (uint32_t)plane_count(w->bfd.plane) : 0 };

	w->io.control_send(w->io.context, FORWARD_BFDD, &m, sizeof m);
}

void bfd_front_bfdd_connected(struct worker *w, uint32_t connection)
{
	if (!w->bfd.plane)
		return;
	plane_connected(w->bfd.plane, w->now, connection);
	bfd_front_bfdd_tell(w);
}

bool bfd_front_bfdd_resumed(struct worker *w, uint32_t connection)
{
	if (!w->bfd.plane || !plane_resumed(w->bfd.plane, connection))
		return false;
	bfd_front_bfdd_tell(w);
	return true;
}

void bfd_front_bfdd_lost(struct worker *w)
{
	if (!w->bfd.plane)
		return;
	plane_lost(w->bfd.plane, w->now);
	bfd_front_bfdd_tell(w);
}

bool bfd_front_bfdd_input(struct worker *w, const uint8_t *bytes, size_t length)
{
	const bool ok = w->bfd.plane && plane_input(w->bfd.plane, w->now, bytes, length);

	if (w->bfd.plane)
		drain(w);
	return ok;
}
