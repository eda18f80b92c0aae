#include "forward/shaped_tx.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "forward/esp_tx.h"
#include "forward/gre_tx.h"
#include "forward/protect.h"
#include "forward/shaper.h"

enum {
	DSCP_CONTROL = 48, /* CS6 and above: routing and the like, RFC 4594 3.2 */
	PORTS = 4,
	BATCH = 64,        /* packets of one peer that leave in a row */
};

/* Octets on the access link. */
static size_t cost_of(const struct worker *w, const struct tunnel *t, struct peer *peer, size_t inner)
{
	const size_t gre = inner + (t->conf.has_key ? 8 : 4);
	const struct sa_session *const session = t->conf.protection ? protect_session(w, t, peer) : NULL;

	if (session)
		return esp_tx_octets(session, gre);
	return gre + (t->conf.local.addr.family == IP_V6 ? IP6_HEADER : IP4_HEADER_MIN);
}

static bool has_ports(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP;
}

/* One number for packets of one connection. */
static uint32_t flow_of(const struct worker *w, const struct ip_view *ip, const uint8_t *packet, size_t length)
{
	struct {
		struct ipaddr src, dst;
		uint8_t protocol, ports[PORTS];
	} flow;

	memset(&flow, 0, sizeof flow);
	flow.src = ip->src;
	flow.dst = ip->dst;
	flow.protocol = ip->protocol;
	if (has_ports(ip->protocol) && !ip->more_fragments && ip->fragment_offset == 0 && length >= ip->header_len + sizeof flow.ports)
		memcpy(flow.ports, packet + ip->header_len, PORTS);
	return (uint32_t)siphash(&w->probe_key, &flow, sizeof flow);
}

static void wait_for(struct worker *w, struct peer *peer)
{
	const struct instant due = shaper_deadline(peer->shaper);

	if (instant_is_never(due))
		timer_stop(&w->shaping, &peer->shaper->timer);
	else
		timer_set(&w->shaping, &peer->shaper->timer, due);
}

bool shaped_keeps(struct worker *w, const struct tunnel *t, struct peer *peer, const struct segment *packet,
		  const struct ip_view *ip)
{
	const size_t cost = cost_of(w, t, peer, packet->length);
	struct shaper *const s = peer->shaper;

	if (shaper_admits(s, w->now, cost, ip->dscp >= DSCP_CONTROL))
		return false;
	w->drops[FORWARD_DROP_SHAPED] += shaper_keep(s, flow_of(w, ip, packet->packet, packet->length), packet->packet,
						     packet->length, cost, FRAME_HEADROOM, FRAME_TAILROOM);
	wait_for(w, peer);
	return true;
}

static void leave(struct worker *w, struct peer *peer, struct shaper_packet *p)
{
	struct tunnel *const t = tunnel_find(&w->tables->tunnels, peer->tunnel);
	const struct segment packet = { .packet = p->bytes, .length = p->length };
	struct ip_view ip;

	if (t && t->raw && ip_decode(p->bytes, p->length, &ip) == IP_DROP_NONE)
		gre_tx_now(w, t, peer, &peer->nbma.addr, &packet, &ip);
	else
		worker_drop(w, FORWARD_DROP_NO_TUNNEL);
}

/* A batch of what is due, or of everything. The bytes stay until the io is flushed. false: nothing is left. */
static bool leave_some(struct worker *w, struct peer *peer, bool everything)
{
	struct shaper_packet *sent[BATCH];
	size_t count = 0;

	for (; count < BATCH; count++) {
		sent[count] = everything ? shaper_drain(peer->shaper) : shaper_next(peer->shaper, w->now);
		if (!sent[count])
			break;
		leave(w, peer, sent[count]);
	}
	w->io.flush(w->io.context);
	for (size_t i = 0; i < count; i++)
		free(sent[i]);
	return count == BATCH;
}

struct instant shaped_deadline(const struct worker *w)
{
	return timers_deadline(&w->shaping);
}

void shaped_run(struct worker *w)
{
	struct timer *due;

	while ((due = timers_expire(&w->shaping, w->now))) {
		struct peer *const peer = due->owner;

		leave_some(w, peer, false);
		wait_for(w, peer);
	}
}

void shaped_forget(struct worker *w, struct peer *peer)
{
	if (!peer->shaper)
		return;
	timer_stop(&w->shaping, &peer->shaper->timer);
	shaper_free(peer->shaper);
	peer->shaper = NULL;
}

static void unshape(struct worker *w, struct peer *peer)
{
	if (peer->shaper)
		while (leave_some(w, peer, true))
			;
	shaped_forget(w, peer);
}

bool shaped_set(struct worker *w, struct peer *peer, const struct forward_shape *shape)
{
	if (shape->rate_bps == 0) {
		unshape(w, peer);
		return true;
	}
	if (peer->shaper) {
		shaper_change(peer->shaper, shape);
		wait_for(w, peer);
		return true;
	}
	peer->shaper = shaper_new(shape);
	if (!peer->shaper)
		return false;
	timer_init(&peer->shaper->timer, 0, peer);
	return true;
}
