#include "daemon/datapath_kernel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "daemon/kernel_relay.h"
#include "daemon/kernel_tunnel.h"
#include "daemon/kernel_usage.h"
#include "kernel/esp.h"
#include "kernel/probe.h"

enum { QUIET_MS = 500 };

/*
 * The kernel does not tell what comes from which peer. So every peer counts as one of whom
 * nothing is heard; the engine asks the direct ones, whose traffic the hub carries as well.
 */
static void quiet_due(uv_timer_t *timer)
{
	struct datapath_kernel *k = timer->data;

	for (struct kernel_tunnel *t = k->tunnels; t; t = t->next) {
		const bool wanted = k->calls->wants_guesses(k->arg, t->number);

		for (size_t i = 0; wanted && i < t->peers.count; i++) {
			struct event ev = { .type = EVENT_QUIET, .tunnel = t->number };

			ev.quiet.nbma = t->peers.peers[i].nbma;
			ev.quiet.guessed = true;
			k->calls->feed(k->arg, &ev);
		}
	}
}

static void probe_ready(uv_poll_t *poll, int status, int events)
{
	struct datapath_kernel *k = poll->data;

	(void)events;
	(void)probe_read(k->probe_fd, kernel_relay_asked, k);
	kernel_poll_again(poll, status, probe_ready);
}

/* What is protected never leaves in clear: first the block, then the device. */
static int set_device(struct kernel_tunnel *t, const struct datapath_tunnel *d)
{
	const struct kernel_block block = { d->tunnel, d->local.addr, d->protection };
	struct gre_device device = { .local = d->local.addr, .remote = d->remote, .has_key = d->has_key,
				     .key = d->key, .ttl = d->ttl, .set_df = d->set_df, .underlay_ifindex = d->underlay_ifindex };
	int rc;

	snprintf(device.name, sizeof device.name, "Tunnel%u", d->tunnel);
	gre_outbox_flush(t->owner->outbox); /* by the device as it was */
	rc = kernel_blocks_claim(&t->owner->blocks, &block);
	if (rc < 0) {
		(void)gre_device_del(t->owner->netlink, device.name);
		return rc;
	}
	t->device = device;
	t->protection = d->protection;
	t->destination = d->remote;
	t->keeps_to_dead = d->keeps_to_dead;
	t->vrf = d->local.vrf;
	t->addr_count = d->addr_count < KERNEL_ADDRS_MAX ? d->addr_count : KERNEL_ADDRS_MAX;
	if (t->addr_count)
		memcpy(t->addrs, d->addrs, t->addr_count * sizeof *t->addrs);
	rc = gre_device_set(t->owner->netlink, &t->device, &t->ifindex);
	if (rc < 0)
		return rc;
	kernel_blocks_settle(&t->owner->blocks, &block);
	return kernel_tunnel_open(t);
}

static int device_open(void *self, const struct datapath_tunnel *d, char *text, size_t text_size)
{
	struct datapath_kernel *k = self;
	struct kernel_tunnel *t = kernel_tunnel_get(k, d->tunnel);
	int rc;

	if (d->local.addr.family == IP_V6 && ipaddr_is_none(&d->remote)) {
		snprintf(text, text_size, "multipoint GRE over IPv6 needs datapath user");
		return -EOPNOTSUPP;
	}
	rc = set_device(t, d);
	if (rc == -EADDRINUSE)
		snprintf(text, text_size, "the kernel cannot tell it from another tunnel of its source with another IPsec profile or none; "
			 "use datapath user");
	else if (rc < 0)
		snprintf(text, text_size, "GRE device: %s", strerror(-rc));
	return rc;
}

static void tunnel_set(void *self, const struct datapath_tunnel *d)
{
	struct datapath_kernel *k = self;
	struct kernel_tunnel *t = kernel_tunnel_get(k, d->tunnel);

	(void)set_device(t, d); /* device_open has told why it cannot be */
	kernel_relay_follow(t);
}

static void flush(void *self)
{
	gre_outbox_flush(((struct datapath_kernel *)self)->outbox);
}

static void tunnel_del(void *self, uint32_t number)
{
	struct datapath_kernel *k = self;
	struct kernel_tunnel *t = kernel_tunnel_find(k, number);

	if (!t)
		return;
	flush(k);
	(void)gre_device_del(k->netlink, t->device.name);
	kernel_blocks_leave(&k->blocks, number);
	kernel_tunnel_remove(t);
}

static void peer_set(void *self, uint32_t number, uint64_t id, const struct endpoint *nbma,
		     const struct foreign_key *key, bool serves, const struct shape *shape)
{
	struct kernel_tunnel *t = kernel_tunnel_get(self, number);
	struct datapath_peer *p;

	(void)key;
	p = datapath_peers_get(&t->peers, id);
	p->nbma = *nbma;
	p->serves = serves;
	(void)shape; /* a file that wants any is not given to the kernel (datapath_choice.c) */
}

static void peer_del(void *self, uint32_t number, uint64_t id)
{
	struct kernel_tunnel *t = kernel_tunnel_find(self, number);
	struct datapath_peer *p = t ? datapath_peers_find(&t->peers, id) : NULL;

	if (p)
		datapath_peers_del(&t->peers, p);
}

static void multicast(void *self, uint32_t number, uint64_t id, const struct endpoint *nbma, bool on)
{
	struct kernel_tunnel *t = kernel_tunnel_find(self, number);
	struct datapath_peer *p = t ? datapath_peers_find(&t->peers, id) : NULL;

	(void)nbma;
	if (p)
		p->multicast = on;
}

static void relays(void *self, uint32_t number, const struct relays *r)
{
	struct kernel_tunnel *t = kernel_tunnel_find(self, number);

	if (!t)
		return;
	t->relay_count = r->count < RELAYS_MAX ? r->count : RELAYS_MAX;
	memcpy(t->relays, r->peers, t->relay_count * sizeof *t->relays);
	t->serves = r->serves;
	kernel_entries_dead(&t->entries, t->keeps_to_dead ? 0 : r->dead_count, r->dead);
	kernel_relay_turn(t);
}

void datapath_kernel_sessions_changed(struct datapath_kernel *k)
{
	for (struct kernel_tunnel *t = k->tunnels; t; t = t->next)
		if (t->protection && !t->serves)
			kernel_relay_turn(t);
}

static void nhrp_send(void *self, uint32_t number, const struct endpoint *to, const uint8_t *bytes, size_t length)
{
	struct kernel_tunnel *t = kernel_tunnel_find(self, number);

	if (t)
		kernel_tunnel_nhrp(t, to, bytes, length);
}

static void probe_send(void *self, uint32_t number, const struct endpoint *to, const struct ipaddr *addr, uint32_t sequence)
{
	struct kernel_tunnel *t = kernel_tunnel_find(self, number);

	if (t)
		kernel_tunnel_probe(t, to, addr, sequence);
}

/* Whoever's entry it is now has it back as it shall be. */
static void usage_told(void *self, const struct usage_question *q, bool used)
{
	struct datapath_kernel *k = self;
	struct kernel_tunnel *t = kernel_tunnel_find(k, q->tunnel);
	struct event ev = { .type = EVENT_USAGE, .tunnel = q->tunnel };
	struct lladdr l;

	if (!t || !kernel_entry_get(&t->entries, &q->addr, &l))
		return;
	(void)neighbour_set(k->netlink, t->ifindex, &q->addr, &l); /* the engine sets it again */
	ev.usage.peer = q->peer;
	ev.usage.addr = q->addr;
	ev.usage.idle = used ? span_us(0) : span_us(INT64_MAX);
	k->calls->feed(k->arg, &ev);
}

static void usage_get(void *self, uint32_t number, uint64_t peer, const struct ipaddr *addr)
{
	struct datapath_kernel *k = self;
	struct kernel_tunnel *t = kernel_tunnel_find(k, number);
	struct usage_question q = { .netlink = k->netlink, .tunnel = number, .peer = peer, .addr = *addr, .told = usage_told, .arg = k };

	if (!t || !kernel_entry_get(&t->entries, addr, &q.lladdr))
		return;
	q.ifindex = t->ifindex;
	kernel_usage_ask(k->loop, &q);
}

/* The kernel counts by device (`ip -s link`); there is nothing of ours to ask for. */
static void counters_get(void *self)
{
	(void)self;
}

static size_t multicast_count(void *self, uint32_t number)
{
	const struct kernel_tunnel *t = kernel_tunnel_find(self, number);

	return t ? datapath_peers_multicast_count(&t->peers) : 0;
}

static struct lladdr neighbour(void *self, uint32_t number, const struct ipaddr *addr, uint64_t peer,
			       const struct endpoint *nbma)
{
	struct kernel_tunnel *t = kernel_tunnel_find(self, number);

	return t ? kernel_entry_set(&t->entries, addr, peer, &nbma->addr) : lladdr_of_nbma(&nbma->addr);
}

static void neighbour_gone(void *self, uint32_t number, const struct ipaddr *addr)
{
	struct kernel_tunnel *t = kernel_tunnel_find(self, number);

	if (t)
		kernel_entry_del(&t->entries, addr);
}

const struct datapath_ops datapath_kernel_ops = {
	.name = "kernel",
	.app_probes = true,
	.device_open = device_open,
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
	.multicast_count = multicast_count,
	.neighbour = neighbour,
	.neighbour_gone = neighbour_gone,
	.flush = flush,
};

static int block(void *self, const struct ipaddr *local, bool on)
{
	struct datapath_kernel *k = self;
	const int rc = k->xfrm.socket ? 0 : netlink_init(&k->xfrm, NETLINK_XFRM);

	return rc < 0 ? rc : esp_block(&k->xfrm, local, on);
}

struct datapath_kernel *datapath_kernel_new(uv_loop_t *loop, struct netlink *n, const struct datapath_kernel_calls *calls,
					    void *arg)
{
	struct datapath_kernel *k = calloc(1, sizeof *k);

	if (!k)
		return NULL;
	*k = (struct datapath_kernel){ .loop = loop, .netlink = n, .calls = calls, .arg = arg };
	k->blocks = (struct kernel_blocks){ .block = block, .arg = k };
	k->probe_fd = probe_open();
	k->outbox = k->probe_fd < 0 ? NULL : gre_outbox_new();
	if (!k->outbox) {
		const int error = k->probe_fd < 0 ? -k->probe_fd : errno;

		if (k->probe_fd >= 0)
			close(k->probe_fd);
		free(k);
		errno = error;
		return NULL;
	}
	if (getrandom(&k->probe_key, sizeof k->probe_key, 0) != sizeof k->probe_key)
		abort();
	uv_timer_init(loop, &k->quiet_timer);
	k->quiet_timer.data = k;
	uv_timer_start(&k->quiet_timer, quiet_due, QUIET_MS, QUIET_MS);
	uv_poll_init(loop, &k->probe_poll, k->probe_fd);
	k->probe_poll.data = k;
	uv_poll_start(&k->probe_poll, UV_READABLE, probe_ready);
	return k;
}
