#include "daemon/datapath_kernel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "daemon/datapath_peers.h"
#include "daemon/kernel_blocks.h"
#include "daemon/kernel_entries.h"
#include "daemon/kernel_usage.h"
#include "kernel/esp.h"
#include "kernel/gre_device.h"
#include "kernel/gre_packet.h"
#include "kernel/lean.h"
#include "kernel/probe.h"
#include "wire/echo.h"
#include "wire/nhrp.h"

enum { PACKET_MAX = 65536, QUIET_MS = 500, ADDRS_MAX = 16 };

/* A socket and its poll; fd is -1 while there is none. */
struct watched {
	int fd;
	uv_poll_t poll;
};

struct kernel_tunnel {
	struct kernel_tunnel *next;
	struct datapath_kernel *owner;
	uint32_t number;
	struct gre_device device; /* as the kernel has it */
	struct ipaddr destination; /* point-to-point: as configured */
	bool keeps_to_dead;
	uint32_t protection;
	uint32_t vrf;
	int ifindex;
	struct watched nhrp, multicast, echo;
	size_t addr_count; /* own overlay addresses */
	struct ipaddr addrs[ADDRS_MAX];
	int handles; /* polls that libuv has not closed yet */
	struct datapath_peers peers;
	struct kernel_entries entries;
	bool serves; /* nobody stands in for anybody else: what is unresolved waits */
	size_t relay_count;
	uint64_t relays[RELAYS_MAX];
};

struct datapath_kernel {
	uv_loop_t *loop;
	struct netlink *netlink;
	struct netlink xfrm; /* opened with the first protected tunnel */
	struct kernel_blocks blocks;
	const struct datapath_kernel_calls *calls;
	void *arg;
	int probe_fd;
	uv_poll_t probe_poll;
	uv_timer_t quiet_timer;
	struct siphash_key probe_key;
	struct kernel_tunnel *tunnels;
	uint8_t packet[PACKET_MAX];
};

static struct kernel_tunnel *find(const struct datapath_kernel *k, uint32_t number)
{
	struct kernel_tunnel *t = k->tunnels;

	while (t && t->number != number)
		t = t->next;
	return t;
}

static bool reaches(const void *tunnel, uint64_t peer)
{
	const struct kernel_tunnel *t = tunnel;
	const struct datapath_peer *p = datapath_peers_find(&t->peers, peer);

	if (!p || (p->serves && t->keeps_to_dead))
		return true;
	return t->owner->calls->reaches(t->owner->arg, t->number, &p->nbma);
}

static const struct datapath_peer *best_relay(const struct kernel_tunnel *t)
{
	for (size_t i = 0; i < t->relay_count; i++) {
		const struct datapath_peer *p = datapath_peers_find(&t->peers, t->relays[i]);

		if (p && t->owner->calls->reaches(t->owner->arg, t->number, &p->nbma))
			return p;
	}
	return NULL;
}

static bool is_multipoint(const struct kernel_tunnel *t)
{
	return ipaddr_is_none(&t->destination);
}

/*
 * libuv stops a poll whose socket has an error, as a packet socket has once its device goes
 * down (or is not up yet). Reading has taken the error; the device comes up again.
 */
static void poll_again(uv_poll_t *poll, int status, uv_poll_cb ready)
{
	if (status < 0)
		uv_poll_start(poll, UV_READABLE, ready);
}

/* NHRP in. */

static void nhrp_ready(uv_poll_t *poll, int status, int events)
{
	struct kernel_tunnel *t = poll->data;
	uint8_t bytes[NHRP_MESSAGE_MAX];
	struct ipaddr from;
	ssize_t got;

	(void)events;
	while ((got = gre_nhrp_receive(t->nhrp.fd, &from, bytes, sizeof bytes)) >= 0) {
		struct event ev = { .type = EVENT_PACKET, .tunnel = t->number };

		ev.packet.from.vrf = t->vrf;
		ev.packet.from.addr = is_multipoint(t) ? from : t->device.remote;
		ev.packet.bytes = bytes;
		ev.packet.length = (size_t)got;
		if (!ipaddr_is_none(&ev.packet.from.addr))
			t->owner->calls->feed(t->owner->arg, &ev);
	}
	poll_again(poll, status, nhrp_ready);
}

/* Multicast out: one packet becomes one copy per receiver. */

static void multicast_ready(uv_poll_t *poll, int status, int events)
{
	struct kernel_tunnel *t = poll->data;
	uint8_t *packet = t->owner->packet;
	uint16_t protocol;
	ssize_t got;

	(void)events;
	while ((got = gre_multicast_receive(t->multicast.fd, &protocol, packet, PACKET_MAX)) >= 0) {
		for (size_t i = 0; i < t->peers.count; i++) {
			if (t->peers.peers[i].multicast)
				/* Lost like any multicast packet when the queue is full. */
				(void)gre_multicast_copy(t->multicast.fd, t->ifindex, protocol,
							 &t->peers.peers[i].nbma.addr, packet, (size_t)got);
		}
	}
	poll_again(poll, status, multicast_ready);
}

/* Paths. */

static struct instant clock_now(void)
{
	return (struct instant){ (int64_t)(uv_hrtime() / 1000) };
}

static void echo_ready(uv_poll_t *poll, int status, int events)
{
	struct kernel_tunnel *t = poll->data;
	uint8_t packet[256];
	struct ip_view ip;
	struct echo e;
	ssize_t got;

	(void)events;
	while ((got = gre_echo_receive(t->echo.fd, packet, sizeof packet)) >= 0) {
		struct event ev = { .type = EVENT_PROBED, .tunnel = t->number };

		if (ip_decode(packet, (size_t)got, &ip) != IP_DROP_NONE ||
		    !echo_answer_decode(&t->owner->probe_key, packet, &ip, &e) || e.tunnel != t->number)
			continue;
		ev.probed.nbma = e.nbma;
		ev.probed.sequence = e.sequence;
		ev.probed.rtt = instant_since(clock_now(), e.sent);
		t->owner->calls->feed(t->owner->arg, &ev);
	}
	poll_again(poll, status, echo_ready);
}

static const struct ipaddr *own_address(const struct kernel_tunnel *t, const struct ipaddr *peer)
{
	for (size_t i = 0; i < t->addr_count; i++)
		if (t->addrs[i].family == peer->family && ipaddr_is_link_local(&t->addrs[i]) == ipaddr_is_link_local(peer))
			return &t->addrs[i];
	return NULL;
}

static void probe_send(void *self, uint32_t number, const struct endpoint *to, const struct ipaddr *addr, uint32_t sequence)
{
	struct datapath_kernel *k = self;
	struct kernel_tunnel *t = find(k, number);
	const struct ipaddr *own = t ? own_address(t, addr) : NULL;
	uint8_t packet[ECHO_MAX];
	struct echo e = { .tunnel = number, .sequence = sequence, .nbma = *to, .peer = *addr };

	/* A point-to-point device has one far end; nobody else can be reached by it. */
	if (!own || t->echo.fd < 0 || (!is_multipoint(t) && !ipaddr_eq(&t->device.remote, &to->addr)))
		return;
	e.own = *own;
	e.sent = clock_now();
	(void)gre_echo_send(t->echo.fd, t->ifindex, is_multipoint(t) ? &to->addr : &IPADDR_NONE, packet,
			    echo_encode(&k->probe_key, &e, packet)); /* an unsent one is unanswered */
}

/*
 * The kernel does not tell what comes from which peer. So every peer counts as one of whom
 * nothing is heard; the engine asks the direct ones, whose traffic the hub carries as well.
 */
static void quiet_due(uv_timer_t *timer)
{
	struct datapath_kernel *k = timer->data;

	for (struct kernel_tunnel *t = k->tunnels; t; t = t->next) {
		for (size_t i = 0; i < t->peers.count; i++) {
			struct event ev = { .type = EVENT_QUIET, .tunnel = t->number };

			ev.quiet.nbma = t->peers.peers[i].nbma;
			ev.quiet.guessed = true;
			k->calls->feed(k->arg, &ev);
		}
	}
}

/* A neighbour is asked for: it leans on the relay until the engine has resolved it; where we serve, it waits. */
static void probe_found(void *arg, int ifindex, const struct ipaddr *a)
{
	struct datapath_kernel *k = arg;
	struct kernel_tunnel *t = k->tunnels;
	const struct datapath_peer *relay;
	struct event ev = { .type = EVENT_MISS };

	while (t && t->ifindex != ifindex)
		t = t->next;
	if (!t)
		return;
	relay = t->serves ? NULL : best_relay(t);
	if (relay) {
		struct lladdr l = lladdr_of_nbma(&relay->nbma.addr);

		(void)neighbour_lean(k->netlink, ifindex, a, &l); /* asked again if it failed */
	}
	ev.tunnel = t->number;
	ev.miss.addr = *a;
	k->calls->feed(k->arg, &ev);
}

static void probe_ready(uv_poll_t *poll, int status, int events)
{
	struct datapath_kernel *k = poll->data;

	(void)events;
	(void)probe_read(k->probe_fd, probe_found, k);
	poll_again(poll, status, probe_ready);
}

/* Sockets of a tunnel. */

static void free_tunnel(struct kernel_tunnel *t)
{
	if (t->nhrp.fd >= 0)
		close(t->nhrp.fd);
	if (t->multicast.fd >= 0)
		close(t->multicast.fd);
	if (t->echo.fd >= 0)
		close(t->echo.fd);
	datapath_peers_done(&t->peers);
	kernel_entries_done(&t->entries);
	free(t);
}

static void handle_closed(uv_handle_t *handle)
{
	struct kernel_tunnel *t = handle->data;

	if (--t->handles == 0)
		free_tunnel(t);
}

/* Takes the socket, or -errno in its place. */
static int watch(struct kernel_tunnel *t, struct watched *w, int fd, uv_poll_cb ready)
{
	int rc;

	if (fd < 0)
		return fd;
	rc = uv_poll_init(t->owner->loop, &w->poll, fd);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	w->fd = fd;
	w->poll.data = t;
	t->handles++;
	return uv_poll_start(&w->poll, UV_READABLE, ready);
}

/* What is not open yet: also what failed when the tunnel was set the last time. */
static int open_sockets(struct kernel_tunnel *t)
{
	int rc = 0;

	if (t->nhrp.fd < 0)
		rc = watch(t, &t->nhrp, gre_nhrp_open(t->ifindex), nhrp_ready);
	/* The one far end of a point-to-point device gets multicast from the kernel. */
	if (rc == 0 && is_multipoint(t) && t->multicast.fd < 0)
		rc = watch(t, &t->multicast, gre_multicast_open(t->ifindex), multicast_ready);
	if (rc == 0 && t->echo.fd < 0)
		rc = watch(t, &t->echo, gre_echo_open(t->ifindex), echo_ready);
	return rc;
}

static struct kernel_tunnel *add_tunnel(struct datapath_kernel *k, uint32_t number)
{
	struct kernel_tunnel *t = calloc(1, sizeof *t);

	if (!t)
		abort();
	t->owner = k;
	t->number = number;
	t->nhrp.fd = t->multicast.fd = t->echo.fd = -1;
	kernel_entries_init(&t->entries, reaches, t);
	t->next = k->tunnels;
	k->tunnels = t;
	return t;
}

static void close_polls(struct kernel_tunnel *t)
{
	if (t->nhrp.fd >= 0)
		uv_close((uv_handle_t *)&t->nhrp.poll, handle_closed);
	if (t->multicast.fd >= 0)
		uv_close((uv_handle_t *)&t->multicast.poll, handle_closed);
	if (t->echo.fd >= 0)
		uv_close((uv_handle_t *)&t->echo.poll, handle_closed);
}

static void remove_tunnel(struct datapath_kernel *k, struct kernel_tunnel *t)
{
	struct kernel_tunnel **at = &k->tunnels;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	if (t->handles == 0)
		free_tunnel(t);
	else
		close_polls(t);
}

/* A phase 1 spoke's far end is the best live NHS, the configured one without any. */
static void follow_relay(struct kernel_tunnel *t)
{
	const struct datapath_peer *best = best_relay(t);
	const struct ipaddr *remote = best ? &best->nbma.addr : &t->destination;

	if (is_multipoint(t) || ipaddr_eq(remote, &t->device.remote))
		return;
	t->device.remote = *remote;
	(void)gre_device_set(t->owner->netlink, &t->device, &t->ifindex); /* tried again with the next change */
}

/* What is protected never leaves in clear: first the block, then the device. */
static int set_device(struct kernel_tunnel *t, const struct datapath_tunnel *d)
{
	const struct kernel_block block = { d->tunnel, d->local.addr, d->protection };
	struct gre_device device = { .local = d->local.addr, .remote = d->remote, .has_key = d->has_key,
				     .key = d->key, .ttl = d->ttl, .set_df = d->set_df };
	int rc;

	snprintf(device.name, sizeof device.name, "Tunnel%u", d->tunnel);
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
	t->addr_count = d->addr_count < ADDRS_MAX ? d->addr_count : ADDRS_MAX;
	if (t->addr_count)
		memcpy(t->addrs, d->addrs, t->addr_count * sizeof *t->addrs);
	rc = gre_device_set(t->owner->netlink, &t->device, &t->ifindex);
	if (rc < 0)
		return rc;
	kernel_blocks_settle(&t->owner->blocks, &block);
	return open_sockets(t);
}

static int device_open(void *self, const struct datapath_tunnel *d, char *text, size_t text_size)
{
	struct datapath_kernel *k = self;
	struct kernel_tunnel *t = find(k, d->tunnel);
	int rc;

	if (!t)
		t = add_tunnel(k, d->tunnel);
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
	struct kernel_tunnel *t = find(k, d->tunnel);

	if (!t)
		t = add_tunnel(k, d->tunnel);
	(void)set_device(t, d); /* device_open has told why it cannot be */
	follow_relay(t);
}

static void tunnel_del(void *self, uint32_t number)
{
	struct datapath_kernel *k = self;
	struct kernel_tunnel *t = find(k, number);

	if (!t)
		return;
	(void)gre_device_del(k->netlink, t->device.name);
	kernel_blocks_leave(&k->blocks, number);
	remove_tunnel(k, t);
}

static void peer_set(void *self, uint32_t number, uint64_t id, const struct endpoint *nbma,
		     const struct foreign_key *key, bool serves)
{
	struct kernel_tunnel *t = find(self, number);
	struct datapath_peer *p;

	(void)key;
	if (!t)
		t = add_tunnel(self, number);
	p = datapath_peers_get(&t->peers, id);
	p->nbma = *nbma;
	p->serves = serves;
}

static void peer_del(void *self, uint32_t number, uint64_t id)
{
	struct kernel_tunnel *t = find(self, number);
	struct datapath_peer *p = t ? datapath_peers_find(&t->peers, id) : NULL;

	if (p)
		datapath_peers_del(&t->peers, p);
}

static void multicast(void *self, uint32_t number, uint64_t id, const struct endpoint *nbma, bool on)
{
	struct kernel_tunnel *t = find(self, number);
	struct datapath_peer *p = t ? datapath_peers_find(&t->peers, id) : NULL;

	(void)nbma;
	if (p)
		p->multicast = on;
}

struct lean_walk {
	struct kernel_tunnel *tunnel;
	struct lladdr relay;
};

static void lean_again(void *arg, const struct ipaddr *a, const struct lladdr *l)
{
	const struct lean_walk *w = arg;
	struct lladdr own;

	/* One of ours that is looked at for its use is not permanent either. */
	if (!kernel_entry_get(&w->tunnel->entries, a, &own) && memcmp(l, &w->relay, sizeof *l) != 0)
		(void)neighbour_lean(w->tunnel->owner->netlink, w->tunnel->ifindex, a, &w->relay);
}

static void lean_no_more(void *arg, const struct ipaddr *a, const struct lladdr *l)
{
	const struct lean_walk *w = arg;
	struct lladdr own;

	(void)l;
	if (!kernel_entry_get(&w->tunnel->entries, a, &own))
		(void)neighbour_del(w->tunnel->owner->netlink, w->tunnel->ifindex, a);
}

/* What leans on an NHS that is dead or out of reach, and what is for it, moves to a live one in the same step. Nothing does
 * where we serve: nobody knows whom a packet came from, and another server might lean on us. */
static void turn(struct kernel_tunnel *t)
{
	const struct datapath_peer *relay = t->serves ? NULL : best_relay(t);
	struct lean_walk w = { .tunnel = t };

	follow_relay(t);
	if (!is_multipoint(t) || t->ifindex == 0)
		return;
	kernel_entries_look(&t->entries, t->owner->netlink, t->ifindex, relay ? &relay->nbma.addr : &IPADDR_NONE);
	if (relay)
		w.relay = lladdr_of_nbma(&relay->nbma.addr);
	if (relay || t->serves)
		(void)neighbour_dump_leaning(t->owner->netlink, t->ifindex, t->serves ? lean_no_more : lean_again, &w);
}

static void relays(void *self, uint32_t number, const struct relays *r)
{
	struct kernel_tunnel *t = find(self, number);

	if (!t)
		return;
	t->relay_count = r->count < RELAYS_MAX ? r->count : RELAYS_MAX;
	memcpy(t->relays, r->peers, t->relay_count * sizeof *t->relays);
	t->serves = r->serves;
	kernel_entries_dead(&t->entries, t->keeps_to_dead ? 0 : r->dead_count, r->dead);
	turn(t);
}

void datapath_kernel_sessions_changed(struct datapath_kernel *k)
{
	for (struct kernel_tunnel *t = k->tunnels; t; t = t->next)
		if (t->protection && !t->serves)
			turn(t);
}

static void nhrp_send(void *self, uint32_t number, const struct endpoint *to, const uint8_t *bytes, size_t length)
{
	struct kernel_tunnel *t = find(self, number);

	if (!t || t->nhrp.fd < 0)
		return;
	/* A point-to-point device sends to its far end whatever the address; NHRP repeats. */
	(void)gre_nhrp_send(t->nhrp.fd, t->ifindex, is_multipoint(t) ? &to->addr : &IPADDR_NONE, bytes, length);
}

/* Whoever's entry it is now has it back as it shall be. */
static void usage_told(void *self, const struct usage_question *q, bool used)
{
	struct datapath_kernel *k = self;
	struct kernel_tunnel *t = find(k, q->tunnel);
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
	struct kernel_tunnel *t = find(k, number);
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
	const struct kernel_tunnel *t = find(self, number);

	return t ? datapath_peers_multicast_count(&t->peers) : 0;
}

static struct lladdr neighbour(void *self, uint32_t number, const struct ipaddr *addr, uint64_t peer,
			       const struct endpoint *nbma)
{
	struct kernel_tunnel *t = find(self, number);

	return t ? kernel_entry_set(&t->entries, addr, peer, &nbma->addr) : lladdr_of_nbma(&nbma->addr);
}

static void neighbour_gone(void *self, uint32_t number, const struct ipaddr *addr)
{
	struct kernel_tunnel *t = find(self, number);

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
	if (k->probe_fd < 0) {
		errno = -k->probe_fd;
		free(k);
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
