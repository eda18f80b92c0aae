/* plan_query: questions about a finished plan. */
#include "lab/plan.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

const struct lab_port *lab_segment_port(const struct lab_segment *s, enum lab_node node, size_t index)
{
	for (size_t i = 0; i < s->port_count; i++)
		if (s->ports[i].node == node && s->ports[i].index == index)
			return &s->ports[i];
	return NULL;
}

const struct lab_port *lab_segment_way_out(const struct lab_segment *s)
{
	for (size_t i = 0; i < s->port_count; i++)
		if (s->ports[i].node == NODE_INTERNET || s->ports[i].node == NODE_NAT)
			return &s->ports[i];
	return NULL;
}

static bool config_owns(const struct config *c, const struct ipaddr *addr)
{
	for (size_t i = 0; i < c->interface_count; i++)
		for (size_t k = 0; k < c->interfaces[i].address_count; k++)
			if (ipaddr_eq(&c->interfaces[i].addresses[k].addr, addr))
				return true;
	return false;
}

static bool port_has(const struct lab_port *p, const struct ipaddr *addr)
{
	for (size_t i = 0; i < p->address_count; i++)
		if (ipaddr_eq(&p->addresses[i].addr, addr))
			return true;
	return false;
}

bool lab_plan_owner(const struct lab_plan *plan, const struct ipaddr *addr, size_t *router)
{
	for (size_t i = 0; i < plan->router_count; i++)
		if (config_owns(plan->routers[i].config, addr)) {
			*router = i;
			return true;
		}
	/* Addresses handed out by the lab stand only in the ports. */
	for (size_t i = 0; i < plan->segment_count; i++)
		for (size_t k = 0; k < plan->segments[i].port_count; k++) {
			const struct lab_port *p = &plan->segments[i].ports[k];

			if (p->node == NODE_ROUTER && port_has(p, addr)) {
				*router = p->index;
				return true;
			}
		}
	return false;
}

static bool starts_tunnel(const struct lab_plan *plan, size_t router, const struct lab_port *p)
{
	const struct config *c = plan->routers[router].config;

	for (size_t i = 0; i < c->interface_count; i++) {
		const struct config_tunnel *t = c->interfaces[i].tunnel;

		if (t && ((t->source_interface && strcmp(t->source_interface, p->ifname) == 0) ||
			  (!ipaddr_is_none(&t->source) && port_has(p, &t->source))))
			return true;
	}
	return false;
}

const struct lab_segment *lab_plan_uplink(const struct lab_plan *plan, size_t router)
{
	const struct lab_segment *other = NULL;

	for (size_t i = 0; i < plan->segment_count; i++) {
		const struct lab_segment *s = &plan->segments[i];
		const struct lab_port *p = lab_segment_port(s, NODE_ROUTER, router);

		if (p && starts_tunnel(plan, router, p))
			return s;
		/* A tunnel on a loopback leaves through whatever leads to the internet. */
		if (p && lab_segment_way_out(s) && !other)
			other = s;
	}
	return other;
}

const struct lab_segment *lab_plan_way_out_by(const struct lab_plan *plan, size_t router, const char *ifname)
{
	for (size_t i = 0; i < plan->segment_count; i++) {
		const struct lab_port *p = lab_segment_port(&plan->segments[i], NODE_ROUTER, router);

		if (p && strcmp(p->ifname, ifname) == 0)
			return lab_segment_way_out(&plan->segments[i]) ? &plan->segments[i] : NULL;
	}
	return NULL;
}

const struct lab_segment *lab_plan_inside(const struct lab_plan *plan, size_t router)
{
	const struct lab_segment *uplink = lab_plan_uplink(plan, router), *lan = NULL;

	for (size_t i = 0; i < plan->segment_count; i++) {
		const struct lab_segment *s = &plan->segments[i];
		const struct lab_port *p = lab_segment_port(s, NODE_ROUTER, router);

		if (!p || s == uplink || starts_tunnel(plan, router, p))
			continue;
		if (s->kind == SEGMENT_LINK)
			return s;
		if (s->kind == SEGMENT_LAN && !lan)
			lan = s;
	}
	return lan;
}

bool lab_plan_router(const struct lab_plan *plan, const char *name, size_t *router)
{
	for (size_t i = 0; i < plan->router_count; i++)
		if (strcasecmp(plan->routers[i].name, name) == 0) {
			*router = i;
			return true;
		}
	return false;
}

bool lab_plan_nat(const struct lab_plan *plan, const char *name, size_t *nat)
{
	char own[24];

	for (size_t i = 0; i < plan->nat_count; i++) {
		snprintf(own, sizeof(own), "nat%zu", i + 1);
		if (strcasecmp(own, name) == 0) {
			*nat = i;
			return true;
		}
	}
	return false;
}
