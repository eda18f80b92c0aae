#include "daemon/kernel_tunnel.h"

#include <linux/if_ether.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/kernel_relay.h"
#include "wire/echo.h"
#include "wire/nhrp.h"

bool kernel_tunnel_is_multipoint(const struct kernel_tunnel *t)
{
	return ipaddr_is_none(&t->destination);
}

/*
 * libuv stops a poll whose socket has an error, as a packet socket has once its device goes
 * down (or is not up yet). Reading has taken the error; the device comes up again.
 */
void kernel_poll_again(uv_poll_t *poll, int status, uv_poll_cb ready)
{
	if (status < 0)
		uv_poll_start(poll, UV_READABLE, ready);
}

/* A point-to-point device sends to its far end whatever the address. */
static void send_to(const struct kernel_tunnel *t, const struct ipaddr *to, uint16_t protocol, const void *bytes, size_t length)
{
	gre_outbox_add(t->owner->outbox, t->ifindex, protocol, kernel_tunnel_is_multipoint(t) ? to : &IPADDR_NONE, bytes, length);
}

/* NHRP. */

static void nhrp_ready(uv_poll_t *poll, int status, int events)
{
	struct kernel_tunnel *t = poll->data;
	const struct gre_inbox *in = &t->owner->inbox;
	const size_t count = gre_inbox_receive(&t->owner->inbox, t->nhrp.fd);

	(void)events;
	for (size_t i = 0; i < count; i++) {
		struct event ev = { .type = EVENT_PACKET, .tunnel = t->number };
		struct ipaddr from;

		ev.packet.length = gre_inbox_packet(in, i, &from);
		ev.packet.from.vrf = t->vrf;
		ev.packet.from.addr = kernel_tunnel_is_multipoint(t) ? from : t->device.remote;
		ev.packet.bytes = in->bytes[i];
		if (!ipaddr_is_none(&ev.packet.from.addr))
			t->owner->calls->feed(t->owner->arg, &ev);
	}
	kernel_poll_again(poll, status, nhrp_ready);
}

void kernel_tunnel_nhrp(struct kernel_tunnel *t, const struct endpoint *to, const uint8_t *bytes, size_t length)
{
	if (t->nhrp.fd >= 0)
		send_to(t, &to->addr, NHRP_GRE_PROTOCOL, bytes, length);
}

/* Multicast out: one packet becomes one copy per receiver. */

static void multicast_ready(uv_poll_t *poll, int status, int events)
{
	struct kernel_tunnel *t = poll->data;
	uint8_t *packet = t->owner->packet;
	uint16_t protocol;
	ssize_t got;

	(void)events;
	while ((got = gre_multicast_receive(t->multicast.fd, &protocol, packet, KERNEL_PACKET_MAX)) >= 0) {
		for (size_t i = 0; i < t->peers.count; i++) {
			if (t->peers.peers[i].multicast)
				send_to(t, &t->peers.peers[i].nbma.addr, protocol, packet, (size_t)got);
		}
	}
	kernel_poll_again(poll, status, multicast_ready);
}

/* Paths. */

static struct instant clock_now(void)
{
	return (struct instant){ (int64_t)(uv_hrtime() / 1000) };
}

static void echo_ready(uv_poll_t *poll, int status, int events)
{
	struct kernel_tunnel *t = poll->data;
	const struct gre_inbox *in = &t->owner->inbox;
	const size_t count = gre_inbox_receive(&t->owner->inbox, t->echo.fd);
	struct ip_view ip;
	struct echo e;

	(void)events;
	for (size_t i = 0; i < count; i++) {
		struct event ev = { .type = EVENT_PROBED, .tunnel = t->number };
		struct ipaddr from;
		const size_t length = gre_inbox_packet(in, i, &from);

		if (ip_decode(in->bytes[i], length, &ip) != IP_DROP_NONE ||
		    !echo_answer_decode(&t->owner->probe_key, in->bytes[i], &ip, &e) || e.tunnel != t->number)
			continue;
		ev.probed.nbma = e.nbma;
		ev.probed.sequence = e.sequence;
		ev.probed.rtt = instant_since(clock_now(), e.sent);
		t->owner->calls->feed(t->owner->arg, &ev);
	}
	kernel_poll_again(poll, status, echo_ready);
}

static const struct ipaddr *own_address(const struct kernel_tunnel *t, const struct ipaddr *peer)
{
	for (size_t i = 0; i < t->addr_count; i++)
		if (t->addrs[i].family == peer->family && ipaddr_is_link_local(&t->addrs[i]) == ipaddr_is_link_local(peer))
			return &t->addrs[i];
	return NULL;
}

void kernel_tunnel_probe(struct kernel_tunnel *t, const struct endpoint *to, const struct ipaddr *addr, uint32_t sequence)
{
	const struct ipaddr *own = own_address(t, addr);
	uint8_t packet[ECHO_MAX];
	struct echo e = { .tunnel = t->number, .sequence = sequence, .nbma = *to, .peer = *addr };

	/* A point-to-point device has one far end; nobody else can be reached by it. */
	if (!own || t->echo.fd < 0 || (!kernel_tunnel_is_multipoint(t) && !ipaddr_eq(&t->device.remote, &to->addr)))
		return;
	e.own = *own;
	e.sent = clock_now();
	send_to(t, &to->addr, addr->family == IP_V4 ? ETH_P_IP : ETH_P_IPV6, packet, echo_encode(&t->owner->probe_key, &e, packet));
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

int kernel_tunnel_open(struct kernel_tunnel *t)
{
	int rc = 0;

	if (t->nhrp.fd < 0)
		rc = watch(t, &t->nhrp, gre_nhrp_open(t->ifindex), nhrp_ready);
	/* The one far end of a point-to-point device gets multicast from the kernel. */
	if (rc == 0 && kernel_tunnel_is_multipoint(t) && t->multicast.fd < 0)
		rc = watch(t, &t->multicast, gre_multicast_open(t->ifindex), multicast_ready);
	if (rc == 0 && t->echo.fd < 0)
		rc = watch(t, &t->echo, gre_echo_open(t->ifindex), echo_ready);
	return rc;
}

struct kernel_tunnel *kernel_tunnel_find(const struct datapath_kernel *k, uint32_t number)
{
	struct kernel_tunnel *t = k->tunnels;

	while (t && t->number != number)
		t = t->next;
	return t;
}

struct kernel_tunnel *kernel_tunnel_get(struct datapath_kernel *k, uint32_t number)
{
	struct kernel_tunnel *t = kernel_tunnel_find(k, number);

	if (t)
		return t;
	t = calloc(1, sizeof *t);
	if (!t)
		abort();
	t->owner = k;
	t->number = number;
	t->nhrp.fd = t->multicast.fd = t->echo.fd = -1;
	kernel_entries_init(&t->entries, kernel_relay_reaches, t);
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

void kernel_tunnel_remove(struct kernel_tunnel *t)
{
	struct kernel_tunnel **at = &t->owner->tunnels;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	if (t->handles == 0)
		free_tunnel(t);
	else
		close_polls(t);
}
