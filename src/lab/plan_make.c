#include "lab/plan_make.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lab/memory.h"

bool plan_is_loopback(const struct config_interface *i)
{
	return strncasecmp(i->ios_name, "Loopback", 8) == 0 || strcmp(i->name, "lo") == 0;
}

/* Does the interface take part in the underlay: a cable goes out of it. */
bool plan_has_cable(const struct config_interface *i)
{
	return !i->is_tunnel && !i->shutdown && !plan_is_loopback(i) && (i->address_count > 0 || i->dhcp);
}

bool plan_is_tunnel_source(const struct config *c, const struct config_interface *i)
{
	for (size_t k = 0; k < c->interface_count; k++) {
		const struct config_tunnel *t = c->interfaces[k].tunnel;

		if (!t)
			continue;
		if (t->source_interface && strcmp(t->source_interface, i->name) == 0)
			return true;
		for (size_t a = 0; a < i->address_count; a++)
			if (ipaddr_eq(&t->source, &i->addresses[a].addr))
				return true;
	}
	return false;
}

struct lab_port *plan_add_port(struct lab_segment *s, enum lab_node node, size_t index, const char *ifname)
{
	struct lab_port *p = lab_append(&s->ports, &s->port_count, sizeof(*p));

	p->node = node;
	p->index = index;
	snprintf(p->ifname, sizeof(p->ifname), "%s", ifname);
	return p;
}

void plan_add_address(struct lab_port *p, struct ipaddr addr, uint8_t len)
{
	struct lab_address *a = lab_append(&p->addresses, &p->address_count, sizeof(*a));

	*a = (struct lab_address){ .addr = addr, .len = len };
}

struct lab_route *plan_add_route(struct lab_plan *plan, enum lab_node node, size_t index, uint32_t vrf,
				   struct ipprefix dst, struct ipaddr gateway, const char *ifname)
{
	struct lab_route *r = lab_append(&plan->routes, &plan->route_count, sizeof(*r));

	*r = (struct lab_route){ .node = node, .index = index, .vrf = vrf, .dst = dst, .gateway = gateway };
	snprintf(r->ifname, sizeof(r->ifname), "%s", ifname);
	return r;
}

size_t plan_used_addresses(const struct lab_segment *s, struct ipaddr **used)
{
	size_t count = 0;

	*used = NULL;
	for (size_t i = 0; i < s->port_count; i++)
		for (size_t k = 0; k < s->ports[i].address_count; k++)
			*(struct ipaddr *)lab_append(used, &count, sizeof(struct ipaddr)) =
				s->ports[i].addresses[k].addr;
	return count;
}

/* The internet node's port of the segment, made at the first call. */
struct lab_port *plan_internet_port(struct lab_plan *plan, struct lab_segment *s)
{
	char name[16];

	for (size_t i = 0; i < s->port_count; i++)
		if (s->ports[i].node == NODE_INTERNET)
			return &s->ports[i];
	plan->internet = true;
	snprintf(name, sizeof(name), "up%u", (unsigned)(s - plan->segments) & 0xffff);
	return plan_add_port(s, NODE_INTERNET, 0, name);
}
