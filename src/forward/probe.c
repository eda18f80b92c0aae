#include "forward/probe.h"

#include "forward/gre_tx.h"
#include "forward/hush.h"
#include "wire/echo.h"

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

void probe_send(struct worker *w, const struct forward_probe *m)
{
	struct tunnel *const t = tunnel_find(&w->tables->tunnels, m->tunnel);
	const struct ipaddr *const own = t ? own_address(t, &m->addr) : NULL;

	uint8_t packet[FRAME_HEADROOM + FORWARD_NHRP_MAX];
	uint8_t *const inner = packet + FRAME_HEADROOM; /* gre_tx_to() copies it */
	struct echo e;

	if (!t || !own) {
		worker_drop(w, FORWARD_DROP_NO_TUNNEL);
		return;
	}
	e = (struct echo){ .tunnel = m->tunnel, .sequence = m->sequence, .nbma = m->nbma, .own = *own, .peer = m->addr,
			   .sent = w->now };
	if (tunnel_is_p2p(t))
		tunnel_asked(t, &m->nbma);
	hush_probed(w, t, &m->nbma);
	gre_tx_to(w, t, &m->nbma, inner, echo_encode(&w->probe_key, &e, inner), ECHO_TOS);
}

bool probe_answer(struct worker *w, struct tunnel *t, const uint8_t *inner, const struct ip_view *ip)
{
	struct forward_probe m = { .tunnel = t->conf.tunnel };
	struct echo e;

	if (!echo_answer_decode(&w->probe_key, inner, ip, &e) || e.tunnel != t->conf.tunnel || !tunnel_owns(t, &ip->dst))
		return false;
	m.sequence = e.sequence;
	m.nbma = e.nbma;
	m.addr = e.peer;
	m.rtt_us = instant_since(w->now, e.sent).us;
	hush_answered(w, t, &e.nbma);
	w->io.control_send(w->io.context, FORWARD_PROBED, &m, sizeof m);
	return true;
}

bool probe_serve(struct worker *w, struct tunnel *t, const struct endpoint *from, uint8_t *inner, const struct ip_view *ip)
{
	if (ip->ttl != ECHO_TTL) /* passed on by the peer: for the kernel and its rules */
		return false;
	if (ipaddr_is_link_local(&ip->src) || tunnel_on_subnet(t, &ip->src) || !tunnel_owns(t, &ip->dst) || !echo_turn(inner, ip))
		return false;
	if (gre_tx_to(w, t, from, inner, ip->total_len, ECHO_TOS))
		w->io.flush(w->io.context);
	return true;
}
