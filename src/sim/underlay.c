/* NHRP messages on their way: each once or twice or not at all, each copy with a delay of its own. */
#include <stdlib.h>
#include <string.h>

#include "sim/gre.h"
#include "sim/lie.h"
#include "sim/session.h"
#include "sim/world.h"

static bool is_calm(const struct world *w)
{
	return w->now.us >= w->scenario->length.us - w->scenario->calm.us;
}

bool underlay_loses(struct world *w)
{
	const bool lost = prng_below(&w->network, 100) < w->scenario->loss_percent;

	return lost && !is_calm(w);
}

struct span underlay_delay(struct world *w)
{
	const struct scenario *const s = w->scenario;
	const uint64_t spread = (uint64_t)(s->delay_most.us - s->delay_least.us) + 1;

	return span_us(s->delay_least.us + (int64_t)prng_below(&w->network, spread));
}

static void send_copy(struct world *w, const struct router *from, const struct router *to,
		      const struct underlay_message *m)
{
	struct happening h = {
		.at = instant_add(w->now, underlay_delay(w)), .type = HAPPENS_PACKET, .subject = world_index(w, to),
		.tunnel = m->tunnel, .addr = from->uplinks[design_uplink(w, m->tunnel)].nbma, .from = world_index(w, from),
		.agreement = m->agreement, .length = m->length, .uplink = (uint32_t)design_uplink(w, m->tunnel),
		.key = gre_key(w, from, m->tunnel, &m->to),
	};

	if (to->slows > 0)
		h.at = instant_add(h.at, w->scenario->slow);
	h.bytes = malloc(m->length ? m->length : 1);
	if (!h.bytes)
		abort();
	memcpy(h.bytes, m->bytes, m->length);
	queue_add(&w->queue, &h);
}

void underlay_transmit(struct world *w, struct router *from, const struct underlay_message *m)
{
	const size_t uplink = design_uplink(w, m->tunnel);
	const struct router *const to = world_router_of_nbma(w, &m->to);
	unsigned copies = prng_below(&w->network, 100) < w->scenario->duplicate_percent && !is_calm(w) ? 2 : 1;

	if (w->scenario->protected_ && m->agreement == 0)
		world_fail(w, from, "sends a message in the clear");
	w->result->messages++;
	check_storm(w, from);
	for (; copies > 0; copies--) {
		if (!underlay_loses(w) && to && world_reaches(w, from, to, uplink))
			send_copy(w, from, to, m);
	}
}

void underlay_send(struct world *w, struct router *from, const struct effect *e)
{
	uint8_t lie[NHRP_MESSAGE_MAX];
	struct underlay_message m = {
		.tunnel = e->tunnel, .to = e->send.to.addr, .bytes = e->send.bytes, .length = e->send.length };

	if (from->lies > 0)
		lie_instead(w, from, &m, lie);
	session_send(w, from, &m);
}

void underlay_arrives(struct world *w, const struct happening *h)
{
	struct router *const r = &w->routers[h->subject];
	const bool is_protected = w->scenario->protected_;
	struct foreign_key foreign;
	uint32_t tunnel;

	if (r->sleeps > 0 || (is_protected && !session_takes(w, r, h)) || !gre_takes_nhrp(w, r, h, &tunnel, &foreign))
		return;
	world_tell(w, r, &(struct event){
		.type = EVENT_PACKET, .tunnel = tunnel,
		.packet = { .from = { .addr = h->addr }, .key = foreign, .identity = is_protected ? w->routers[h->from].name : NULL,
			    .bytes = h->bytes, .length = h->length } });
}
