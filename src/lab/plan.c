#include "lab/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lab/memory.h"
#include "lab/plan_conf.h"
#include "lab/plan_make.h"
#include "lab/plan_roles.h"
#include "lab/subnet.h"

static bool same_subnet(const struct config_address *a, const struct config_address *b)
{
	struct ipprefix pa = ipprefix_make(&a->addr, a->prefix_len);
	struct ipprefix pb = ipprefix_make(&b->addr, b->prefix_len);

	/* Equal addresses are two sites that use the same private numbers, not one cable. */
	return !a->link_local && !b->link_local && a->addr.family == b->addr.family &&
	       !ipaddr_eq(&a->addr, &b->addr) && ipprefix_contains(&pa, &b->addr) &&
	       ipprefix_contains(&pb, &a->addr);
}

static bool interfaces_meet(const struct config_interface *a, const struct config_interface *b)
{
	for (size_t i = 0; i < a->address_count; i++)
		for (size_t k = 0; k < b->address_count; k++)
			if (same_subnet(&a->addresses[i], &b->addresses[k]))
				return true;
	return false;
}

static const struct config_interface *port_interface(const struct lab_plan *plan, const struct lab_port *p)
{
	return &plan->routers[p->index].config->interfaces[p->interface];
}

static void add_router_port(struct lab_plan *plan, struct lab_segment *s, size_t router, size_t interface)
{
	const struct config_interface *i = &plan->routers[router].config->interfaces[interface];
	struct lab_port *p = plan_add_port(s, NODE_ROUTER, router, i->name);

	p->interface = interface;
	p->vrf = i->vrf;
	for (size_t k = 0; k < i->address_count; k++)
		plan_add_address(p, i->addresses[k].addr, i->addresses[k].prefix_len);
}

static bool segment_meets(const struct lab_plan *plan, const struct lab_segment *s, size_t router,
			  size_t interface)
{
	const struct config_interface *i = &plan->routers[router].config->interfaces[interface];
	size_t box = plan_conf_box(plan, router, interface);

	for (size_t k = 0; k < s->port_count; k++)
		if (plan_conf_box(plan, s->ports[k].index, s->ports[k].interface) == box &&
		    interfaces_meet(port_interface(plan, &s->ports[k]), i))
			return true;
	return false;
}

/* Moves the ports of `from` into `to`; `from` stays empty. */
static void merge_segments(struct lab_segment *to, struct lab_segment *from)
{
	for (size_t i = 0; i < from->port_count; i++)
		*(struct lab_port *)lab_append(&to->ports, &to->port_count, sizeof(struct lab_port)) =
			from->ports[i];
	free(from->ports);
	*from = (struct lab_segment){ 0 };
}

static void place_interface(struct lab_plan *plan, size_t router, size_t interface)
{
	struct lab_segment *home = NULL;

	for (size_t k = 0; k < plan->segment_count; k++) {
		if (!segment_meets(plan, &plan->segments[k], router, interface))
			continue;
		if (home)
			merge_segments(home, &plan->segments[k]);
		else
			home = &plan->segments[k];
	}
	if (!home)
		home = lab_append(&plan->segments, &plan->segment_count, sizeof(*home));
	add_router_port(plan, home, router, interface);
}

static void drop_empty_segments(struct lab_plan *plan)
{
	size_t kept = 0;

	for (size_t i = 0; i < plan->segment_count; i++)
		if (plan->segments[i].port_count)
			plan->segments[kept++] = plan->segments[i];
	plan->segment_count = kept;
}

static bool segment_owns(const struct lab_segment *s, const struct ipaddr *addr)
{
	struct ipaddr *used;
	size_t count = plan_used_addresses(s, &used);
	bool owns = false;

	for (size_t i = 0; i < count && !owns; i++)
		owns = ipaddr_eq(&used[i], addr);
	free(used);
	return owns;
}

/* The address of the port whose subnet holds `addr`, or NULL. */
static const struct lab_address *port_subnet(const struct lab_port *p, const struct ipaddr *addr)
{
	for (size_t i = 0; i < p->address_count; i++) {
		struct ipprefix subnet = ipprefix_make(&p->addresses[i].addr, p->addresses[i].len);

		if (ipprefix_contains(&subnet, addr))
			return &p->addresses[i];
	}
	return NULL;
}

/* Static next hops on this port's subnets that no router owns belong to the internet node. */
static void take_next_hops(struct lab_plan *plan, struct lab_segment *s, size_t port)
{
	const struct config *c = plan->routers[s->ports[port].index].config;

	for (size_t i = 0; i < c->route_count; i++) {
		const struct config_route *r = &c->routes[i];
		const struct lab_port *p = &s->ports[port];
		const struct lab_address *subnet;

		if (r->vrf != p->vrf)
			continue;
		if (ipaddr_is_none(&r->gateway)) {
			if (r->interface && strcmp(r->interface, p->ifname) == 0)
				plan_internet_port(plan, s);
			continue;
		}
		subnet = port_subnet(p, &r->gateway);
		if (subnet && !segment_owns(s, &r->gateway)) {
			uint8_t len = subnet->len;

			plan_add_address(plan_internet_port(plan, s), r->gateway, len);
		}
	}
}

/* For each subnet of the uplink where no next hop was named: the first free address. */
static void fill_internet_port(struct lab_plan *plan, struct lab_segment *s)
{
	struct lab_port *router = &s->ports[0];
	struct lab_port *net = plan_internet_port(plan, s);

	router = &s->ports[0];
	for (size_t i = 0; i < router->address_count; i++) {
		struct ipprefix subnet = ipprefix_make(&router->addresses[i].addr, router->addresses[i].len);
		struct ipaddr *used, addr;
		size_t count = plan_used_addresses(s, &used);
		bool held = false;

		for (size_t k = 0; k < net->address_count; k++)
			held |= ipprefix_contains(&subnet, &net->addresses[k].addr);
		if (!held && subnet_first_free(&subnet, used, count, &addr))
			plan_add_address(net, addr, subnet.len);
		free(used);
	}
}

/* `ip address dhcp`: the internet node hands out 100.64.n.2/30 with itself as the way out. */
static void hand_out_address(struct lab_plan *plan, struct lab_segment *s)
{
	uint32_t base = 0x64400000u + ((uint32_t)(s - plan->segments) << 8);
	struct lab_port *net = plan_internet_port(plan, s);
	struct ipprefix all = { .addr = ipaddr_v4(0), .len = 0 };

	plan_add_address(net, ipaddr_v4(base + 1), 30);
	plan_add_address(&s->ports[0], ipaddr_v4(base + 2), 30);
	plan_add_route(plan, NODE_ROUTER, s->ports[0].index, s->ports[0].vrf, all, ipaddr_v4(base + 1),
		  s->ports[0].ifname);
}

static size_t routers_on(const struct lab_segment *s)
{
	size_t count = 0;

	for (size_t i = 0; i < s->port_count; i++) {
		bool seen = false;

		for (size_t k = 0; k < i; k++)
			seen |= s->ports[k].node == NODE_ROUTER && s->ports[k].index == s->ports[i].index;
		count += s->ports[i].node == NODE_ROUTER && !seen;
	}
	return count;
}

static void add_host(struct lab_plan *plan, struct lab_segment *s)
{
	struct lab_port *lan = &s->ports[0];
	struct lab_host *h;
	struct lab_host host = { .router = lan->index, .segment = (size_t)(s - plan->segments) };
	struct ipaddr *used;
	size_t count = plan_used_addresses(s, &used);

	for (size_t i = 0; i < lan->address_count; i++) {
		struct ipprefix subnet = ipprefix_make(&lan->addresses[i].addr, lan->addresses[i].len);
		bool v4 = subnet.addr.family == IP_V4;
		struct lab_address *to = v4 ? &host.v4 : &host.v6;

		if (!ipaddr_is_none(&to->addr) || ipaddr_is_link_local(&subnet.addr) ||
		    !subnet_host(&subnet, used, count, &to->addr))
			continue;
		to->len = subnet.len;
		*(v4 ? &host.gateway4 : &host.gateway6) = lan->addresses[i].addr;
	}
	free(used);
	if (ipaddr_is_none(&host.v4.addr) && ipaddr_is_none(&host.v6.addr))
		return;
	h = lab_append(&plan->hosts, &plan->host_count, sizeof(*h));
	*h = host;
	lan = plan_add_port(s, NODE_HOST, plan->host_count - 1, "eth0");
	if (!ipaddr_is_none(&h->v4.addr))
		plan_add_address(lan, h->v4.addr, h->v4.len);
	if (!ipaddr_is_none(&h->v6.addr))
		plan_add_address(lan, h->v6.addr, h->v6.len);
}

static void classify(struct lab_plan *plan, struct lab_segment *s)
{
	const struct config_interface *i = port_interface(plan, &s->ports[0]);
	const struct config *c = plan->routers[s->ports[0].index].config;
	bool shared = routers_on(s) > 1, source = plan_is_tunnel_source(c, i);
	size_t ports = s->port_count;

	for (size_t k = 0; k < ports; k++)
		take_next_hops(plan, s, k);
	if (shared) {
		s->kind = SEGMENT_LINK;
	} else if (i->dhcp) {
		s->kind = SEGMENT_UPLINK;
		hand_out_address(plan, s);
	} else if (source || s->port_count > ports) {
		s->kind = SEGMENT_UPLINK;
		fill_internet_port(plan, s);
	} else {
		s->kind = SEGMENT_LAN;
		add_host(plan, s);
	}
}

/* "spoke1-host", or "spoke1-Gi0-2-host" when the router has several LANs. */
static void name_hosts(struct lab_plan *plan)
{
	for (size_t i = 0; i < plan->host_count; i++) {
		struct lab_host *h = &plan->hosts[i];
		const char *router = plan->routers[h->router].name;
		size_t same = 0;

		for (size_t k = 0; k < plan->host_count; k++)
			same += plan->hosts[k].router == h->router;
		if (same == 1)
			snprintf(h->name, sizeof(h->name), "%s-host", router);
		else
			snprintf(h->name, sizeof(h->name), "%s-%.15s-host", router,
				 plan->segments[h->segment].ports[0].ifname);
	}
}

static void route_out_to(struct lab_plan *plan, const struct lab_port *out, const struct ipprefix *dst,
			 const struct lab_port *via)
{
	for (size_t i = 0; i < via->address_count; i++)
		if (via->addresses[i].addr.family == dst->addr.family &&
		    !ipaddr_is_link_local(&via->addresses[i].addr)) {
			plan_add_route(plan, out->node, out->index, 0, *dst, via->addresses[i].addr, "");
			return;
		}
}

/* Loopbacks that tunnels start on, and all subnets of an ISP's router, lie behind the port. */
static void route_out_behind(struct lab_plan *plan, const struct lab_port *out, const struct lab_port *via)
{
	const struct lab_router *r = &plan->routers[via->index];

	for (size_t i = 0; i < r->config->interface_count; i++) {
		const struct config_interface *f = &r->config->interfaces[i];
		bool source = plan_is_loopback(f) && plan_is_tunnel_source(r->config, f);

		if (i == via->interface || f->is_tunnel || f->shutdown || f->vrf != via->vrf ||
		    !(source || r->role == LAB_PLAIN))
			continue;
		for (size_t k = 0; k < f->address_count; k++) {
			struct ipprefix p = ipprefix_make(&f->addresses[k].addr, f->addresses[k].prefix_len);

			if (!f->addresses[k].link_local)
				route_out_to(plan, out, &p, via);
		}
	}
}

/* The internet node, and a NAT box, reach what lies behind routers. */
static void route_out(struct lab_plan *plan)
{
	for (size_t i = 0; i < plan->segment_count; i++) {
		const struct lab_segment *s = &plan->segments[i];
		const struct lab_port *out = lab_segment_way_out(s);

		if (!out)
			continue;
		for (size_t k = 0; k < s->port_count; k++)
			if (s->ports[k].node == NODE_ROUTER)
				route_out_behind(plan, out, &s->ports[k]);
	}
}

static void name_router(struct lab_router *r, const char *file)
{
	const char *base = strrchr(file, '/');
	size_t length;

	base = base ? base + 1 : file;
	length = strcspn(base, ".");
	snprintf(r->name, sizeof(r->name), "%.*s", (int)(length < 200 ? length : 200), base);
}

static void place_all(struct lab_plan *plan)
{
	for (size_t i = 0; i < plan->router_count; i++)
		for (size_t k = 0; k < plan->routers[i].config->interface_count; k++)
			if (plan_has_cable(&plan->routers[i].config->interfaces[k]))
				place_interface(plan, i, k);
	drop_empty_segments(plan);
	for (size_t i = 0; i < plan->segment_count; i++)
		classify(plan, &plan->segments[i]);
	name_hosts(plan);
}

struct lab_plan *lab_plan_new(size_t count, const struct config *const *configs, const char *const *names,
			      const struct lab_conf *conf, char *error, size_t size)
{
	struct lab_plan *plan = lab_calloc(1, sizeof(*plan));

	plan->routers = lab_calloc(count, sizeof(*plan->routers));
	plan->router_count = count;
	for (size_t i = 0; i < count; i++) {
		plan->routers[i].config = configs[i];
		name_router(&plan->routers[i], names[i]);
	}
	plan_roles(plan);
	if (conf && !plan_conf_members(plan, conf, error, size))
		goto out_free;
	place_all(plan);
	if (conf && !plan_conf_apply(plan, conf, error, size))
		goto out_free;
	route_out(plan);
	plan_notes(plan);
	return plan;
out_free:
	lab_plan_free(plan);
	return NULL;
}

void lab_plan_free(struct lab_plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->segment_count; i++) {
		for (size_t k = 0; k < plan->segments[i].port_count; k++)
			free(plan->segments[i].ports[k].addresses);
		free(plan->segments[i].ports);
	}
	for (size_t i = 0; i < plan->note_count; i++)
		free(plan->notes[i]);
	for (size_t i = 0; i < plan->nat_count; i++)
		free(plan->nats[i].members);
	free(plan->nats);
	free(plan->losses);
	free(plan->notes);
	free(plan->segments);
	free(plan->routes);
	free(plan->hosts);
	free(plan->routers);
	free(plan);
}
