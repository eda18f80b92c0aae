#include "lab/plan_roles.h"

#include <string.h>

#include "lab/memory.h"

static bool interface_has(const struct config_interface *i, const struct ipaddr *a)
{
	for (size_t k = 0; k < i->address_count; k++)
		if (ipaddr_eq(&i->addresses[k].addr, a))
			return true;
	return false;
}

static bool router_has(const struct config *c, const struct ipaddr *a, bool tunnels_only)
{
	for (size_t i = 0; i < c->interface_count; i++)
		if ((!tunnels_only || c->interfaces[i].is_tunnel) && interface_has(&c->interfaces[i], a))
			return true;
	return false;
}

static bool nhs_is(const struct config *hub, const struct config_nhs *nhs)
{
	if (!ipaddr_is_none(&nhs->addr))
		return router_has(hub, &nhs->addr, true);
	/* `nhs dynamic`: known by its underlay address only. */
	return !ipaddr_is_none(&nhs->nbma.addr) && router_has(hub, &nhs->nbma.addr, false);
}

static bool registers_at(const struct config_nhrp *n, const struct config *hub)
{
	for (size_t i = 0; i < n->nhs_count; i++)
		if (nhs_is(hub, &n->nhs[i]))
			return true;
	return false;
}

static bool serves(const struct config *c, const struct config *others_config)
{
	if (c == others_config)
		return false;
	for (size_t i = 0; i < others_config->interface_count; i++) {
		const struct config_interface *f = &others_config->interfaces[i];

		if (f->tunnel && !f->shutdown &&
		    (registers_at(&f->tunnel->nhrp4, c) || registers_at(&f->tunnel->nhrp6, c)))
			return true;
	}
	return false;
}

/* Own addresses among the NHSs are skipped: hubs often share one template. */
static bool counts(const struct config_interface *tunnel, const struct config_nhs *nhs)
{
	return !interface_has(tunnel, &nhs->addr);
}

static size_t cluster_limit(const struct config_nhrp *n, uint8_t cluster)
{
	for (size_t i = 0; i < n->cluster_count; i++)
		if (n->clusters[i].cluster == cluster && n->clusters[i].max_connections)
			return n->clusters[i].max_connections;
	return SIZE_MAX;
}

/* Registrations that the NHRP lines of one family of a tunnel promise. */
static size_t plan_expected(const struct config_interface *tunnel, const struct config_nhrp *n)
{
	size_t in_cluster[256] = { 0 }, expected = 0;

	if (!tunnel->tunnel || tunnel->shutdown)
		return 0;
	for (size_t i = 0; i < n->nhs_count; i++) {
		uint8_t cluster = n->nhs[i].cluster;

		if (!counts(tunnel, &n->nhs[i]) || in_cluster[cluster] >= cluster_limit(n, cluster))
			continue;
		in_cluster[cluster]++;
		expected++;
	}
	return expected;
}

static enum lab_role role_of(const struct lab_plan *plan, const struct config *c)
{
	bool tunnels = false, server = false, client = false;

	for (size_t i = 0; i < plan->router_count; i++)
		if (serves(c, plan->routers[i].config))
			return LAB_HUB;
	for (size_t i = 0; i < c->interface_count; i++) {
		const struct config_interface *f = &c->interfaces[i];

		if (!f->tunnel)
			continue;
		tunnels = true;
		client |= f->tunnel->nhrp4.nhs_count > 0 || f->tunnel->nhrp6.nhs_count > 0;
		server |= f->tunnel->mode == TUNNEL_GRE_MULTIPOINT;
	}
	if (!tunnels)
		return LAB_PLAIN;
	return !client && server ? LAB_HUB : LAB_SPOKE;
}

void plan_roles(struct lab_plan *plan)
{
	for (size_t i = 0; i < plan->router_count; i++) {
		struct lab_router *r = &plan->routers[i];

		r->role = role_of(plan, r->config);
		for (size_t k = 0; k < r->config->interface_count; k++) {
			const struct config_interface *f = &r->config->interfaces[k];

			if (f->tunnel)
				r->expected += plan_expected(f, &f->tunnel->nhrp4) +
					       plan_expected(f, &f->tunnel->nhrp6);
		}
	}
}

static void note(struct lab_plan *plan, char *text)
{
	*(char **)lab_append(&plan->notes, &plan->note_count, sizeof(char *)) = text;
}

/* Connected, static, or handed out: is there a way to the address in that VRF? */
static bool has_way(const struct lab_plan *plan, size_t router, uint32_t vrf, const struct ipaddr *to)
{
	const struct config *c = plan->routers[router].config;

	for (size_t i = 0; i < c->interface_count; i++)
		for (size_t k = 0; k < c->interfaces[i].address_count; k++) {
			const struct config_address *a = &c->interfaces[i].addresses[k];
			struct ipprefix p = ipprefix_make(&a->addr, a->prefix_len);

			if (c->interfaces[i].vrf == vrf && !c->interfaces[i].is_tunnel &&
			    ipprefix_contains(&p, to))
				return true;
		}
	for (size_t i = 0; i < c->route_count; i++)
		if (c->routes[i].vrf == vrf && ipprefix_contains(&c->routes[i].dst, to))
			return true;
	for (size_t i = 0; i < plan->route_count; i++) {
		const struct lab_route *r = &plan->routes[i];

		if (r->node == NODE_ROUTER && r->index == router && r->vrf == vrf &&
		    ipprefix_contains(&r->dst, to))
			return true;
	}
	return false;
}

/* The NBMA address of an NHS: its own, or that of the map for its overlay address. */
static struct ipaddr nbma_of(const struct config_nhrp *n, const struct config_nhs *nhs)
{
	if (!ipaddr_is_none(&nhs->nbma.addr))
		return nhs->nbma.addr;
	for (size_t i = 0; i < n->map_count; i++)
		if (ipaddr_eq(&n->maps[i].proto.addr, &nhs->addr))
			return n->maps[i].nbma.addr;
	return IPADDR_NONE;
}

static void note_way(struct lab_plan *plan, size_t router, const struct config_interface *f,
		     const struct ipaddr *nbma)
{
	char text[IPADDR_TEXT_MAX];

	if (ipaddr_is_none(nbma) || has_way(plan, router, f->tunnel->vrf, nbma))
		return;
	note(plan, lab_printf("%s: no connected or static route to %s, the far end of %s",
			      plan->routers[router].name, ipaddr_format(nbma, text), f->name));
}

static void note_servers(struct lab_plan *plan, size_t router, const struct config_interface *f,
			 const struct config_nhrp *n)
{
	for (size_t i = 0; i < n->nhs_count; i++) {
		struct ipaddr nbma = nbma_of(n, &n->nhs[i]);

		note_way(plan, router, f, &nbma);
	}
}

static void note_source(struct lab_plan *plan, size_t router, const struct config_interface *f)
{
	const struct config *c = plan->routers[router].config;
	const char *source = f->tunnel->source_interface;
	char text[IPADDR_TEXT_MAX];

	if (source && !config_find_interface(c, source))
		note(plan, lab_printf("%s: %s starts on %s, which the file does not have",
				      plan->routers[router].name, f->name, source));
	else if (!source && !ipaddr_is_none(&f->tunnel->source) && !router_has(c, &f->tunnel->source, false))
		note(plan, lab_printf("%s: %s starts at %s, which is no address of the router",
				      plan->routers[router].name, f->name,
				      ipaddr_format(&f->tunnel->source, text)));
}

/* GRE has no ports for a box to tell two routers by; ESP in UDP has. */
static void note_boxes(struct lab_plan *plan)
{
	for (size_t i = 0; i < plan->nat_count; i++)
		if (plan->nats[i].member_count > 1)
			note(plan, lab_printf("nat%zu: %zu uplinks behind one address: only tunnels protected by IPsec "
					      "can be told apart there", i + 1, plan->nats[i].member_count));
}

void plan_notes(struct lab_plan *plan)
{
	note_boxes(plan);
	for (size_t i = 0; i < plan->router_count; i++) {
		const struct config *c = plan->routers[i].config;

		for (size_t k = 0; k < c->interface_count; k++) {
			const struct config_interface *f = &c->interfaces[k];

			if (!f->tunnel || f->shutdown)
				continue;
			note_source(plan, i, f);
			note_way(plan, i, f, &f->tunnel->destination.addr);
			note_servers(plan, i, f, &f->tunnel->nhrp4);
			note_servers(plan, i, f, &f->tunnel->nhrp6);
		}
	}
}
