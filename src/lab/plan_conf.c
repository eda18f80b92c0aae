#include "lab/plan_conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lab/memory.h"
#include "lab/plan_make.h"

#define PUBLIC_NET 0xcb007100u /* 203.0.113.0/24: a /30 for each NAT box */

enum { PUBLIC_COUNT = 64 };

struct apply {
	struct lab_plan *plan;
	const struct lab_conf *conf;
	const struct lab_conf_line *line;
	char *error;
	size_t size;
};

#define complain(a, remedy, ...) \
	lab_conf_complain((a)->conf, (a)->line->number, (a)->error, (a)->size, remedy, __VA_ARGS__)

static const struct config_interface *interface_at(const struct lab_plan *plan, size_t router, size_t interface)
{
	return &plan->routers[router].config->interfaces[interface];
}

static bool find_router(struct apply *a, const char *word, size_t *router)
{
	if (lab_plan_router(a->plan, word, router))
		return true;
	complain(a, "routers are called as their files, without the ending", "there is no router %.60s", word);
	return false;
}

static bool find_interface(const struct apply *a, size_t router, const char *word, size_t *interface)
{
	const struct config *c = a->plan->routers[router].config;
	const struct config_interface *f;
	char kernel[16];

	if (!config_ifname(word, NULL, kernel))
		return false;
	f = config_find_interface(c, kernel);
	if (!f || !plan_has_cable(f))
		return false;
	*interface = (size_t)(f - c->interfaces);
	return true;
}

static bool need_interface(struct apply *a, size_t router, const char *word, size_t *interface)
{
	if (find_interface(a, router, word, interface))
		return true;
	complain(a, "name one that has an address and is not shut down", "%s has no interface %.40s with a cable",
		 a->plan->routers[router].name, word);
	return false;
}

/* A static route out of the interface, or to a next hop on its subnets. */
static bool is_routed_out(const struct config *c, const struct config_interface *f)
{
	for (size_t i = 0; i < c->route_count; i++) {
		const struct config_route *r = &c->routes[i];

		if (r->interface && strcmp(r->interface, f->name) == 0)
			return true;
		for (size_t k = 0; k < f->address_count && r->vrf == f->vrf; k++) {
			struct ipprefix p = ipprefix_make(&f->addresses[k].addr, f->addresses[k].prefix_len);

			if (!ipaddr_is_none(&r->gateway) && ipprefix_contains(&p, &r->gateway))
				return true;
		}
	}
	return false;
}

/* Interfaces that lead to the internet: those that tunnels start on, or else any other. */
static size_t uplinks(const struct config *c, bool sources, size_t *first)
{
	size_t count = 0;

	for (size_t i = c->interface_count; i-- > 0;) {
		const struct config_interface *f = &c->interfaces[i];

		if (!plan_has_cable(f) ||
		    !(sources ? plan_is_tunnel_source(c, f) : f->dhcp || is_routed_out(c, f)))
			continue;
		*first = i;
		count++;
	}
	return count;
}

static bool only_uplink(struct apply *a, size_t router, size_t *interface)
{
	const struct config *c = a->plan->routers[router].config;
	size_t count = uplinks(c, true, interface);

	if (!count)
		count = uplinks(c, false, interface);
	if (count == 1)
		return true;
	if (count)
		complain(a, "write the interface behind its name", "%s has %zu uplinks",
			 a->plan->routers[router].name, count);
	else
		complain(a, "give it a route out, or name an interface", "%s has no uplink",
			 a->plan->routers[router].name);
	return false;
}

/* "ROUTER [INTERFACE]" at *at; what follows a router and is none is its interface. */
static bool take_port(struct apply *a, size_t *at, size_t end, size_t *router, size_t *interface)
{
	const struct lab_conf_line *l = a->line;
	size_t next;

	if (!find_router(a, l->words[(*at)++], router))
		return false;
	if (*at < end && !lab_plan_router(a->plan, l->words[*at], &next))
		return need_interface(a, *router, l->words[(*at)++], interface);
	return only_uplink(a, *router, interface);
}

size_t plan_conf_box(const struct lab_plan *plan, size_t router, size_t interface)
{
	for (size_t i = 0; i < plan->nat_count; i++)
		for (size_t k = 0; k < plan->nats[i].member_count; k++)
			if (plan->nats[i].members[k].router == router &&
			    plan->nats[i].members[k].interface == interface)
				return i + 1;
	return 0;
}

/* The box is written to a bare IPv4 world: a member's IPv6 would lead nowhere. */
static bool has_ipv6(const struct config_interface *f)
{
	for (size_t i = 0; i < f->address_count; i++)
		if (f->addresses[i].addr.family == IP_V6 && !f->addresses[i].link_local)
			return true;
	return false;
}

static bool add_member(struct apply *a, struct lab_nat *box, size_t router, size_t interface)
{
	const struct config_interface *f = interface_at(a->plan, router, interface);
	const char *name = a->plan->routers[router].name;

	if (plan_conf_box(a->plan, router, interface)) {
		complain(a, "name it once", "%s %s is behind a NAT box already", name, f->ios_name);
		return false;
	}
	if (has_ipv6(f)) {
		complain(a, "take the interface's IPv6 address away", "%s %s has IPv6, and a NAT box translates IPv4",
			 name, f->ios_name);
		return false;
	}
	*(struct lab_member *)lab_append(&box->members, &box->member_count, sizeof(struct lab_member)) =
		(struct lab_member){ router, interface };
	return true;
}

static bool take_nat(struct apply *a)
{
	struct lab_nat *box = lab_append(&a->plan->nats, &a->plan->nat_count, sizeof(*box));
	size_t router, interface, at = 0;

	box->line = a->line;
	while (at < a->line->word_count)
		if (!take_port(a, &at, a->line->word_count, &router, &interface) ||
		    !add_member(a, box, router, interface))
			return false;
	return true;
}

bool plan_conf_members(struct lab_plan *plan, const struct lab_conf *conf, char *error, size_t size)
{
	struct apply a = { .plan = plan, .conf = conf, .error = error, .size = size };

	for (size_t i = 0; i < conf->line_count; i++) {
		a.line = &conf->lines[i];
		if (a.line->kind == LAB_CONF_NAT && !take_nat(&a))
			return false;
	}
	return true;
}

static struct lab_segment *segment_of(const struct lab_plan *plan, size_t router, size_t interface)
{
	for (size_t i = 0; i < plan->segment_count; i++)
		for (size_t k = 0; k < plan->segments[i].port_count; k++) {
			const struct lab_port *p = &plan->segments[i].ports[k];

			if (p->node == NODE_ROUTER && p->index == router && p->interface == interface)
				return &plan->segments[i];
		}
	return NULL;
}

static bool overlaps(const struct ipprefix *p, const struct ipaddr *addr, uint8_t len)
{
	struct ipprefix other = ipprefix_make(addr, len);

	return ipprefix_covers(p, &other) || ipprefix_covers(&other, p);
}

static bool is_taken(const struct lab_plan *plan, const struct ipprefix *p)
{
	for (size_t i = 0; i < plan->router_count; i++) {
		const struct config *c = plan->routers[i].config;

		for (size_t k = 0; k < c->interface_count; k++)
			for (size_t n = 0; n < c->interfaces[k].address_count; n++)
				if (overlaps(p, &c->interfaces[k].addresses[n].addr,
					     c->interfaces[k].addresses[n].prefix_len))
					return true;
	}
	for (size_t i = 0; i < plan->nat_count; i++)
		if (ipprefix_contains(p, &plan->nats[i].address))
			return true;
	return false;
}

/* The first /30 of the documentation range that no configuration uses. */
static bool public_subnet(struct apply *a, uint32_t *base)
{
	for (uint32_t n = 0; n < PUBLIC_COUNT; n++) {
		struct ipprefix p = { .addr = ipaddr_v4(PUBLIC_NET + 4 * n), .len = 30 };

		*base = PUBLIC_NET + 4 * n;
		if (!is_taken(a->plan, &p))
			return true;
	}
	complain(a, "use fewer boxes, or other addresses in the routers",
		 "no /30 of 203.0.113.0/24 is left for the box");
	return false;
}

/* Takes the internet node's place on a segment of a member. */
static bool stand_before(struct apply *a, size_t box, const struct lab_member *m)
{
	struct lab_segment *s = segment_of(a->plan, m->router, m->interface);
	struct lab_port *out = s ? (struct lab_port *)(uintptr_t)lab_segment_way_out(s) : NULL;

	if (!out) {
		complain(a, "only the way to the internet can lead through a NAT box",
			 "%s %s does not lead to the internet", a->plan->routers[m->router].name,
			 interface_at(a->plan, m->router, m->interface)->ios_name);
		return false;
	}
	if (out->node == NODE_NAT)
		return true;
	out->node = NODE_NAT;
	out->index = box;
	snprintf(out->ifname, sizeof(out->ifname), "in%u", (unsigned)(s - a->plan->segments) & 0xffff);
	return true;
}

/* Two cables with the same numbers on one box: it could not tell them apart. */
static bool inside_is_clear(struct apply *a, size_t box)
{
	const struct lab_port *first = NULL;

	for (size_t i = 0; i < a->plan->segment_count; i++) {
		const struct lab_port *p = lab_segment_port(&a->plan->segments[i], NODE_NAT, box);

		for (size_t k = 0; p && first && k < p->address_count; k++) {
			struct ipprefix mine = ipprefix_make(&p->addresses[k].addr, p->addresses[k].len);

			for (size_t n = 0; n < first->address_count; n++)
				if (overlaps(&mine, &first->addresses[n].addr, first->addresses[n].len)) {
					complain(a, "give each of them a box of its own",
						 "two cables behind this box use the same numbers");
					return false;
				}
		}
		first = p ? p : first;
	}
	return true;
}

static bool add_box(struct apply *a, size_t box)
{
	const struct ipprefix all = { .addr = ipaddr_v4(0), .len = 0 };
	struct lab_nat *nat = &a->plan->nats[box];
	struct lab_segment *s;
	uint32_t base;

	for (size_t i = 0; i < nat->member_count; i++)
		if (!stand_before(a, box, &nat->members[i]))
			return false;
	if (!inside_is_clear(a, box) || !public_subnet(a, &base))
		return false;
	nat->address = ipaddr_v4(base + 2);
	s = lab_append(&a->plan->segments, &a->plan->segment_count, sizeof(*s));
	s->kind = SEGMENT_UPLINK;
	plan_add_address(plan_add_port(s, NODE_NAT, box, LAB_NAT_OUTSIDE), nat->address, 30);
	plan_add_address(plan_internet_port(a->plan, s), ipaddr_v4(base + 1), 30);
	plan_add_route(a->plan, NODE_NAT, box, 0, all, ipaddr_v4(base + 1), "");
	return true;
}

static bool take_percent(struct apply *a, const char *word, unsigned *hundredths)
{
	char *end;
	double percent = strtod(word, &end);

	if (*end == '%')
		end++;
	if (*word >= '0' && *word <= '9' && !*end && percent >= 0.01 && percent <= 100) {
		*hundredths = (unsigned)(percent * 100 + 0.5);
		return true;
	}
	complain(a, "write a number from 0.01 to 100", "\"%.40s\" is no percentage", word);
	return false;
}

static bool take_loss(struct apply *a)
{
	struct lab_loss loss = { 0 };
	const struct lab_port *out;
	const struct lab_segment *s;
	size_t interface, at = 0, end = a->line->word_count - 1;

	if (!take_port(a, &at, end, &loss.router, &interface) ||
	    !take_percent(a, a->line->words[end], &loss.hundredths))
		return false;
	if (at != end) {
		complain(a, "write a line for each", "loss is of one uplink");
		return false;
	}
	s = segment_of(a->plan, loss.router, interface);
	out = s ? lab_segment_way_out(s) : NULL;
	if (!out) {
		complain(a, "loss is made on the way to the internet only", "%s %s does not lead to the internet",
			 a->plan->routers[loss.router].name,
			 interface_at(a->plan, loss.router, interface)->ios_name);
		return false;
	}
	for (size_t i = 0; i < a->plan->loss_count; i++)
		if (a->plan->losses[i].segment == (size_t)(s - a->plan->segments)) {
			complain(a, "say it once", "that cable has a loss already");
			return false;
		}
	loss.segment = (size_t)(s - a->plan->segments);
	*(struct lab_loss *)lab_append(&a->plan->losses, &a->plan->loss_count, sizeof(loss)) = loss;
	return true;
}

static bool is_name_taken(const struct lab_plan *plan, const char *name)
{
	size_t i;

	if (lab_plan_router(plan, name, &i) || strcasecmp(name, "internet") == 0 ||
	    strcasecmp(name, "switch") == 0 || lab_plan_nat(plan, name, &i))
		return true;
	for (i = 0; i < plan->host_count; i++)
		if (strcasecmp(plan->hosts[i].name, name) == 0)
			return true;
	return false;
}

static bool good_name(struct apply *a, const char *name)
{
	static const char fine[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

	if (strspn(name, fine) != strlen(name) || strlen(name) >= LAB_NAME_MAX || *name == '-') {
		complain(a, "letters, digits, - and _, at most 47 of them", "\"%.60s\" is no name for a host", name);
		return false;
	}
	if (is_name_taken(a->plan, name)) {
		complain(a, "choose another", "the name %.60s is taken", name);
		return false;
	}
	return true;
}

/* The router's address on whose subnet the host's lies, or NULL. */
static const struct lab_address *gateway_of(const struct lab_segment *s, size_t router, const struct ipaddr *addr)
{
	const struct lab_port *p = lab_segment_port(s, NODE_ROUTER, router);

	for (size_t i = 0; p && i < p->address_count; i++) {
		struct ipprefix subnet = ipprefix_make(&p->addresses[i].addr, p->addresses[i].len);

		if (ipprefix_contains(&subnet, addr) && !ipaddr_is_link_local(&subnet.addr))
			return &p->addresses[i];
	}
	return NULL;
}

static bool is_used(const struct lab_segment *s, const struct ipaddr *addr)
{
	struct ipaddr *used;
	size_t count = plan_used_addresses(s, &used);
	bool found = false;

	for (size_t i = 0; i < count; i++)
		found |= ipaddr_eq(&used[i], addr);
	free(used);
	return found;
}

static void add_host(struct lab_plan *plan, struct lab_segment *s, const char *name, size_t router,
		     const struct ipaddr *addr, const struct lab_address *gateway)
{
	struct lab_host h = { .router = router, .segment = (size_t)(s - plan->segments), .added = true };
	bool v4 = addr->family == IP_V4;

	snprintf(h.name, sizeof(h.name), "%s", name);
	*(v4 ? &h.v4 : &h.v6) = (struct lab_address){ *addr, gateway->len };
	*(v4 ? &h.gateway4 : &h.gateway6) = gateway->addr;
	*(struct lab_host *)lab_append(&plan->hosts, &plan->host_count, sizeof(h)) = h;
	plan_add_address(plan_add_port(s, NODE_HOST, plan->host_count - 1, "eth0"), *addr, gateway->len);
}

static bool take_host(struct apply *a)
{
	char **w = a->line->words;
	const struct lab_address *gateway;
	struct lab_segment *s;
	size_t router, interface;
	struct ipaddr addr;

	if (!good_name(a, w[0]) || !find_router(a, w[1], &router) || !need_interface(a, router, w[2], &interface))
		return false;
	s = segment_of(a->plan, router, interface);
	if (!s || lab_segment_way_out(s)) {
		complain(a, "a host stands on a LAN", "%s %s leads to the internet", a->plan->routers[router].name, w[2]);
		return false;
	}
	gateway = ipaddr_parse(w[3], &addr) ? gateway_of(s, router, &addr) : NULL;
	if (!gateway) {
		complain(a, "write one from the interface's subnet", "\"%.50s\" is no address on %s %s", w[3],
			 a->plan->routers[router].name, w[2]);
		return false;
	}
	if (is_used(s, &addr)) {
		complain(a, "write another", "%s is in use there", w[3]);
		return false;
	}
	add_host(a->plan, s, w[0], router, &addr, gateway);
	return true;
}

bool plan_conf_apply(struct lab_plan *plan, const struct lab_conf *conf, char *error, size_t size)
{
	struct apply a = { .plan = plan, .conf = conf, .error = error, .size = size };

	for (size_t i = 0; i < plan->nat_count; i++) {
		a.line = plan->nats[i].line;
		if (!add_box(&a, i))
			return false;
	}
	for (size_t i = 0; i < conf->line_count; i++) {
		a.line = &conf->lines[i];
		if ((a.line->kind == LAB_CONF_LOSS && !take_loss(&a)) || (a.line->kind == LAB_CONF_HOST && !take_host(&a)))
			return false;
	}
	return true;
}
