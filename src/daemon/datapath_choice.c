/*
 * datapath_choice: kernel or user. What the command line says goes before the file's
 * `datapath` line; auto is the kernel where it really can make the tunnels of this file.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/daemon_state.h"
#include "daemon/datapath_kernel.h"
#include "daemon/ipsec.h"
#include "kernel/esp.h"
#include "kernel/gre_device.h"

/* A point-to-point device of the kernel takes packets from its one far end only. */
static bool has_several_far_ends(const struct config_tunnel *t)
{
	return t->mode == TUNNEL_GRE_P2P && (t->nhrp4.nhs_count > 1 || t->nhrp6.nhs_count > 1);
}

/* A tunnel whose packets look like another's, or a peer with another key than its tunnel's. */
static bool needs_telling_apart(const struct config *c, const struct config_interface *i)
{
	for (size_t k = 0; k < c->interface_count; k++) {
		const struct config_interface *o = &c->interfaces[k];

		if (o != i && o->is_tunnel && !o->shutdown && config_tunnels_alike(i->tunnel, o->tunnel))
			return true;
	}
	return i->tunnel->nhrp4.partner_count + i->tunnel->nhrp6.partner_count > 0;
}

static const char *profile_of(const struct daemon *d, const struct config_interface *i)
{
	return ipsec_protects(d, i) ? i->tunnel->protection_profile : "";
}

static bool same_source(const struct config_tunnel *a, const struct config_tunnel *b)
{
	const char *x = a->source_interface ? a->source_interface : "", *y = b->source_interface ? b->source_interface : "";

	return a->vrf == b->vrf && ipaddr_eq(&a->source, &b->source) && strcmp(x, y) == 0;
}

/* With a tunnel of another profile: the kernel's policies are for addresses. */
static bool shares_its_source(const struct daemon *d, const struct config_interface *i)
{
	for (size_t k = 0; k < d->config->interface_count; k++) {
		const struct config_interface *o = &d->config->interfaces[k];

		if (o->is_tunnel && !o->shutdown && same_source(o->tunnel, i->tunnel) &&
		    strcmp(profile_of(d, o), profile_of(d, i)) != 0)
			return true;
	}
	return false;
}

static bool has_esp(enum ip_family transport)
{
	struct netlink xfrm;
	bool possible = netlink_init(&xfrm, NETLINK_XFRM) == 0;

	if (possible) {
		possible = esp_possible(&xfrm, transport);
		netlink_done(&xfrm);
	}
	return possible;
}

/* NULL when the kernel can carry every tunnel, else why not. */
static const char *kernel_obstacle(struct daemon *d)
{
	bool tried4 = false, tried6 = false;

	for (size_t i = 0; i < d->config->interface_count; i++) {
		const struct config_interface *c = &d->config->interfaces[i];
		bool *tried;

		if (!c->is_tunnel || c->shutdown)
			continue;
		if (ipsec_protects(d, c) && !has_esp(c->tunnel->transport))
			return "this kernel has no ESP with AES-GCM";
		if (shares_its_source(d, c))
			return "tunnels of one source have different IPsec profiles";
		if (c->tunnel->transport == IP_V6 && c->tunnel->mode == TUNNEL_GRE_MULTIPOINT)
			return "the kernel's multipoint GRE over IPv6 does not tell who sent a packet";
		if (has_several_far_ends(c->tunnel))
			return "a point-to-point tunnel has several next hop servers";
		if (needs_telling_apart(d->config, c))
			return "tunnels are told apart by more than their keys";
		if (c->tunnel->groups.map_count > 0)
			return "spokes are shaped by group, which the kernel's tunnels are not";
		tried = c->tunnel->transport == IP_V6 ? &tried6 : &tried4;
		if (!*tried && !gre_device_possible(&d->netlink, c->tunnel->transport))
			return "this kernel has no GRE";
		*tried = true;
	}
	return NULL;
}

/* As the forwarder would hand it on, with the session that the kernel's policies have taken it from. */
static void take_nhrp(struct daemon *d, const struct event *ev)
{
	static struct forward_nhrp m;

	if (ev->packet.length > sizeof m.bytes)
		return;
	memset(&m, 0, sizeof m);
	m.tunnel = ev->tunnel;
	m.session = ipsec_session_of(d, ev->tunnel, &ev->packet.from);
	m.endpoint = ev->packet.from;
	m.length = (uint32_t)ev->packet.length;
	memcpy(m.bytes, ev->packet.bytes, ev->packet.length);
	forwarder_nhrp(d, &m);
}

static void feed(void *daemon, const struct event *ev)
{
	if (ev->type == EVENT_PACKET)
		take_nhrp(daemon, ev);
	else
		daemon_feed(daemon, ev);
}

static bool reaches(void *daemon, uint32_t tunnel, const struct endpoint *nbma)
{
	return ipsec_reaches(daemon, tunnel, nbma);
}

static bool wants_guesses(void *daemon, uint32_t tunnel)
{
	return engine_wants_guesses(((const struct daemon *)daemon)->engine, tunnel);
}

static int use_kernel(struct daemon *d)
{
	static const struct datapath_kernel_calls calls = { feed, reaches, wants_guesses };

	d->kernel = datapath_kernel_new(&d->loop, &d->netlink, &calls, d);
	if (!d->kernel)
		return -errno;
	d->datapath = (struct datapath){ &datapath_kernel_ops, d->kernel };
	return 0;
}

/* A restarted process finds its devices with the keeper, whatever has become of the file. */
static int need_tun(const struct daemon *d)
{
	if (d->hello.is_restart || access("/dev/net/tun", F_OK) == 0)
		return 0;
	fprintf(stderr, "dmvpnd: datapath user needs /dev/net/tun: %s; load the module tun, or let the container "
		"have the device\n", strerror(errno));
	return -ENODEV;
}

int datapath_choose(struct daemon *d)
{
	const uint8_t asked = d->hello.datapath != DATAPATH_AUTO ? d->hello.datapath : (uint8_t)d->config->datapath;
	const char *obstacle = asked == DATAPATH_USER ? "asked for" : kernel_obstacle(d);

	if (asked == DATAPATH_KERNEL && obstacle) {
		fprintf(stderr, "dmvpnd: datapath kernel: %s; use datapath user or auto\n", obstacle);
		return -EOPNOTSUPP;
	}
	snprintf(d->datapath_reason, sizeof d->datapath_reason, "%s",
		 obstacle ? obstacle : asked == DATAPATH_KERNEL ? "asked for" : "this kernel has multipoint GRE");
	return obstacle ? need_tun(d) : use_kernel(d);
}
