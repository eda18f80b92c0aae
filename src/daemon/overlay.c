/* overlay: addresses and settings of tunnel devices, and the kernel's routes for the engine. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon_state.h"
#include "daemon/uplinks.h"
#include "kernel/link.h"
#include "kernel/shortcut.h"

enum { RESYNC_AFTER_MS = 50, ANNOUNCE_AFTER_MS = 400, ANNOUNCEMENTS = 4, ADDRESSES_READ_MAX = 64,
       GRE_OVER_IPV4 = 24, GRE_OVER_IPV6 = 44, GRE_KEY = 4, ETHERNET_PAYLOAD = 1500, IPV6_MTU_LEAST = 1280 };

static bool has_ipv6(const struct config_interface *i)
{
	for (size_t n = 0; n < i->address_count; n++) {
		if (i->addresses[n].addr.family == IP_V6)
			return true;
	}
	return i->ipv6_enable || i->tunnel->nhrp6.enabled;
}

void overlay_mtus(const struct config_interface *i, uint16_t *ip_mtu, uint16_t *ipv6_mtu)
{
	unsigned fits = ETHERNET_PAYLOAD - (i->tunnel->transport == IP_V6 ? GRE_OVER_IPV6 : GRE_OVER_IPV4);

	if (i->tunnel->has_key)
		fits -= GRE_KEY;
	*ip_mtu = i->ip_mtu ? i->ip_mtu : (uint16_t)fits;
	/* Whoever writes only `ip mtu` means the tunnel. */
	*ipv6_mtu = i->ipv6_mtu ? i->ipv6_mtu : *ip_mtu;
	if (*ipv6_mtu < IPV6_MTU_LEAST)
		*ipv6_mtu = IPV6_MTU_LEAST;
	if (!has_ipv6(i))
		*ipv6_mtu = *ip_mtu;
}

/* fe80::/64 from the MAC, as RFC 4291 appendix A has it. */
static struct ipaddr link_local_of(const uint8_t mac[6])
{
	uint8_t b[16] = { 0xfe, 0x80, [8] = (uint8_t)(mac[0] ^ 0x02), mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4],
			  mac[5] };

	return ipaddr_from_bytes(IP_V6, b);
}

/* The configured addresses, and a link-local one where IPv6 runs and none is written. */
size_t overlay_list(const struct tunnel *t, struct config_address *out, size_t room)
{
	const struct config_interface *i = t->config;
	bool link_local = false;
	size_t n = 0;

	for (size_t k = 0; k < i->address_count && n < room; k++) {
		out[n] = i->addresses[k];
		if (out[n].addr.family == IP_V6 && ipaddr_is_link_local(&out[n].addr)) {
			out[n].prefix_len = 64;
			link_local = true;
		}
		n++;
	}
	if (has_ipv6(i) && !link_local && n < room)
		out[n++] = (struct config_address){ .addr = link_local_of(t->mac), .prefix_len = 64,
						    .link_local = true };
	return n;
}

struct present {
	size_t count;
	struct { struct ipaddr addr; uint8_t prefix_len; } entries[ADDRESSES_READ_MAX];
};

static void note_present(void *arg, const struct ipaddr *a, uint8_t prefix_len)
{
	struct present *p = arg;

	if (p->count < ADDRESSES_READ_MAX) {
		p->entries[p->count].addr = *a;
		p->entries[p->count++].prefix_len = prefix_len;
	}
}

static bool is_listed(const struct config_address *list, size_t count, const struct ipaddr *a, uint8_t prefix_len)
{
	for (size_t i = 0; i < count; i++) {
		if (ipaddr_eq(&list[i].addr, a) && list[i].prefix_len == prefix_len)
			return true;
	}
	return false;
}

void overlay_addresses(struct daemon *d, struct tunnel *t)
{
	struct config_address list[TUNNEL_ADDRS_MAX];
	size_t count = overlay_list(t, list, TUNNEL_ADDRS_MAX);
	struct present present = { 0 };

	address_dump(&d->netlink, t->ifindex, note_present, &present);
	for (size_t i = 0; i < present.count; i++) {
		if (!is_listed(list, count, &present.entries[i].addr, present.entries[i].prefix_len))
			address_del(&d->netlink, t->ifindex, &present.entries[i].addr, present.entries[i].prefix_len);
	}
	for (size_t i = 0; i < count; i++) {
		char text[IPADDR_TEXT_MAX];
		int rc = address_add(&d->netlink, t->ifindex, &list[i].addr, list[i].prefix_len);

		if (rc < 0)
			daemon_log(d, TRACE_ERROR, "TUNNEL_ADDRESS", "tunnel=%s address=%s error=\"%s\"", t->name,
				   ipaddr_format(&list[i].addr, text), strerror(-rc));
	}
}

static void announce(uv_timer_t *timer)
{
	struct daemon *d = timer->data;

	for (struct tunnel *t = d->tunnels; t; t = t->next) {
		struct config_address list[TUNNEL_ADDRS_MAX];
		size_t count = t->ifindex ? overlay_list(t, list, TUNNEL_ADDRS_MAX) : 0;

		/* Nothing depends on it here: whoever missed nothing needs no repetition. */
		for (size_t i = 0; i < count; i++)
			(void)address_announce(&d->netlink, t->ifindex, &list[i].addr, list[i].prefix_len);
	}
	if (--d->announcements_left == 0)
		uv_timer_stop(timer);
}

/*
 * zebra reads links and addresses in two threads from two sockets. When a device gets its
 * address right after it was made, zebra may see the address first, finds no device for it
 * and forgets it: no connected route, no session, for good. So addresses are announced again.
 */
void overlay_announce(struct daemon *d)
{
	d->announcements_left = ANNOUNCEMENTS;
	uv_timer_start(&d->announce_timer, announce, ANNOUNCE_AFTER_MS, ANNOUNCE_AFTER_MS);
}

struct setting {
	const char *pattern; /* %s: the device */
	const char *value;
};

/*
 * On the device: nobody may redirect hosts behind a tunnel or believe such redirects; a
 * packet may come straight from a spoke while its answer still goes through the hub, so the
 * reverse path check is loose; nobody answers DAD or router solicitations. While a next hop
 * is being asked for, packets wait instead of being dropped.
 */
static const struct setting settings[] = {
	{ "net/ipv4/conf/%s/rp_filter", "2" },
	{ "net/ipv4/conf/%s/send_redirects", "0" },
	{ "net/ipv4/conf/%s/accept_redirects", "0" },
	{ "net/ipv4/neigh/%s/unres_qlen_bytes", "1048576" },
	{ "net/ipv4/neigh/%s/mcast_solicit", "10" },
	{ "net/ipv4/neigh/%s/retrans_time_ms", "250" },
	{ "net/ipv6/conf/%s/accept_ra", "0" },
	{ "net/ipv6/conf/%s/accept_redirects", "0" },
	{ "net/ipv6/conf/%s/accept_dad", "0" },
	{ "net/ipv6/conf/%s/router_solicitations", "0" },
	{ "net/ipv6/neigh/%s/unres_qlen_bytes", "1048576" },
	{ "net/ipv6/neigh/%s/mcast_solicit", "10" },
	{ "net/ipv6/neigh/%s/retrans_time_ms", "250" },
};

/* On a kernel GRE device the kernel asks user space, and nobody else, for neighbours; for five seconds, in which
 * packets wait for a control process that is being started again. */
static const struct setting probe_settings[] = {
	{ "net/ipv4/neigh/%s/app_solicit", "20" },
	{ "net/ipv4/neigh/%s/mcast_solicit", "0" },
	{ "net/ipv4/neigh/%s/ucast_solicit", "0" },
	{ "net/ipv6/conf/%s/keep_addr_on_down", "1" },
	{ "net/ipv6/neigh/%s/app_solicit", "20" },
	{ "net/ipv6/neigh/%s/mcast_solicit", "0" },
	{ "net/ipv6/neigh/%s/ucast_solicit", "0" },
};

static void set_all(struct daemon *d, struct tunnel *t, const struct setting *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char path[SYSCTL_PATH_MAX];
		int rc;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(path, sizeof path, list[i].pattern, t->name);
#pragma GCC diagnostic pop
		rc = sysctl_apply(&t->sysctls, path, list[i].value);
		if (rc < 0 && rc != -ENOENT) /* a kernel without IPv6 is fine */
			daemon_log(d, TRACE_WARNING, "TUNNEL_SYSCTL", "tunnel=%s setting=%s error=\"%s\"", t->name, path,
				   strerror(-rc));
	}
}

void overlay_sysctls(struct daemon *d, struct tunnel *t)
{
	set_all(d, t, settings, sizeof settings / sizeof settings[0]);
	if (d->datapath.ops->app_probes)
		set_all(d, t, probe_settings, sizeof probe_settings / sizeof probe_settings[0]);
}

/* The overlay VRF of a route, by its table; of an own address (table local) by its device. */
static bool vrf_of(const struct daemon *d, const struct change *c, uint32_t *vrf)
{
	const struct underlay_link *l;

	*vrf = 0;
	if (c->route.table == RT_TABLE_MAIN)
		return true;
	if (vrfs_of_table(d, c->route.table, vrf))
		return true;
	if (c->route.table != RT_TABLE_LOCAL || !c->route.local)
		return false;
	l = underlay_find_index(&d->underlay, c->ifindex);
	if (l) {
		const struct config_interface *i = config_find_interface(d->config, l->name);

		*vrf = i ? i->vrf : 0;
	}
	return true;
}

static bool of_interest(const struct ipprefix *dst)
{
	if (ipaddr_is_multicast(&dst->addr))
		return false;
	if (dst->addr.family == IP_V6)
		return !ipaddr_is_link_local(&dst->addr);
	return dst->addr.bytes[0] != 127;
}

static void take_route(struct daemon *d, const struct change *c)
{
	struct route r = { .dst = c->route.dst, .metric = c->route.metric, .gateway = c->route.gateway,
			   .ifindex = c->ifindex, .local = c->route.local, .discard = c->route.discard };

	r.more_count = c->route.more_count;
	memcpy(r.more, c->route.more, sizeof r.more);
	if (c->route.protocol == SHORTCUT_PROTOCOL || !vrf_of(d, c, &r.vrf) || !of_interest(&r.dst))
		return;
	if (!c->add)
		routes_del(d->routes, &r);
	else if (routes_add(d->routes, &r) < 0)
		abort();
}

static void resync(uv_timer_t *timer)
{
	struct daemon *d = timer->data;

	if (d->monitor)
		monitor_resync(d->monitor);
}

/* The kernel takes IPv4 routes away without a word when their link or address goes. */
static void look_again(struct daemon *d)
{
	if (d->phase == DAEMON_RUNNING && !uv_is_active((uv_handle_t *)&d->resync_timer))
		uv_timer_start(&d->resync_timer, resync, RESYNC_AFTER_MS, 0);
}

void overlay_change(void *daemon, const struct change *c)
{
	struct daemon *d = daemon;
	bool changed = underlay_take(&d->underlay, c);

	if (c->type == CHANGE_LINK && !c->add && d->phase == DAEMON_RUNNING)
		tunnel_link_gone(d, c->ifindex);
	switch (c->type) {
	case CHANGE_DUMP_BEGIN:
		routes_dump_begin(d->routes);
		break;
	case CHANGE_DUMP_END:
		routes_dump_end(d->routes);
		if (d->phase == DAEMON_RUNNING) {
			vrfs_look(d);
			uplinks_links(d);
			tunnels_check(d);
		}
		break;
	case CHANGE_LINK:
	case CHANGE_ADDRESS:
		if (changed && d->phase == DAEMON_RUNNING) {
			vrfs_look(d);
			uplinks_links(d);
			tunnels_check(d);
			look_again(d);
		}
		break;
	case CHANGE_ROUTE:
		if (changed && d->phase == DAEMON_RUNNING) {
			vrfs_look(d);
			uplinks_links(d);
		}
		take_route(d, c);
		break;
	}
}

/* A discard route is no way: left out, as if the prefix were unreachable here. */
static void tell_more(struct daemon *d, struct event *ev, const struct route *best)
{
	for (size_t i = 0; i < best->more_count && ev->route.more_count < ROUTE_HOPS_MORE_MAX; i++) {
		const struct tunnel *t = tunnel_of_ifindex(d, best->more[i].ifindex);
		struct route_hop *hop = &ev->route.more[ev->route.more_count++];

		*hop = (struct route_hop){ .gateway = best->more[i].gateway, .via_tunnel = t != NULL,
					   .tunnel = t ? t->number : 0 };
	}
}

void overlay_route_changed(void *daemon, const struct route *key, const struct route *best)
{
	struct daemon *d = daemon;
	struct event ev = { .type = EVENT_ROUTE };
	const struct tunnel *t = best ? tunnel_of_ifindex(d, best->ifindex) : NULL;

	if (!d->engine || d->phase == DAEMON_STARTING)
		return;
	ev.route.add = best && !best->discard;
	ev.route.vrf = key->vrf;
	ev.route.dst = key->dst;
	if (ev.route.add) {
		ev.route.gateway = best->gateway;
		ev.route.local = best->local;
		ev.route.via_tunnel = t != NULL;
		ev.tunnel = t ? t->number : 0;
		tell_more(d, &ev, best);
	}
	daemon_feed(d, &ev);
}
