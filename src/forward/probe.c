#include "forward/probe.h"

#include "forward/esp_tx.h"
#include "forward/protect.h"
#include "wire/echo.h"
#include "wire/gre.h"

/* An address of the tunnel that the peer can answer: link-local to link-local. */
static const struct ipaddr *own_address(const struct tunnel *t, const struct ipaddr *peer)
{
	for (uint32_t i = 0; i < t->conf.addr_count; i++) {
		const struct ipaddr *const a = &t->conf.addrs[i];

		if (a->family == peer->family && ipaddr_is_link_local(a) == ipaddr_is_link_local(peer))
			return a;
	}
	return NULL;
}

static void send(struct worker *w, struct tunnel *t, const struct forward_probe *m, const struct ipaddr *own)
{
	const struct echo e = { .tunnel = m->tunnel, .sequence = m->sequence, .nbma = m->nbma, .own = *own,
				.peer = m->addr, .sent = w->now };
	uint8_t *const inner = w->nhrp_out + FRAME_HEADROOM;
	uint8_t *const gre = inner - (t->conf.has_key ? 8 : 4);
	struct underlay_packet p = { .tunnel = t, .raw = t->raw, .to = m->nbma.addr, .tos = ECHO_TOS, .ttl = ECHO_TTL,
				     .bytes = gre, .inner = inner };

	p.length = (size_t)(inner - gre) + echo_encode(&w->probe_key, &e, inner);
	gre_encode(own->family == IP_V4 ? GRE_PROTO_IPV4 : GRE_PROTO_IPV6, t->conf.has_key, t->conf.key, gre);
	if (tunnel_is_p2p(t))
		tunnel_asked(t, &m->nbma);
	if (!t->conf.protection)
		w->io.underlay_send(w->io.context, &p);
	else if (!esp_tx_gre(w, sa_session_at(&w->protection->sessions, t->conf.protection, &t->conf.local, &m->nbma), &p))
		return;
	w->io.flush(w->io.context);
}

void probe_send(struct worker *w, const struct forward_probe *m)
{
	struct tunnel *const t = tunnel_find(&w->tables->tunnels, m->tunnel);
	const struct ipaddr *const own = t ? own_address(t, &m->addr) : NULL;

	if (!t || !t->raw || !own || t->conf.local.addr.family != m->nbma.addr.family) {
		worker_drop(w, FORWARD_DROP_NO_TUNNEL);
		return;
	}
	send(w, t, m, own);
}

bool probe_answer(struct worker *w, const struct tunnel *t, const uint8_t *inner, const struct ip_view *ip)
{
	struct forward_probe m = { .tunnel = t->conf.tunnel };
	struct echo e;

	if (!echo_answer_decode(&w->probe_key, inner, ip, &e) || e.tunnel != t->conf.tunnel || !tunnel_owns(t, &ip->dst))
		return false;
	m.sequence = e.sequence;
	m.nbma = e.nbma;
	m.addr = e.peer;
	m.rtt_us = instant_since(w->now, e.sent).us;
	w->io.control_send(w->io.context, FORWARD_PROBED, &m, sizeof m);
	return true;
}
