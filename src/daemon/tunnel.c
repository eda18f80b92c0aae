#include "daemon/tunnel.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/prng.h"
#include "daemon/daemon_state.h"
#include "daemon/uplinks.h"
#include "kernel/link.h"

struct tunnel *tunnel_find(struct daemon *d, uint32_t number)
{
	struct tunnel *t = d->tunnels;

	while (t && t->number != number)
		t = t->next;
	return t;
}

struct tunnel *tunnel_of_ifindex(struct daemon *d, int ifindex)
{
	struct tunnel *t = d->tunnels;

	while (t && (t->ifindex != ifindex || ifindex == 0))
		t = t->next;
	return t;
}

/* The reason is logged when it changes, not at every look. */
static void set_reason(struct daemon *d, struct tunnel *t, const char *reason)
{
	if (strcmp(t->reason, reason) == 0)
		return;
	snprintf(t->reason, sizeof t->reason, "%s", reason);
	if (reason[0])
		daemon_log(d, TRACE_WARNING, "TUNNEL_DOWN", "tunnel=%s state=INTF reason=\"%s\"", t->name, reason);
}

/*
 * The device's own MAC: the same after a restart, another one on every router, and never of
 * the form 02:… that names peers. It is hashed from what makes the tunnel unique.
 */
static void choose_mac(const struct daemon *d, struct tunnel *t)
{
	static const struct siphash_key key = { 0x646d76706e2d6d61, 0x632d6164647265u };
	struct utsname host;
	char text[512];
	size_t used;
	uint64_t h;

	uname(&host);
	used = (size_t)snprintf(text, sizeof text, "%.64s %u", d->config->hostname ? d->config->hostname : host.nodename,
				t->number);
	for (size_t i = 0; i < t->config->address_count && used + IPADDR_TEXT_MAX + 1 < sizeof text; i++) {
		char addr[IPADDR_TEXT_MAX];

		used += (size_t)snprintf(text + used, sizeof text - used, " %s",
					 ipaddr_format(&t->config->addresses[i].addr, addr));
	}
	h = siphash(&key, text, used);
	t->mac[0] = 0x06;
	for (int i = 1; i < 6; i++)
		t->mac[i] = (uint8_t)(h >> (8 * i));
}

/* A GRE device of the kernel has no cable. It is dormant while the line protocol is down: NHRP goes on
 * through it, or it would never come up. */
static int show_kernel_carrier(struct daemon *d, const struct tunnel *t)
{
	const int rc = link_set_up(&d->netlink, t->ifindex, t->up);

	return rc < 0 ? rc : link_set_dormant(&d->netlink, t->ifindex, !t->line_protocol);
}

void tunnel_show_carrier(struct daemon *d, struct tunnel *t)
{
	int rc;

	if (t->ifindex == 0)
		return;
	rc = d->datapath.ops->device_open ? show_kernel_carrier(d, t)
					  : link_set_carrier(&d->netlink, t->ifindex, t->up && t->line_protocol, !d->hello.plain);
	if (rc < 0)
		daemon_log(d, TRACE_WARNING, "TUNNEL_CARRIER", "tunnel=%s error=\"%s\"", t->name, strerror(-rc));
}

/* A tunnel's own addresses, in two lists as the data path takes them. */
struct own_addresses {
	struct ipaddr addrs[TUNNEL_ADDRS_MAX];
	uint8_t prefix_lens[TUNNEL_ADDRS_MAX];
};

/* The tunnel as the data path needs it; it points into `own`. */
static struct datapath_tunnel describe(const struct daemon *d, const struct tunnel *t, struct own_addresses *own)
{
	const struct config_tunnel *c = t->config->tunnel;
	struct config_address list[TUNNEL_ADDRS_MAX];
	struct datapath_tunnel p = {
		.tunnel = t->number, .raw_id = t->raw_id, .local = t->local, .has_key = c->has_key, .key = c->key,
		.ttl = c->ttl ? c->ttl : 255, .set_df = c->path_mtu_discovery, .mss4 = t->config->adjust_mss,
		.mss6 = t->config->adjust_mss6, .addrs = own->addrs, .prefix_lens = own->prefix_lens, .protection = t->protection,
		.keeps_to_dead = !c->fall_over_relay, .underlay_ifindex = vrfs_ifindex(d, c->vrf),
	};

	if (c->mode == TUNNEL_GRE_P2P)
		p.remote = c->destination.addr;
	overlay_mtus(t->config, &p.ip_mtu, &p.ipv6_mtu);
	memcpy(p.mac, t->mac, sizeof p.mac);
	p.addr_count = overlay_list(t, list, TUNNEL_ADDRS_MAX);
	for (size_t i = 0; i < p.addr_count; i++) {
		own->addrs[i] = list[i].addr;
		own->prefix_lens[i] = list[i].prefix_len;
	}
	return p;
}

static int make_device(struct daemon *d, const struct tunnel *t, char text[KEEPER_TEXT])
{
	struct keeper_tap tap = { .tunnel = t->number };
	const struct config_tunnel *c = t->config->tunnel;
	struct own_addresses own;
	struct datapath_tunnel p;

	if (d->datapath.ops->device_open) {
		p = describe(d, t, &own);
		p.local.addr.family = (uint8_t)c->transport;
		/* Unknown yet: any address until tunnels_check() finds it. */
		(void)underlay_source(&d->underlay, c->source_interface, &c->source, c->transport, &p.local.addr);
		return d->datapath.ops->device_open(d->datapath.self, &p, text, KEEPER_TEXT);
	}
	snprintf(tap.name, sizeof tap.name, "%s", t->name);
	memcpy(tap.mac, t->mac, sizeof tap.mac);
	return keeper_open_tap(&d->keeper, tap, text);
}

static int open_device(struct daemon *d, struct tunnel *t)
{
	char text[KEEPER_TEXT];
	uint16_t mtu4, mtu6;
	int rc = make_device(d, t, text);

	if (rc < 0) {
		set_reason(d, t, text);
		return rc;
	}
	t->ifindex = (int)if_nametoindex(t->name);
	if (t->ifindex == 0)
		return -errno;
	vrfs_join(d, t->config->vrf, t->ifindex);
	overlay_announce(d);
	overlay_sysctls(d, t);
	overlay_mtus(t->config, &mtu4, &mtu6);
	rc = link_configure(&d->netlink, t->ifindex, mtu4 > mtu6 ? mtu4 : mtu6);
	/* One of the kernel's is up only as long as its local address is known, and blocked or not: it has no other switch. */
	if (rc == 0 && !d->datapath.ops->device_open)
		rc = link_set_up(&d->netlink, t->ifindex, true);
	if (rc < 0)
		daemon_log(d, TRACE_ERROR, "TUNNEL_DEVICE", "tunnel=%s error=\"%s\"", t->name, strerror(-rc));
	return rc;
}

static void close_device(struct daemon *d, struct tunnel *t)
{
	struct keeper_tap tap = { .tunnel = t->number };

	if (t->ifindex == 0)
		return;
	snprintf(tap.name, sizeof tap.name, "%s", t->name);
	sysctl_restore(&t->sysctls);
	if (!d->datapath.ops->device_open)
		(void)keeper_close_tap(&d->keeper, tap); /* gone already is as good */
	t->ifindex = 0;
}

static void tell_engine(struct daemon *d, const struct tunnel *t)
{
	struct event ev = { .type = EVENT_TUNNEL, .tunnel = t->number };

	ev.tunnel_state.up = t->up;
	ev.tunnel_state.local = t->up ? t->local : (struct endpoint){ .vrf = t->config->tunnel->vrf };
	daemon_feed(d, &ev);
}

static void tell_datapath(struct daemon *d, const struct tunnel *t)
{
	struct own_addresses own;
	struct datapath_tunnel p = describe(d, t, &own);

	d->datapath.ops->tunnel_set(d->datapath.self, &p);
}

static void go_down(struct daemon *d, struct tunnel *t)
{
	uint32_t raw = t->raw_id;

	t->up = false;
	t->raw_id = 0;
	tunnel_show_carrier(d, t);
	tell_engine(d, t);
	ipsec_tunnel(d, t);
	raws_put(&d->raws, &d->keeper, raw);
}

/* New address first, then the old socket goes: nothing is sent without a socket. */
static void go_up(struct daemon *d, struct tunnel *t, const struct endpoint *local, uint32_t raw_id)
{
	uint32_t raw_before = t->up ? t->raw_id : 0;
	char text[IPADDR_TEXT_MAX];

	t->up = true;
	t->local = *local;
	t->raw_id = raw_id;
	t->reason[0] = '\0';
	daemon_log(d, TRACE_NOTICE, "TUNNEL_UP", "tunnel=%s local=%s", t->name, ipaddr_format(&local->addr, text));
	tell_datapath(d, t);
	ipsec_tunnel(d, t);
	tunnel_show_carrier(d, t);
	tell_engine(d, t);
	if (raw_before)
		raws_put(&d->raws, &d->keeper, raw_before);
}

/* A protected tunnel has no GRE socket at all: what comes in clear cannot reach it. */
static int raw_get(struct daemon *d, const struct config_interface *i, const struct endpoint *local, uint32_t *id,
		   char text[KEEPER_TEXT])
{
	return raws_get(&d->raws, &d->keeper, local, ipsec_protects(d, i) ? IPPROTO_ESP : IPPROTO_GRE,
			vrfs_device(d, i->tunnel->vrf), id, text);
}

static void check(struct daemon *d, struct tunnel *t)
{
	const struct config_tunnel *c = t->config->tunnel;
	struct endpoint local = { .vrf = c->vrf };
	char text[KEEPER_TEXT];
	uint32_t raw_id = 0;
	const char *reason = underlay_source(&d->underlay, c->source_interface, &c->source, c->transport, &local.addr);
	const char *const primary = uplinks_holds(d, t->name);

	if (!reason && primary) {
		snprintf(text, sizeof text, "stands by: it is up when %s is not", primary);
		reason = text;
	}
	if (!reason && t->ifindex == 0)
		reason = t->reason[0] ? t->reason : "no device";
	if (!reason)
		reason = vrfs_fault(d, c->vrf);
	if (!reason)
		reason = vrfs_fault(d, t->config->vrf);
	/* Never in clear, whatever else is wrong. */
	if (!reason && ipsec_protects(d, t->config) && t->protection == 0)
		reason = "its IPsec profile is missing";
	if (!reason && t->up && endpoint_eq(&local, &t->local))
		return;
	if (!reason && d->datapath.ops->needs_raw && raw_get(d, t->config, &local, &raw_id, text) < 0)
		reason = text;
	if (!reason) {
		go_up(d, t, &local, raw_id);
		return;
	}
	if (t->up)
		go_down(d, t);
	set_reason(d, t, reason);
}

void tunnels_check(struct daemon *d)
{
	for (struct tunnel *t = d->tunnels; t; t = t->next)
		check(d, t);
}

static void start(struct daemon *d, const struct config_interface *i)
{
	struct tunnel *t = calloc(1, sizeof *t), **at = &d->tunnels;

	if (!t)
		abort();
	t->number = i->tunnel_number;
	t->config = i;
	t->line_protocol = true;
	t->protection = ipsec_protection(d, i);
	memcpy(t->name, i->name, sizeof t->name);
	choose_mac(d, t);
	while (*at && (*at)->number < t->number)
		at = &(*at)->next;
	t->next = *at;
	*at = t;
	if (open_device(d, t) == 0)
		overlay_addresses(d, t);
}

static void stop(struct daemon *d, struct tunnel *t)
{
	struct tunnel **at = &d->tunnels;

	if (t->up)
		go_down(d, t);
	close_device(d, t);
	d->datapath.ops->tunnel_del(d->datapath.self, t->number);
	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	free(t);
}

static bool wanted(const struct config_interface *i)
{
	return i && i->is_tunnel && !i->shutdown;
}

/* What the device and the data path take from the file may have changed. */
static void renew(struct daemon *d, struct tunnel *t, const struct config_interface *i)
{
	const uint32_t protection = ipsec_protection(d, i);
	uint16_t mtu4, mtu6;

	if (t->protection != protection && t->up)
		go_down(d, t); /* tunnels_check() opens the other kind of socket */
	t->protection = protection;
	t->config = i;
	if (t->ifindex == 0 && open_device(d, t) < 0)
		return;
	overlay_mtus(i, &mtu4, &mtu6);
	link_configure(&d->netlink, t->ifindex, mtu4 > mtu6 ? mtu4 : mtu6);
	overlay_addresses(d, t);
	if (t->up)
		tell_datapath(d, t);
}

void tunnels_apply(struct daemon *d)
{
	struct tunnel *next;

	for (struct tunnel *t = d->tunnels; t; t = next) {
		const struct config_interface *i = config_find_tunnel(d->config, t->number);

		next = t->next;
		if (wanted(i))
			renew(d, t, i);
		else
			stop(d, t);
	}
	for (size_t i = 0; i < d->config->interface_count; i++) {
		const struct config_interface *c = &d->config->interfaces[i];

		if (wanted(c) && !tunnel_find(d, c->tunnel_number))
			start(d, c);
	}
}

/* As if the tunnel had been taken from the file and written there again. */
void tunnel_link_gone(struct daemon *d, int ifindex)
{
	struct tunnel *t = tunnel_of_ifindex(d, ifindex);
	const struct config_interface *c = t ? t->config : NULL;

	if (!t)
		return;
	daemon_log(d, TRACE_WARNING, "TUNNEL_DEVICE", "tunnel=%s error=\"somebody has deleted the device; it is made anew\"", t->name);
	stop(d, t);
	start(d, c);
	tunnels_check(d);
}

void tunnels_stop(struct daemon *d)
{
	while (d->tunnels)
		stop(d, d->tunnels);
}
