/* Which interfaces of a configuration the rules of transit.h concern. */
#include <string.h>

#include "config/config.h"
#include "kernel/transit.h"

static void add_partners(struct transit_interface *out, const struct config_nhrp *n)
{
	for (size_t i = 0; i < n->partner_count && out->partner_count < TRANSIT_PARTNERS_MAX; i++)
		out->partners[out->partner_count++] = n->partners[i].next_hop;
}

static void add_redirect(struct transit_interface *out, const struct config_tunnel *t)
{
	const struct config_nhrp *nhrp = t->nhrp4.redirect ? &t->nhrp4 : &t->nhrp6;

	out->redirect = nhrp->redirect;
	if (!out->redirect)
		return;
	out->domain = nhrp->network_id;
	out->timeout_s = nhrp->redirect_timeout_s;
	add_partners(out, &t->nhrp4);
	add_partners(out, &t->nhrp6);
}

/* The forwarder lowers the MSS itself, without leaving the packet to another table. */
static bool forwarder_carries(const struct config_interface *i, bool by_kernel)
{
	return i->is_tunnel && !by_kernel;
}

size_t transit_of_config(const struct config *config, bool by_kernel, struct transit_interface out[TRANSIT_INTERFACES_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < config->interface_count && n < TRANSIT_INTERFACES_MAX; i++) {
		const struct config_interface *c = &config->interfaces[i];
		struct transit_interface *o = &out[n];

		if (c->shutdown)
			continue;
		memset(o, 0, sizeof *o);
		memcpy(o->name, c->name, sizeof o->name);
		if (c->is_tunnel)
			add_redirect(o, c->tunnel);
		if (!forwarder_carries(c, by_kernel)) {
			o->mss4 = c->adjust_mss;
			o->mss6 = c->adjust_mss6;
		}
		n += o->redirect || o->mss4 || o->mss6;
	}
	return n;
}
