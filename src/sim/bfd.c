/*
 * BFD in a simulated world: the real machine (bfd/bfd.h) on each router's data path, every packet of it on the
 * underlay. It has the world's clock: how fast a router's own runs does not matter to intervals.
 */
#include "bfd/bfd.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "bfd/budget.h"
#include "sim/session.h"
#include "sim/world.h"

enum { SESSIONS_MAX = 65536, ASLEEP_MS = 50 };

/* A packet on its way. */
struct flight {
	struct bfd_key key;   /* as its receiver knows it */
	struct ipaddr nbma;   /* of its sender */
	uint8_t bytes[BFD_PACKET_OCTETS];
};

static struct bfd *machine(struct world *w, struct router *r)
{
	const struct bfd_options o = { .seed = prng_next(&w->network), .sessions_max = SESSIONS_MAX,
				       .packets_per_s = BFD_PACKETS_PER_S };

	if (!r->bfd)
		r->bfd = bfd_new(&o);
	assert(r->bfd);
	return r->bfd;
}

static void look_again(struct world *w, struct router *r, struct instant at)
{
	if (!instant_before(at, r->bfd_due))
		return;
	r->bfd_due = at;
	queue_add(&w->queue, &(struct happening){ .at = at, .type = HAPPENS_BFD_DUE, .subject = world_index(w, r),
						  .incarnation = r->incarnation });
}

static void count_packet(struct world *w, struct router *r)
{
	const int64_t second = w->now.us / 1000000;

	if (r->bfd_second != second) {
		r->bfd_second = second;
		r->bfd_packets = 0;
	}
	if (++r->bfd_packets > w->result->bfd_second_max)
		w->result->bfd_second_max = r->bfd_packets;
}

static void send(struct world *w, struct router *from, const struct bfd_effect *e)
{
	const uint32_t tunnel = e->send.key.link & ~(uint32_t)BFD_LINK_TUNNEL;
	struct router *const to = world_router_of_nbma(w, &e->send.via.addr);
	struct span delay = { 0 };
	uint32_t in;
	struct flight *f;

	w->result->bfd_packets++;
	count_packet(w, from);
	if (!to || !session_can_send(w, from, tunnel, &e->send.via.addr) || !probe_passes(w, from, to, tunnel, &delay, &in))
		return;
	f = malloc(sizeof *f);
	assert(f);
	*f = (struct flight){ .key = { e->send.key.link, e->send.key.remote, e->send.key.local },
			      .nbma = from->uplinks[design_uplink(w, tunnel)].nbma };
	memcpy(f->bytes, e->send.bytes, sizeof f->bytes);
	queue_add(&w->queue, &(struct happening){ .at = instant_add(w->now, delay), .type = HAPPENS_BFD_PACKET,
						  .subject = world_index(w, to), .bytes = (uint8_t *)f, .length = sizeof *f });
}

/* As the control process hears it (daemon/bfd_link.c). */
static void tell(struct world *w, struct router *r, const struct bfd_status *s)
{
	const bool up = s->state == BFD_UP;

	if (up || s->fell)
		world_trace(w, r, "BFD with %u is %s", ipaddr_to_v4(&s->key.remote) & 0xffff, up ? "up" : "down");
	if (!up && (!s->fell || s->remote_state == BFD_ADMIN_DOWN))
		return;
	if (!up && ++w->result->bfd_lost > w->scenario->bfd_lost_max)
		world_fail(w, r, "more BFD sessions go down than may");
	world_tell(w, r, &(struct event){ .type = EVENT_BFD, .tunnel = s->key.link & ~(uint32_t)BFD_LINK_TUNNEL,
					  .bfd = { .addr = s->key.remote, .nbma = s->via, .up = up, .diag = s->diag } });
}

static void warn(struct world *w, struct router *r, const struct bfd_status *s)
{
	world_tell(w, r, &(struct event){ .type = EVENT_BFD_LATE, .tunnel = s->key.link & ~(uint32_t)BFD_LINK_TUNNEL,
					  .bfd = { .addr = s->key.remote, .nbma = s->via } });
}

/* What the engine makes of a state may ask for more of BFD: so each effect is taken by itself. */
static void drain(struct world *w, struct router *r)
{
	struct bfd_effect e;

	while (r->bfd && bfd_next_effect(r->bfd, &e)) {
		if (e.type == BFD_EFFECT_SEND)
			send(w, r, &e);
		else if (e.type == BFD_EFFECT_LATE)
			warn(w, r, &e.state);
		else
			tell(w, r, &e.state);
	}
	if (r->bfd)
		look_again(w, r, bfd_deadline(r->bfd));
}

void bfd_ask(struct world *w, struct router *r, const struct effect *e)
{
	const struct bfd_key key = { BFD_LINK_TUNNEL | e->tunnel, e->bfd.local, e->bfd.remote };
	const uint32_t least_us = (uint32_t)e->bfd.least.us;
	struct bfd_config c = {
		.mark = (uint32_t)r->incarnation, .unhurried = least_us > 0, .desired_min_tx_us = 1000u * e->bfd.config.min_tx_ms,
		.required_min_rx_us = 1000u * e->bfd.config.min_rx_ms, .multiplier = e->bfd.config.multiplier,
		.min_ttl = BFD_TTL, .via = e->bfd.nbma,
	};

	if (c.desired_min_tx_us < least_us)
		c.desired_min_tx_us = least_us;
	if (c.required_min_rx_us < least_us)
		c.required_min_rx_us = least_us;
	if (e->type == EFFECT_BFD_DEL)
		bfd_remove(machine(w, r), w->now, &key, BFD_CLIENT_NHRP);
	else if (bfd_set(machine(w, r), w->now, &key, BFD_CLIENT_NHRP, &c) != 0)
		world_fail(w, r, "no room for a BFD session");
	/* Not now: the engine is being asked. */
	look_again(w, r, w->now);
}

void bfd_due(struct world *w, const struct happening *h)
{
	struct router *const r = &w->routers[h->subject];

	if (!r->bfd || r->bfd_due.us != h->at.us)
		return; /* it was looked at meanwhile */
	r->bfd_due = INSTANT_NEVER;
	if (!router_is_awake(r)) {
		look_again(w, r, instant_add(w->now, span_ms(ASLEEP_MS)));
		return;
	}
	bfd_tick(r->bfd, w->now);
	drain(w, r);
}

void bfd_arrives(struct world *w, const struct happening *h)
{
	struct router *const r = &w->routers[h->subject];
	const struct flight *const f = (const void *)h->bytes;
	const struct bfd_arrival a = { .key = f->key, .from = { .addr = f->nbma }, .ttl = BFD_TTL };

	if (!r->bfd || !router_is_awake(r) || !bfd_is_for(r->bfd, &f->key, f->bytes, sizeof f->bytes))
		return;
	count_packet(w, r);
	bfd_receive(r->bfd, w->now, &a, f->bytes, sizeof f->bytes);
	drain(w, r);
}

void bfd_settle(struct world *w, struct router *r)
{
	struct bfd_status s;

	if (!r->bfd)
		return;
	for (bool more = bfd_next_status(r->bfd, NULL, &s); more; more = bfd_next_status(r->bfd, &s.key, &s))
		if (s.clients && s.marks[BFD_CLIENT_NHRP] != (uint32_t)r->incarnation)
			bfd_remove(r->bfd, w->now, &s.key, BFD_CLIENT_NHRP);
	look_again(w, r, w->now);
}

void bfd_end(struct router *r)
{
	bfd_free(r->bfd);
	r->bfd = NULL;
	r->bfd_due = INSTANT_NEVER;
}
