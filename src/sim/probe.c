/*
 * Probes of a path: there to the peer's data path and back, each way with the network's luck.
 * All is decided when the probe is sent; only the answer takes its time.
 */
#include "sim/gre.h"
#include "sim/session.h"
#include "sim/world.h"

enum { RELAYED_MAX = 3 };

bool probe_passes(struct world *w, const struct router *from, const struct router *to, uint32_t tunnel, struct span *delay,
		  uint32_t *taken_by)
{
	delay->us += underlay_delay(w).us;
	return !underlay_loses(w) && router_is_awake(to) && gre_takes(w, from, to, tunnel, taken_by) &&
	       world_reaches(w, from, to, design_uplink(w, tunnel)) && session_carries(w, from, to, tunnel);
}

/* The answer is a packet like any other: a relay may carry it. Who was asked at his link-local address answers to
 * ours, on the link. */
static bool comes_back(struct world *w, struct router *from, const struct router *asker, const struct ipaddr *dst, uint32_t in_by,
		       struct span *delay)
{
	const bool on_link = ipaddr_is_link_local(dst);

	for (int i = 0; i < (on_link ? 1 : RELAYED_MAX); i++) {
		const struct host_answer a = on_link ? host_on_link(&from->host, in_by, dst, w->now) :
						       host_forward(&from->host, dst, w->now);
		struct router *next = a.verdict == HOST_SENT ? world_router_of_nbma(w, &a.nbma) : NULL;
		uint32_t in;

		if (!next || !probe_passes(w, from, next, a.tunnel, delay, &in))
			return false;
		host_received(&next->host, in, &from->uplinks[design_uplink(w, a.tunnel)].nbma, w->now);
		if (next == asker)
			return true;
		from = next;
	}
	return false;
}

void probe_send(struct world *w, struct router *from, const struct effect *e)
{
	struct router *to = world_router_of_nbma(w, &e->probe.nbma.addr);
	struct span delay = { 0 };
	const bool link_local = ipaddr_is_link_local(&e->probe.addr);
	struct ipaddr asked, own;
	uint32_t in;

	w->result->probes++;
	if (!to || !session_can_send(w, from, e->tunnel, &e->probe.nbma.addr) || !probe_passes(w, from, to, e->tunnel, &delay, &in))
		return;
	host_received(&to->host, in, &from->uplinks[design_uplink(w, e->tunnel)].nbma, w->now);
	asked = link_local ? design_link_local(w, to, in) : design_addr(w, to, in);
	own = link_local ? design_link_local(w, from, e->tunnel) : design_addr(w, from, e->tunnel);
	if (!ipaddr_eq(&asked, &e->probe.addr) || !comes_back(w, to, from, &own, in, &delay))
		return;
	queue_add(&w->queue, &(struct happening){
		.at = instant_add(w->now, delay), .type = HAPPENS_PROBED, .subject = world_index(w, from),
		.tunnel = e->tunnel, .addr = e->probe.nbma.addr, .sequence = e->probe.sequence, .sent = w->now,
		.incarnation = from->incarnation });
}

void probe_answered(struct world *w, const struct happening *h)
{
	struct router *r = &w->routers[h->subject];

	if (r->incarnation != h->incarnation || !router_is_awake(r))
		return;
	world_tell(w, r, &(struct event){
		.type = EVENT_PROBED, .tunnel = h->tunnel,
		.probed = { .nbma = { .addr = h->addr }, .sequence = h->sequence, .rtt = instant_since(w->now, h->sent) } });
}
