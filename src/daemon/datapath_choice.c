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

/* NULL when the kernel can carry every tunnel, else why not. */
static const char *kernel_obstacle(struct daemon *d)
{
	bool tried4 = false, tried6 = false;

	for (size_t i = 0; i < d->config->interface_count; i++) {
		const struct config_interface *c = &d->config->interfaces[i];
		bool *tried;

		if (!c->is_tunnel || c->shutdown)
			continue;
		if (ipsec_protects(d, c))
			return "IPsec is done on the user data path";
		if (c->tunnel->transport == IP_V6 && c->tunnel->mode == TUNNEL_GRE_MULTIPOINT)
			return "the kernel's multipoint GRE over IPv6 does not tell who sent a packet";
		if (has_several_far_ends(c->tunnel))
			return "a point-to-point tunnel has several next hop servers";
		if (needs_telling_apart(d->config, c))
			return "tunnels are told apart by more than their keys";
		tried = c->tunnel->transport == IP_V6 ? &tried6 : &tried4;
		if (!*tried && !gre_device_possible(&d->netlink, c->tunnel->transport))
			return "this kernel has no GRE";
		*tried = true;
	}
	return NULL;
}

static void feed(void *daemon, const struct event *ev)
{
	daemon_feed(daemon, ev);
}

static int use_kernel(struct daemon *d)
{
	d->kernel = datapath_kernel_new(&d->loop, &d->netlink, feed, d);
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
