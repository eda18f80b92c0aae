#include "sim/host.h"

#include <assert.h>
#include <string.h>

/* A peer's other key: no padding in front of what is compared. */
struct host_endpoint {
	uint32_t tunnel;
	struct ipaddr nbma;
	uint64_t peer;
};

/* A peer that traffic goes to has sent nothing for so long: as the forwarder has it. */
static const struct span quiet = { 300000 };

enum { ENDPOINT_KEY_OCTETS = offsetof(struct host_endpoint, nbma) + sizeof(struct ipaddr) };

void host_reset(struct host *h)
{
	host_done(h);
	table_init(&h->routes.table, sizeof(struct host_route), sizeof(struct ipprefix));
	table_init(&h->shortcuts.table, sizeof(struct host_route), sizeof(struct ipprefix));
	table_init(&h->neighbours, sizeof(struct host_neighbour), sizeof(struct ipaddr));
	table_init(&h->peers, sizeof(struct host_peer), sizeof(uint64_t));
	table_init(&h->endpoints, sizeof(struct host_endpoint), ENDPOINT_KEY_OCTETS);
	table_init(&h->relays, sizeof(struct host_relays), sizeof(uint32_t));
	table_init(&h->retired, sizeof(uint64_t), sizeof(uint64_t));
	memset(h->routes.lengths, 0, sizeof h->routes.lengths);
	memset(h->shortcuts.lengths, 0, sizeof h->shortcuts.lengths);
}

void host_done(struct host *h)
{
	table_clear(&h->routes.table);
	table_clear(&h->shortcuts.table);
	table_clear(&h->neighbours);
	table_clear(&h->peers);
	table_clear(&h->endpoints);
	table_clear(&h->relays);
	table_clear(&h->retired);
}

/* ---- routes */

static void route_set(struct host_routes *t, const struct host_route *r)
{
	if (!table_find(&t->table, &r->dst))
		t->lengths[r->dst.len]++;
	table_put(&t->table, r);
}

static void route_del(struct host_routes *t, const struct ipprefix *dst)
{
	struct host_route *const old = table_find(&t->table, dst);

	if (!old)
		return;
	t->lengths[dst->len]--;
	table_remove(&t->table, old);
}

void host_route_set(struct host *h, const struct host_route *r)
{
	route_set(&h->routes, r);
}

void host_route_del(struct host *h, const struct ipprefix *dst)
{
	route_del(&h->routes, dst);
}

const struct host_route *host_route_find(const struct host_routes *t, const struct ipprefix *dst)
{
	return table_find(&t->table, dst);
}

size_t host_route_count(const struct host_routes *t)
{
	return t->table.count;
}

const struct host_route *host_route_at(const struct host_routes *t, size_t place)
{
	return table_at(&t->table, place);
}

/* ---- peers and neighbours */

const struct host_neighbour *host_neighbour_find(const struct host *h, const struct ipaddr *addr)
{
	return table_find(&h->neighbours, addr);
}

const struct host_peer *host_peer_find(const struct host *h, uint64_t id)
{
	return table_find(&h->peers, &id);
}

uint64_t host_peer_of(const struct host *h, uint32_t tunnel, const struct ipaddr *nbma)
{
	const struct host_endpoint key = { .tunnel = tunnel, .nbma = *nbma };
	const struct host_endpoint *const e = table_find(&h->endpoints, &key);

	return e ? e->peer : PEER_NONE;
}

static const char *peer_set(struct host *h, const struct effect *e)
{
	struct host_peer *const known = table_find(&h->peers, &e->peer.peer);

	if (e->peer.peer == PEER_NONE || e->peer.peer >> 40)
		return "a peer id is 0 or longer than 40 bits";
	if (known) {
		known->key = e->peer.key;
		known->serves = e->peer.serves;
		known->shape = e->peer.shape;
	}
	if (known)
		return ipaddr_eq(&known->nbma, &e->peer.nbma.addr) && known->tunnel == e->tunnel ?
			       NULL : "a peer changed its endpoint";
	if (host_peer_of(h, e->tunnel, &e->peer.nbma.addr) != PEER_NONE)
		return "an endpoint has two peers";
	if (table_find(&h->retired, &e->peer.peer))
		return "a peer id was used again";
	table_put(&h->peers, &(struct host_peer){
		.id = e->peer.peer, .tunnel = e->tunnel, .nbma = e->peer.nbma.addr, .key = e->peer.key, .serves = e->peer.serves,
		.shape = e->peer.shape });
	table_put(&h->endpoints, &(struct host_endpoint){
		.tunnel = e->tunnel, .nbma = e->peer.nbma.addr, .peer = e->peer.peer });
	return NULL;
}

static const char *peer_del(struct host *h, const struct effect *e)
{
	struct host_peer *const p = table_find(&h->peers, &e->peer.peer);
	const struct host_endpoint key = { .tunnel = p ? p->tunnel : 0, .nbma = p ? p->nbma : IPADDR_NONE };

	if (!p)
		return NULL;
	if (p->neighbours > 0)
		return "a peer was removed before its neighbour";
	table_remove(&h->endpoints, table_find(&h->endpoints, &key));
	table_remove(&h->peers, p);
	if (h->retired.count < HOST_RETIRED_MAX)
		table_put(&h->retired, &e->peer.peer);
	return NULL;
}

/* A neighbour points to the peer, or no longer. */
static void count_neighbour(struct host *h, uint64_t peer, uint32_t by)
{
	struct host_peer *const p = table_find(&h->peers, &peer);

	if (p)
		p->neighbours += by;
}

static const char *neighbour_set(struct host *h, const struct effect *e, struct instant now)
{
	const struct host_peer *const peer = host_peer_find(h, e->neighbour.peer);
	struct host_neighbour *n = table_find(&h->neighbours, &e->neighbour.addr);

	if (!peer)
		return "a neighbour points to a peer that does not exist";
	if (peer->tunnel != e->tunnel)
		return "a neighbour points to a peer of another tunnel";
	if (n)
		count_neighbour(h, n->peer, UINT32_MAX);
	else
		n = table_put(&h->neighbours, &(struct host_neighbour){
			.addr = e->neighbour.addr, .tunnel = e->tunnel, .used = now });
	n->left = false;
	n->peer = e->neighbour.peer;
	count_neighbour(h, n->peer, 1);
	return NULL;
}

static void neighbour_remove(struct host *h, struct host_neighbour *n)
{
	count_neighbour(h, n->peer, UINT32_MAX);
	table_remove(&h->neighbours, n);
}

static void neighbour_del(struct host *h, const struct effect *e)
{
	struct host_neighbour *const n = table_find(&h->neighbours, &e->neighbour.addr);

	if (n)
		neighbour_remove(h, n);
}

/* A relay that is none any more is dead until it is one again. */
static void mark_relays(struct host *h, const struct host_relays *new)
{
	const struct host_relays *const old = table_find(&h->relays, &new->tunnel);

	for (size_t i = 0; old && i < old->told.count; i++) {
		struct host_peer *const p = table_find(&h->peers, &old->told.peers[i]);

		if (p)
			p->relay = HOST_DEAD_RELAY;
	}
	for (size_t i = 0; i < new->told.count; i++) {
		struct host_peer *const p = table_find(&h->peers, &new->told.peers[i]);

		if (p)
			p->relay = HOST_LIVE_RELAY;
	}
}

static const char *set_relays(struct host *h, const struct effect *e)
{
	const struct host_relays r = { .tunnel = e->tunnel, .told = e->relays };

	if (r.told.count > RELAYS_MAX || r.told.dead_count > RELAYS_MAX)
		return "more relays than there may be";
	mark_relays(h, &r);
	table_put(&h->relays, &r);
	for (size_t i = 0; i < r.told.count; i++) {
		if (!host_peer_find(h, r.told.peers[i]))
			return "a relay is a peer that does not exist";
	}
	for (size_t i = 0; i < r.told.dead_count; i++) {
		const struct host_peer *const p = host_peer_find(h, r.told.dead[i]);

		if (!p || p->relay == HOST_LIVE_RELAY)
			return "a dead relay is a peer that does not exist, or lives";
	}
	return NULL;
}

static const char *set_shortcut(struct host *h, const struct effect *e)
{
	route_set(&h->shortcuts, &(struct host_route){
		.dst = e->shortcut.dst, .gateway = e->shortcut.gateway, .via_tunnel = true, .tunnel = e->tunnel });
	return e->shortcut.throw_ == ipaddr_is_none(&e->shortcut.gateway) ?
		       NULL : "a shortcut has neither or both of gateway and throw";
}

/* ---- an engine that is lost */

void host_engine_lost(struct host *h)
{
	for (size_t i = 0; i < h->neighbours.count; i++)
		((struct host_neighbour *)table_at(&h->neighbours, i))->left = true;
	for (size_t i = 0; i < h->shortcuts.table.count; i++)
		((struct host_route *)table_at(&h->shortcuts.table, i))->left = true;
}

void host_settle(struct host *h)
{
	for (size_t i = h->shortcuts.table.count; i-- > 0;) {
		const struct host_route *const s = table_at(&h->shortcuts.table, i);
		const struct ipprefix dst = s->dst;

		if (s->left)
			route_del(&h->shortcuts, &dst);
	}
	for (size_t i = h->neighbours.count; i-- > 0;) {
		struct host_neighbour *const n = table_at(&h->neighbours, i);

		if (n->left)
			neighbour_remove(h, n);
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
		route_del(&h->shortcuts, &e->shortcut.dst);
		return NULL;
	case EFFECT_SEND:
	case EFFECT_MULTICAST_SET:
	case EFFECT_MULTICAST_DEL:
	case EFFECT_PROBE:
	case EFFECT_USAGE:
	case EFFECT_RESOLVE:
	case EFFECT_SILENT:
	case EFFECT_ROUTING:
	case EFFECT_BFD_SET:
	case EFFECT_BFD_DEL:
	case EFFECT_CARRIER:
	case EFFECT_TRACE:
	case EFFECT_DONE:
		break;
	}
	return NULL;
}

/* ---- where a packet goes */

static const struct host_route *longest(const struct host_routes *t, const struct ipaddr *dst)
{
	for (int len = ip_family_bits((enum ip_family)dst->family); len >= 0; len--) {
		const struct host_route *r;
		struct ipprefix p;

		if (t->lengths[len] == 0)
			continue;
		p = ipprefix_make(dst, (uint8_t)len);
		r = host_route_find(t, &p);
		if (r)
			return r;
	}
	return NULL;
}

/* The shortcut table is looked up first; a hole in it sends the look-up on to the main table. */
static const struct host_route *look_up(const struct host *h, const struct ipaddr *dst)
{
	const struct host_route *r = longest(&h->shortcuts, dst);

	if (r && !ipaddr_is_none(&r->gateway))
		return r;
	return longest(&h->routes, dst);
}

/* The first relay whose peer still exists, as the forwarder does it. The kernel has none where we serve. */
static const struct host_peer *live_relay(const struct host *h, uint32_t tunnel)
{
	const struct host_relays *const r = table_find(&h->relays, &tunnel);
	const bool none = h->kernel && r && r->told.serves;

	for (size_t i = 0; r && !none && i < r->told.count; i++) {
		const struct host_peer *p = host_peer_find(h, r->told.peers[i]);

		if (p)
			return p;
	}
	return NULL;
}

/* The forwarder has seen it live; the kernel's entries follow what is told of it. */
static bool is_dead_relay(const struct host *h, uint32_t tunnel, const struct host_peer *p)
{
	const struct host_relays *const r = table_find(&h->relays, &tunnel);

	if (!h->kernel)
		return p->relay == HOST_DEAD_RELAY;
	for (size_t i = 0; r && i < r->told.dead_count; i++) {
		if (r->told.dead[i] == p->id)
			return true;
	}
	return false;
}

/* The far end of a point-to-point tunnel, whatever the next hop. */
static const struct host_peer *far_end(const struct host *h, uint32_t tunnel)
{
	for (size_t i = 0; i < h->peers.count; i++) {
		const struct host_peer *const p = table_at(&h->peers, i);

		if (p->tunnel == tunnel)
			return p;
	}
	return NULL;
}

/* Who gets what goes to the next hop; a known neighbour is noted as used. */
static const struct host_peer *peer_towards(struct host *h, struct host_answer *a, struct instant now)
{
	const struct host_peer *p, *relay;
	struct host_neighbour *n;

	if (h->point_to_point)
		return far_end(h, a->tunnel);
	n = table_find(&h->neighbours, &a->next_hop);
	a->missed = n == NULL;
	a->stands_in = true;
	if (!n)
		return live_relay(h, a->tunnel);
	n->used = now;
	p = host_peer_find(h, n->peer);
	relay = p && is_dead_relay(h, a->tunnel, p) ? live_relay(h, a->tunnel) : NULL;
	a->stands_in = relay != NULL;
	return relay ? relay : p; /* when no relay lives the dead one is as good a guess as any */
}

static struct host_peer *peer_at(const struct host *h, uint32_t tunnel, const struct ipaddr *nbma)
{
	const uint64_t id = host_peer_of(h, tunnel, nbma);

	return id == PEER_NONE ? NULL : table_find(&h->peers, &id);
}

bool host_is_relay(const struct host *h, uint32_t tunnel, const struct ipaddr *nbma)
{
	const struct host_peer *const p = peer_at(h, tunnel, nbma);

	return p && (p->serves || p->relay != HOST_NO_RELAY);
}

void host_received(struct host *h, uint32_t tunnel, const struct ipaddr *nbma, struct instant now)
{
	struct host_peer *const p = peer_at(h, tunnel, nbma);

	if (p)
		p->received = now;
}

bool host_sent_quietly(struct host *h, uint32_t tunnel, const struct ipaddr *nbma, struct instant now)
{
	struct host_peer *const p = peer_at(h, tunnel, nbma);

	if (!p || (!h->kernel && (p->relay == HOST_LIVE_RELAY || instant_since(now, p->received).us < quiet.us)) ||
	    instant_since(now, p->quiet_told).us < quiet.us)
		return false;
	p->quiet_told = now;
	return true;
}

struct host_answer host_on_link(struct host *h, uint32_t tunnel, const struct ipaddr *next_hop, struct instant now)
{
	struct host_answer a = { .next_hop = *next_hop, .tunnel = tunnel };
	const struct host_peer *const p = peer_towards(h, &a, now);

	a.verdict = p ? HOST_SENT : HOST_UNRESOLVED;
	if (p)
		a.nbma = p->nbma;
	return a;
}

struct host_answer host_forward(struct host *h, const struct ipaddr *dst, struct instant now)
{
	const struct host_route *r = look_up(h, dst);

	if (!r)
		return (struct host_answer){ .verdict = HOST_NO_ROUTE };
	if (!r->via_tunnel)
		return (struct host_answer){ .verdict = ipaddr_is_none(&r->gateway) ? HOST_HERE : HOST_NO_ROUTE };
	return host_on_link(h, r->tunnel, ipaddr_is_none(&r->gateway) ? dst : &r->gateway, now);
}
