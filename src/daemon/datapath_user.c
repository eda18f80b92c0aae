#include "daemon/datapath_user.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/datapath_peers.h"

struct mirror_tunnel {
	struct mirror_tunnel *next;
	struct forward_tunnel config;
	bool present; /* FORWARD_TUNNEL_SET was asked for */
	struct forward_relays relays;
	struct datapath_peers peers;
};

struct datapath_user {
	struct forward_client *client;
	bool synced; /* between HELD_END and the loss of the forwarder */
	struct mirror_tunnel *tunnels;
};

struct datapath_user *datapath_user_new(struct forward_client *f)
{
	struct datapath_user *u = calloc(1, sizeof *u);

	if (u)
		u->client = f;
	return u;
}

static void free_tunnel(struct mirror_tunnel *t)
{
	datapath_peers_done(&t->peers);
	free(t);
}

static struct mirror_tunnel *find(const struct datapath_user *u, uint32_t number)
{
	struct mirror_tunnel *t = u->tunnels;

	while (t && t->config.tunnel != number)
		t = t->next;
	return t;
}

/* Out of memory ends the process: the keeper restarts it, the forwarder goes on. */
static struct mirror_tunnel *get(struct datapath_user *u, uint32_t number)
{
	struct mirror_tunnel *t = find(u, number);

	if (t)
		return t;
	t = calloc(1, sizeof *t);
	if (!t)
		abort();
	t->config.tunnel = number;
	t->relays.tunnel = number;
	t->next = u->tunnels;
	u->tunnels = t;
	return t;
}

static void tell(const struct datapath_user *u, uint16_t type, const void *payload, size_t length)
{
	if (u->synced)
		forward_client_send(u->client, type, payload, length);
}

static void tell_peer(const struct datapath_user *u, uint16_t type, uint32_t tunnel, const struct datapath_peer *p)
{
	struct forward_peer m;

	memset(&m, 0, sizeof m);
	m.tunnel = tunnel;
	m.peer = p->id;
	m.nbma = p->nbma;
	m.serves = p->serves;
	m.shape.rate_bps = p->shape.rate_bps;
	m.shape.burst_octets = p->shape.burst_octets;
	m.key.given = p->key.given;
	m.key.present = p->key.present;
	m.key.key = p->key.key;
	tell(u, type, &m, sizeof m);
}

/*
 * The far end of a point-to-point tunnel follows the best live NHS: a phase 1 spoke may so
 * have several hubs. Without one it is the configured destination.
 */
static void tell_tunnel(const struct datapath_user *u, const struct mirror_tunnel *t)
{
	struct forward_tunnel m = t->config;

	if (!t->present)
		return;
	if (!ipaddr_is_none(&m.remote)) {
		const struct datapath_peer *best = t->relays.count > 0 ? datapath_peers_find(&t->peers, t->relays.peers[0]) : NULL;

		for (size_t i = 0; !best && i < t->peers.count; i++) {
			if (ipaddr_eq(&t->peers.peers[i].nbma.addr, &m.remote))
				best = &t->peers.peers[i];
		}
		if (best) {
			m.remote = best->nbma.addr;
			m.remote_peer = best->id;
		}
	}
	tell(u, FORWARD_TUNNEL_SET, &m, sizeof m);
}

static void tell_all(const struct datapath_user *u, const struct mirror_tunnel *t)
{
	tell_tunnel(u, t);
	for (size_t i = 0; i < t->peers.count; i++) {
		tell_peer(u, FORWARD_PEER_SET, t->config.tunnel, &t->peers.peers[i]);
		if (t->peers.peers[i].multicast)
			tell_peer(u, FORWARD_MULTICAST_SET, t->config.tunnel, &t->peers.peers[i]);
	}
	tell(u, FORWARD_RELAYS, &t->relays, sizeof t->relays);
}

void datapath_user_sync(struct datapath_user *u)
{
	u->synced = true;
	tell(u, FORWARD_SYNC_BEGIN, NULL, 0);
	for (const struct mirror_tunnel *t = u->tunnels; t; t = t->next)
		tell_all(u, t);
}

void datapath_user_lost(struct datapath_user *u)
{
	u->synced = false;
}

void datapath_user_tell(const struct datapath_user *u, uint16_t type, const void *payload, size_t length)
{
	tell(u, type, payload, length);
}

void datapath_user_settle(struct datapath_user *u)
{
	tell(u, FORWARD_SYNC_END, NULL, 0);
}

static size_t multicast_count(void *self, uint32_t tunnel)
{
	const struct mirror_tunnel *t = find(self, tunnel);

	return t ? datapath_peers_multicast_count(&t->peers) : 0;
}

static void tunnel_set(void *self, const struct datapath_tunnel *d)
{
	struct datapath_user *u = self;
	struct mirror_tunnel *t = get(u, d->tunnel);
	struct forward_tunnel m;

	memset(&m, 0, sizeof m);
	m.tunnel = d->tunnel;
	m.raw_id = d->raw_id;
	m.local = d->local;
	m.remote = d->remote;
	m.has_key = d->has_key;
	m.key = d->key;
	m.ttl = d->ttl;
	m.set_df = d->set_df;
	m.keeps_to_dead = d->keeps_to_dead;
	m.ip_mtu = d->ip_mtu;
	m.ipv6_mtu = d->ipv6_mtu;
	m.mss4 = d->mss4;
	m.mss6 = d->mss6;
	m.protection = d->protection;
	memcpy(m.mac, d->mac, sizeof m.mac);
	m.addr_count = (uint32_t)(d->addr_count < FORWARD_ADDRS_MAX ? d->addr_count : FORWARD_ADDRS_MAX);
	memcpy(m.addrs, d->addrs, m.addr_count * sizeof *m.addrs);
	memcpy(m.prefix_lens, d->prefix_lens, m.addr_count);
	t->config = m;
	t->present = true;
	tell_tunnel(u, t);
}

static void tunnel_del(void *self, uint32_t tunnel)
{
	struct datapath_user *u = self;
	struct mirror_tunnel **at = &u->tunnels;
	struct mirror_tunnel *t;

	while (*at && (*at)->config.tunnel != tunnel)
		at = &(*at)->next;
	t = *at;
	if (!t)
		return;
	tell(u, FORWARD_TUNNEL_DEL, &t->config, sizeof t->config);
	*at = t->next;
	free_tunnel(t);
}

static void peer_set(void *self, uint32_t tunnel, uint64_t peer, const struct endpoint *nbma,
		     const struct foreign_key *key, bool serves, const struct shape *shape)
{
	struct datapath_user *u = self;
	struct mirror_tunnel *t = get(u, tunnel);
	struct datapath_peer *p = datapath_peers_get(&t->peers, peer);

	p->nbma = *nbma;
	p->key = *key;
	p->serves = serves;
	p->shape = *shape;
	tell_peer(u, FORWARD_PEER_SET, tunnel, p);
	if (!ipaddr_is_none(&t->config.remote))
		tell_tunnel(u, t);
}

static void peer_del(void *self, uint32_t tunnel, uint64_t peer)
{
	struct datapath_user *u = self;
	struct mirror_tunnel *t = find(u, tunnel);
	struct datapath_peer *p = t ? datapath_peers_find(&t->peers, peer) : NULL;

	if (!p)
		return;
	tell_peer(u, FORWARD_PEER_DEL, tunnel, p);
	datapath_peers_del(&t->peers, p);
}

static void multicast(void *self, uint32_t tunnel, uint64_t peer, const struct endpoint *nbma, bool on)
{
	struct datapath_user *u = self;
	struct mirror_tunnel *t = get(u, tunnel);
	struct datapath_peer *p = on ? datapath_peers_get(&t->peers, peer) : datapath_peers_find(&t->peers, peer);

	if (!p)
		return;
	p->multicast = on;
	if (on)
		p->nbma = *nbma;
	tell_peer(u, on ? FORWARD_MULTICAST_SET : FORWARD_MULTICAST_DEL, tunnel, p);
}

/* Which relays are dead the forwarder knows by itself: it has seen them live. */
static void relays(void *self, uint32_t tunnel, const struct relays *r)
{
	struct datapath_user *u = self;
	struct mirror_tunnel *t = get(u, tunnel);

	t->relays.count = (uint32_t)(r->count < FORWARD_RELAYS_MAX ? r->count : FORWARD_RELAYS_MAX);
	memset(t->relays.peers, 0, sizeof t->relays.peers);
	memcpy(t->relays.peers, r->peers, t->relays.count * sizeof *r->peers);
	tell(u, FORWARD_RELAYS, &t->relays, sizeof t->relays);
	if (!ipaddr_is_none(&t->config.remote))
		tell_tunnel(u, t);
}

static void nhrp_send(void *self, uint32_t tunnel, const struct endpoint *to, const uint8_t *bytes, size_t length)
{
	struct datapath_user *u = self;
	struct forward_nhrp m;

	assert(length <= sizeof m.bytes);
	memset(&m, 0, offsetof(struct forward_nhrp, bytes));
	m.tunnel = tunnel;
	m.endpoint = *to;
	m.length = (uint32_t)length;
	memcpy(m.bytes, bytes, length);
	tell(u, FORWARD_NHRP_SEND, &m, offsetof(struct forward_nhrp, bytes) + length);
}

static void probe_send(void *self, uint32_t tunnel, const struct endpoint *to, const struct ipaddr *addr, uint32_t sequence)
{
	struct datapath_user *u = self;
	struct forward_probe m;

	memset(&m, 0, sizeof m);
	m.tunnel = tunnel;
	m.sequence = sequence;
	m.nbma = *to;
	m.addr = *addr;
	tell(u, FORWARD_PROBE_SEND, &m, sizeof m);
}

static void usage_get(void *self, uint32_t tunnel, uint64_t peer, const struct ipaddr *addr)
{
	struct forward_usage m;

	memset(&m, 0, sizeof m);
	m.tunnel = tunnel;
	m.peer = peer;
	m.addr = *addr;
	tell(self, FORWARD_USAGE_GET, &m, sizeof m);
}

static void counters_get(void *self)
{
	tell(self, FORWARD_COUNTERS_GET, NULL, 0);
}

static struct lladdr neighbour(void *self, uint32_t tunnel, const struct ipaddr *addr, uint64_t peer,
			       const struct endpoint *nbma)
{
	(void)self;
	(void)tunnel;
	(void)addr;
	(void)nbma;
	return lladdr_of_peer(peer);
}

static void flush(void *self)
{
	forward_client_flush(((struct datapath_user *)self)->client);
}

const struct datapath_ops datapath_user_ops = {
	.name = "user",
	.needs_raw = true,
	.multicast_count = multicast_count,
	.tunnel_set = tunnel_set,
	.tunnel_del = tunnel_del,
	.peer_set = peer_set,
	.peer_del = peer_del,
	.multicast = multicast,
	.relays = relays,
	.nhrp_send = nhrp_send,
	.probe_send = probe_send,
	.usage_get = usage_get,
	.counters_get = counters_get,
	.neighbour = neighbour,
	.flush = flush,
};
