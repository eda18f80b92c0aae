#include "forward/relay_count.h"

#include <string.h>

#include "forward/hash.h"

static size_t flow_index(const struct ipaddr *src, const struct ipaddr *dst)
{
	return hash_ipaddr(hash_ipaddr(src->family, src), dst) % RELAY_FLOWS;
}

static struct relay_flow *flow_slot(struct relay_count *r, const struct ipaddr *src, const struct ipaddr *dst)
{
	return &r->flows[flow_index(src, dst)];
}

void relay_count_received(struct relay_count *r, struct instant now, const struct ipaddr *src,
			  const struct ipaddr *dst, uint32_t in_tunnel, uint64_t in_peer)
{
	struct relay_flow *flow = flow_slot(r, src, dst);

	if (!ipaddr_eq(&flow->src, src) || !ipaddr_eq(&flow->dst, dst))
		*flow = (struct relay_flow){ .src = *src, .dst = *dst };
	flow->in_tunnel = in_tunnel;
	flow->in_peer = in_peer;
	flow->seen = now;
}

bool relay_count_came_by(const struct relay_count *r, struct instant now, const struct ipaddr *src,
			 const struct ipaddr *dst, uint32_t tunnel, uint64_t *peer)
{
	const struct relay_flow *flow = &r->flows[flow_index(src, dst)];

	*peer = flow->in_peer;
	return flow->in_tunnel == tunnel && ipaddr_eq(&flow->src, src) && ipaddr_eq(&flow->dst, dst) && instant_since(now, flow->seen).us < span_ms(RELAY_MOMENT_MS).us;
}

static bool same_pair(const struct forward_relay_counters *a, const struct forward_relay_counters *b)
{
	return a->in_tunnel == b->in_tunnel && a->in_peer == b->in_peer && a->out_tunnel == b->out_tunnel &&
	       a->out_peer == b->out_peer;
}

static uint32_t *pair_slot(struct relay_count *r, const struct forward_relay_counters *key)
{
	const uint64_t h = hash_mix(hash_mix((uint64_t)key->in_tunnel << 32 | key->out_tunnel, key->in_peer), key->out_peer);

	/* Half of the slots stay free, so the search ends. */
	for (size_t i = h % RELAY_PAIR_SLOTS;; i = (i + 1) % RELAY_PAIR_SLOTS) {
		const struct forward_relay_counters *p;

		if (r->slots[i] == 0)
			return &r->slots[i];
		p = &r->pairs[r->slots[i] - 1];
		if (same_pair(p, key))
			return &r->slots[i];
	}
}

/* NULL: there is no more room for pairs. */
static struct forward_relay_counters *pair_of(struct relay_count *r, struct relay_flow *flow,
					      const struct forward_relay_counters *key)
{
	uint32_t *slot;

	if (flow->pair && flow->pair <= r->pair_count && same_pair(&r->pairs[flow->pair - 1], key))
		return &r->pairs[flow->pair - 1];
	slot = pair_slot(r, key);
	if (*slot == 0) {
		if (r->pair_count == RELAY_PAIRS_MAX)
			return NULL;
		r->pairs[r->pair_count++] = *key;
		*slot = (uint32_t)r->pair_count;
	}
	flow->pair = *slot;
	return &r->pairs[*slot - 1];
}

void relay_count_sent(struct relay_count *r, struct instant now, const struct ipaddr *src,
		      const struct ipaddr *dst, uint32_t out_tunnel, uint64_t out_peer, size_t packets, size_t octets)
{
	struct relay_flow *flow = flow_slot(r, src, dst);
	const struct forward_relay_counters key = { .in_tunnel = flow->in_tunnel, .out_tunnel = out_tunnel,
					      .in_peer = flow->in_peer, .out_peer = out_peer };
	struct forward_relay_counters *pair;

	if (!ipaddr_eq(&flow->src, src) || !ipaddr_eq(&flow->dst, dst) ||
	    instant_since(now, flow->seen).us > span_s(RELAY_FLOW_S).us)
		return;
	pair = pair_of(r, flow, &key);
	if (!pair)
		return;
	pair->packets += packets;
	pair->bytes += octets;
}

void relay_count_forget(struct relay_count *r, uint32_t tunnel, uint64_t peer)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->pair_count; i++) {
		const struct forward_relay_counters *p = &r->pairs[i];

		if ((p->in_tunnel == tunnel && p->in_peer == peer) || (p->out_tunnel == tunnel && p->out_peer == peer))
			continue;
		r->pairs[kept++] = *p;
	}
	if (kept == r->pair_count)
		return;
	r->pair_count = kept;
	memset(r->slots, 0, sizeof r->slots);
	for (size_t i = 0; i < kept; i++)
		*pair_slot(r, &r->pairs[i]) = (uint32_t)i + 1;
}
