#include "sim/host.h"

#include <assert.h>
#include <string.h>

void host_reset(struct host *h)
{
	memset(h, 0, sizeof *h);
}

static struct host_route *route_at(struct host_route *routes, size_t count, const struct ipprefix *dst)
{
	for (size_t i = 0; i < count; i++) {
		if (ipprefix_eq(&routes[i].dst, dst))
			return &routes[i];
	}
	return NULL;
}

static void route_set(struct host_route *routes, size_t *count, const struct host_route *r)
{
	struct host_route *old = route_at(routes, *count, &r->dst);

	assert(old || *count < HOST_MAX);
	if (!old)
		old = &routes[(*count)++];
	*old = *r;
}

static void route_del(struct host_route *routes, size_t *count, const struct ipprefix *dst)
{
	struct host_route *old = route_at(routes, *count, dst);

	if (old)
		*old = routes[--*count];
}

void host_route_set(struct host *h, const struct host_route *r)
{
	route_set(h->routes, &h->route_count, r);
}

void host_route_del(struct host *h, const struct ipprefix *dst)
{
	route_del(h->routes, &h->route_count, dst);
}

const struct host_route *host_route_find(const struct host *h, const struct ipprefix *dst)
{
	return route_at((struct host_route *)(uintptr_t)h->routes, h->route_count, dst);
}

const struct host_neighbour *host_neighbour_find(const struct host *h, const struct ipaddr *addr)
{
	for (size_t i = 0; i < h->neighbour_count; i++) {
		if (ipaddr_eq(&h->neighbours[i].addr, addr))
			return &h->neighbours[i];
	}
	return NULL;
}

const struct host_peer *host_peer_find(const struct host *h, uint64_t id)
{
	for (size_t i = 0; i < h->peer_count; i++) {
		if (h->peers[i].id == id)
			return &h->peers[i];
	}
	return NULL;
}

uint64_t host_peer_of(const struct host *h, uint32_t tunnel, const struct ipaddr *nbma)
{
	for (size_t i = 0; i < h->peer_count; i++) {
		if (h->peers[i].tunnel == tunnel && ipaddr_eq(&h->peers[i].nbma, nbma))
			return h->peers[i].id;
	}
	return PEER_NONE;
}

static bool is_retired(const struct host *h, uint64_t id)
{
	for (size_t i = 0; i < h->retired_count; i++) {
		if (h->retired[i] == id)
			return true;
	}
	return false;
}

static const char *peer_set(struct host *h, const struct effect *e)
{
	const struct host_peer *known = host_peer_find(h, e->peer.peer);

	if (e->peer.peer == PEER_NONE || e->peer.peer >> 40)
		return "a peer id is 0 or longer than 40 bits";
	if (known)
		return ipaddr_eq(&known->nbma, &e->peer.nbma.addr) && known->tunnel == e->tunnel ?
			       NULL : "a peer changed its endpoint";
	if (host_peer_of(h, e->tunnel, &e->peer.nbma.addr) != PEER_NONE)
		return "an endpoint has two peers";
	if (is_retired(h, e->peer.peer))
		return "a peer id was used again";
	assert(h->peer_count < HOST_MAX);
	h->peers[h->peer_count++] = (struct host_peer){
		.id = e->peer.peer, .tunnel = e->tunnel, .nbma = e->peer.nbma.addr };
	return NULL;
}

static const char *peer_del(struct host *h, const struct effect *e)
{
	for (size_t i = 0; i < h->neighbour_count; i++) {
		if (h->neighbours[i].peer == e->peer.peer)
			return "a peer was removed before its neighbour";
	}
	for (size_t i = 0; i < h->peer_count; i++) {
		if (h->peers[i].id == e->peer.peer) {
			h->peers[i] = h->peers[--h->peer_count];
			if (h->retired_count < HOST_RETIRED_MAX)
				h->retired[h->retired_count++] = e->peer.peer;
			return NULL;
		}
	}
	return NULL;
}

static const char *neighbour_set(struct host *h, const struct effect *e, struct instant now)
{
	struct host_neighbour *n =
		(struct host_neighbour *)(uintptr_t)host_neighbour_find(h, &e->neighbour.addr);

	if (!host_peer_find(h, e->neighbour.peer))
		return "a neighbour points to a peer that does not exist";
	if (host_peer_find(h, e->neighbour.peer)->tunnel != e->tunnel)
		return "a neighbour points to a peer of another tunnel";
	assert(n || h->neighbour_count < HOST_MAX);
	if (!n) {
		n = &h->neighbours[h->neighbour_count++];
		*n = (struct host_neighbour){ .addr = e->neighbour.addr, .tunnel = e->tunnel, .used = now };
	}
	n->left = false;
	n->peer = e->neighbour.peer;
	return NULL;
}

static void neighbour_del(struct host *h, const struct effect *e)
{
	for (size_t i = 0; i < h->neighbour_count; i++) {
		if (ipaddr_eq(&h->neighbours[i].addr, &e->neighbour.addr)) {
			h->neighbours[i] = h->neighbours[--h->neighbour_count];
			return;
		}
	}
}

static const char *set_relays(struct host *h, const struct effect *e)
{
	struct host_relays *r = &h->relays[e->tunnel];

	if (e->relays.count > RELAYS_MAX)
		return "more relays than there may be";
	r->count = e->relays.count;
	memcpy(r->peers, e->relays.peers, r->count * sizeof *r->peers);
	for (size_t i = 0; i < r->count; i++) {
		if (!host_peer_find(h, r->peers[i]))
			return "a relay is a peer that does not exist";
	}
	return NULL;
}

static const char *set_shortcut(struct host *h, const struct effect *e)
{
	route_set(h->shortcuts, &h->shortcut_count,
		  &(struct host_route){ .dst = e->shortcut.dst, .gateway = e->shortcut.gateway,
					.via_tunnel = true, .tunnel = e->tunnel });
	return e->shortcut.throw_ == ipaddr_is_none(&e->shortcut.gateway) ?
		       NULL : "a shortcut has neither or both of gateway and throw";
}

void host_engine_lost(struct host *h)
{
	for (size_t i = 0; i < h->neighbour_count; i++)
		h->neighbours[i].left = true;
	for (size_t i = 0; i < h->shortcut_count; i++)
		h->shortcuts[i].left = true;
}

void host_settle(struct host *h)
{
	for (size_t i = h->shortcut_count; i-- > 0;) {
		if (h->shortcuts[i].left)
			h->shortcuts[i] = h->shortcuts[--h->shortcut_count];
	}
	for (size_t i = h->neighbour_count; i-- > 0;) {
		if (h->neighbours[i].left)
			h->neighbours[i] = h->neighbours[--h->neighbour_count];
	}
}

const char *host_apply(struct host *h, const struct effect *e, struct instant now)
{
	switch (e->type) {
	case EFFECT_PEER_SET:
		return peer_set(h, e);
	case EFFECT_PEER_DEL:
		return peer_del(h, e);
	case EFFECT_NEIGHBOUR_SET:
		return neighbour_set(h, e, now);
	case EFFECT_NEIGHBOUR_DEL:
		neighbour_del(h, e);
		return NULL;
	case EFFECT_RELAYS:
		return set_relays(h, e);
	case EFFECT_SHORTCUT_SET:
		return set_shortcut(h, e);
	case EFFECT_SHORTCUT_DEL:
		route_del(h->shortcuts, &h->shortcut_count, &e->shortcut.dst);
		return NULL;
	case EFFECT_SEND:
	case EFFECT_MULTICAST_SET:
	case EFFECT_MULTICAST_DEL:
	case EFFECT_USAGE:
	case EFFECT_RESOLVE:
	case EFFECT_SILENT:
	case EFFECT_CARRIER:
	case EFFECT_TRACE:
	case EFFECT_DONE:
		break;
	}
	return NULL;
}

static const struct host_route *longest(const struct host_route *routes, size_t count, const struct ipaddr *dst)
{
	const struct host_route *best = NULL;

	for (size_t i = 0; i < count; i++) {
		if (ipprefix_contains(&routes[i].dst, dst) && (!best || routes[i].dst.len > best->dst.len))
			best = &routes[i];
	}
	return best;
}

/* The shortcut table is looked up first; a hole in it sends the look-up on to the main table. */
static const struct host_route *look_up(const struct host *h, const struct ipaddr *dst)
{
	const struct host_route *r = longest(h->shortcuts, h->shortcut_count, dst);

	if (r && !ipaddr_is_none(&r->gateway))
		return r;
	return longest(h->routes, h->route_count, dst);
}

/* The first relay whose peer still exists, as the forwarder does it. */
static const struct host_peer *live_relay(const struct host *h, uint32_t tunnel)
{
	const struct host_relays *r = &h->relays[tunnel];

	for (size_t i = 0; i < r->count; i++) {
		const struct host_peer *p = host_peer_find(h, r->peers[i]);

		if (p)
			return p;
	}
	return NULL;
}

/* The far end of a point-to-point tunnel, whatever the next hop. */
static const struct host_peer *far_end(const struct host *h, uint32_t tunnel)
{
	for (size_t i = 0; i < h->peer_count; i++) {
		if (h->peers[i].tunnel == tunnel)
			return &h->peers[i];
	}
	return NULL;
}

/* Who gets what goes to the next hop; a known neighbour is noted as used. */
static const struct host_peer *peer_towards(struct host *h, struct host_answer *a, struct instant now)
{
	struct host_neighbour *n;

	if (h->point_to_point)
		return far_end(h, a->tunnel);
	n = (struct host_neighbour *)(uintptr_t)host_neighbour_find(h, &a->next_hop);
	a->missed = n == NULL;
	if (!n)
		return live_relay(h, a->tunnel);
	n->used = now;
	return host_peer_find(h, n->peer);
}

struct host_answer host_forward(struct host *h, const struct ipaddr *dst, struct instant now)
{
	struct host_answer a = { .verdict = HOST_NO_ROUTE };
	const struct host_route *r = look_up(h, dst);
	const struct host_peer *p;

	if (!r)
		return a;
	if (!r->via_tunnel) {
		a.verdict = HOST_HERE;
		return a;
	}
	a.next_hop = ipaddr_is_none(&r->gateway) ? *dst : r->gateway;
	a.tunnel = r->tunnel;
	p = peer_towards(h, &a, now);
	a.verdict = p ? HOST_SENT : HOST_UNRESOLVED;
	if (p)
		a.nbma = p->nbma;
	return a;
}
