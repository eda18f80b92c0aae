/* Where tunnels start: sources, VRFs, uplinks, and the routes that carry the tunnels' own packets. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "design/compare.h"
#include "design/design.h"
#include "design/said.h"
#include "design/underlay.h"

/* ---- sources ---- */

static unsigned address_line(const struct config_interface *i)
{
	const unsigned line = said_line(i, "ip address");

	return line != i->line ? line : said_line(i, "ipv6 address");
}

/* "GigabitEthernet0/0.10" is down with GigabitEthernet0/0. */
static const struct config_interface *shut_parent(const struct config *c, const struct config_interface *i)
{
	const char *dot = strrchr(i->ios_name, '.');

	for (size_t k = 0; dot && k < c->interface_count; k++) {
		const struct config_interface *p = &c->interfaces[k];

		if (p->shutdown && strlen(p->ios_name) == (size_t)(dot - i->ios_name) && !strncmp(p->ios_name, i->ios_name, strlen(p->ios_name)))
			return p;
	}
	return NULL;
}

static void shut_source(struct design *d, const struct design_member *m)
{
	const struct config *c = member_config(d, m);
	const struct config_interface *shut = m->source->shutdown ? m->source : shut_parent(c, m->source);
	struct design_finding *f;

	if (!shut)
		return;
	f = design_found(d, RULE_SOURCE_SHUT, "write no shutdown there, or name another tunnel source", "%s %s starts at %s, and %s is shut down", member_name(d, m),
			 m->interface->ios_name, m->source->ios_name, shut->ios_name);
	finding_place(f, c, said_line(shut, "shutdown"));
	finding_place(f, c, said_line(m->interface, "tunnel source"));
	finding_place(f, c, m->source->line);
	finding_place(f, c, m->interface->line);
}

static void bare_source(struct design *d, const struct design_member *m)
{
	const struct config *c = member_config(d, m);
	struct design_finding *f;

	if (m->source ? !ipaddr_is_none(&m->nbma) || m->nbma_dynamic : ipaddr_is_none(&m->tunnel->source) || !underlay_shown(c))
		return;
	if (m->source) {
		f = design_found(d, RULE_SOURCE_WITHOUT_ADDRESS, "give the interface an address, or name another tunnel source", "%s %s starts at %s, which has no %s address",
				 member_name(d, m), m->interface->ios_name, m->source->ios_name, m->tunnel->transport == IP_V6 ? "IPv6" : "IPv4");
	} else {
		char text[IPADDR_TEXT_MAX];

		f = design_found(d, RULE_SOURCE_WITHOUT_ADDRESS, "name the interface as tunnel source", "%s %s starts at %s, which no interface has", member_name(d, m),
				 m->interface->ios_name, ipaddr_format(&m->tunnel->source, text));
	}
	finding_place(f, c, m->source ? m->source->line : 0);
	finding_place(f, c, said_line(m->interface, "tunnel source"));
	finding_place(f, c, m->interface->line);
}

static const char *vrf_name(const struct config *c, uint32_t vrf)
{
	return vrf ? c->vrfs[vrf].name : "the global table";
}

static void other_vrf(struct design *d, const struct design_member *m)
{
	const struct config *c = member_config(d, m);
	struct design_finding *f;
	char remedy[100];

	if (!m->source || m->source->vrf == m->tunnel->vrf)
		return;
	if (m->source->vrf)
		snprintf(remedy, sizeof remedy, "add tunnel vrf %.60s", c->vrfs[m->source->vrf].name);
	else
		snprintf(remedy, sizeof remedy, "take tunnel vrf %.60s out", c->vrfs[m->tunnel->vrf].name);
	f = design_found(d, RULE_TUNNEL_VRF_MISSING, remedy, "%s %s looks for its peers in %s, and its source %s is in %s", member_name(d, m), m->interface->ios_name,
			 vrf_name(c, m->tunnel->vrf), m->source->ios_name, vrf_name(c, m->source->vrf));
	finding_place(f, c, m->interface->line);
	finding_place(f, c, said_line(m->interface, "tunnel vrf"));
	finding_place(f, c, said_line(m->interface, "tunnel source"));
	finding_place(f, c, m->source->line);
	finding_place(f, c, said_linef(m->source, "vrf forwarding"));
	finding_place(f, c, said_linef(m->source, "ip vrf forwarding"));
}

/* ---- two uplinks ---- */

/* An address at the far end of the tunnel: a server's, or a client's. */
static struct ipaddr far_end(const struct design *d, const struct design_member *m)
{
	const uint32_t *in;
	size_t count;

	for (size_t i = 0; i < m->nhrp->nhs_count; i++) {
		const struct ipaddr nbma = design_nhs_nbma(m, &m->nhrp->nhs[i]);

		if (!ipaddr_is_none(&nbma))
			return nbma;
	}
	if (!ipaddr_is_none(&m->tunnel->destination.addr))
		return m->tunnel->destination.addr;
	in = design_incoming(d, design_member_number(d, m), &count);
	for (size_t i = 0; i < count; i++) {
		const struct ipaddr *nbma = &d->members[d->links[in[i]].from].nbma;

		if (!ipaddr_is_none(nbma))
			return *nbma;
	}
	return IPADDR_NONE;
}

static bool other_uplink(const struct design *d, const struct design_member *m)
{
	const struct design_router *r = &d->routers[m->router];

	for (uint32_t i = r->first; i < r->first + r->count; i++) {
		const struct design_member *o = &d->members[i];

		if (o->source && o->source != m->source && o->source->vrf == m->source->vrf && strncmp(o->source->ios_name, "Loopback", 8))
			return true;
	}
	return false;
}

/* The router chooses the uplink by other means than its routes. */
static bool by_policy(const struct config *c, const struct design_member *m)
{
	for (size_t i = 0; i < c->said_count; i++) {
		if (said_begins(c->said[i].text, "ip local policy route-map"))
			return true;
	}
	return said_find(m->interface, "tunnel route-via") != NULL;
}

static void wrong_uplink(struct design *d, const struct design_member *m)
{
	const struct config *c = member_config(d, m);
	const struct ipaddr to = m->source ? far_end(d, m) : IPADDR_NONE;
	const struct way *wrong = NULL;
	struct way ways[WAYS_MAX];
	char text[IPADDR_TEXT_MAX];
	struct design_finding *f;
	size_t count;

	if (ipaddr_is_none(&to) || !strncmp(m->source->ios_name, "Loopback", 8) || !other_uplink(d, m) || by_policy(c, m))
		return;
	count = underlay_ways(c, m->tunnel->vrf, &to, ways);
	for (size_t i = 0; i < count && !wrong; i++)
		wrong = ways[i].out != m->source && !ways[i].out->is_tunnel ? &ways[i] : NULL;
	if (!wrong)
		return;
	f = design_found(d, RULE_ONE_DEFAULT_TWO_UPLINKS, "put each uplink into a VRF of its own with its own default route (vrf forwarding, tunnel vrf), or route the far ends by the right uplink one by one",
			 "%s %s starts at %s, and what it sends to %s leaves by %s: with the wrong source address, which providers drop", member_name(d, m),
			 m->interface->ios_name, m->source->ios_name, ipaddr_format(&to, text), wrong->out->ios_name);
	finding_place(f, c, said_line(m->interface, "tunnel source"));
	finding_place(f, c, m->interface->line);
	for (size_t i = 0; i < c->route_count; i++)
		finding_place(f, c, c->routes[i].vrf == m->tunnel->vrf && !c->routes[i].dst.len ? c->routes[i].line : 0);
	finding_place(f, c, wrong->route ? wrong->route->line : 0);
	finding_place(f, c, m->source->line);
}

/* ---- no way out of a VRF ---- */

static bool has_routing(const struct config *c, uint32_t vrf)
{
	for (const struct config_block *b = block_after(c, NULL, "router"); b; b = block_after(c, b, "router")) {
		char name[64];

		if (said_word_after(b->head, "vrf", name) && !strcmp(name, c->vrfs[vrf].name))
			return true;
		for (size_t i = 0; i < b->line_count; i++) {
			if (said_word_after(b->lines[i].text, "vrf", name) && !strcmp(name, c->vrfs[vrf].name))
				return true;
		}
	}
	return false;
}

/* A routing protocol, or a lease, may bring the way. */
static bool learns_routes(const struct config *c, uint32_t vrf)
{
	for (size_t i = 0; i < c->interface_count; i++) {
		if (c->interfaces[i].vrf == vrf && c->interfaces[i].dhcp)
			return true;
	}
	return has_routing(c, vrf);
}

/* Or a route is there, and what is wrong with its gateway is another finding. */
static bool is_routed(const struct config *c, uint32_t vrf, const struct ipaddr *to)
{
	for (size_t i = 0; i < c->route_count; i++) {
		if (c->routes[i].vrf == vrf && ipprefix_contains(&c->routes[i].dst, to))
			return true;
	}
	return false;
}

static void no_way_out(struct design *d, const struct design_member *m)
{
	const struct config *c = member_config(d, m);
	const struct ipaddr to = far_end(d, m);
	struct way ways[WAYS_MAX];
	char text[IPADDR_TEXT_MAX], remedy[120];
	struct design_finding *f;

	if (!m->tunnel->vrf || m->source->vrf != m->tunnel->vrf || ipaddr_is_none(&to) || to.family != m->tunnel->transport || m->source->shutdown ||
	    underlay_ways(c, m->tunnel->vrf, &to, ways) || is_routed(c, m->tunnel->vrf, &to) || learns_routes(c, m->tunnel->vrf))
		return;
	snprintf(remedy, sizeof remedy, "add %s vrf %.60s %s GATEWAY", to.family == IP_V4 ? "ip route" : "ipv6 route", c->vrfs[m->tunnel->vrf].name,
		 to.family == IP_V4 ? "0.0.0.0 0.0.0.0" : "::/0");
	f = design_found(d, RULE_VRF_ROUTE_MISSING, remedy, "%s %s sends to %s in VRF %s, where no route leads there", member_name(d, m), m->interface->ios_name,
			 ipaddr_format(&to, text), c->vrfs[m->tunnel->vrf].name);
	finding_place(f, c, said_line(m->interface, "tunnel vrf"));
	finding_place(f, c, m->interface->line);
	finding_place(f, c, m->source->line);
	for (size_t i = 0; i < c->route_count; i++)
		finding_place(f, c, !c->routes[i].dst.len ? c->routes[i].line : 0);
}

/* A hub whose spokes may be anywhere. */
static void no_default(struct design *d, const struct design_member *m)
{
	const struct config *c = member_config(d, m);
	const struct ipaddr known = far_end(d, m), anywhere = m->tunnel->transport == IP_V4 ? ipaddr_v4(0) : IPADDR_NONE;
	struct design_finding *f;
	const uint32_t *in;
	size_t count;
	char remedy[120];

	in = design_incoming(d, design_member_number(d, m), &count);
	if (!m->tunnel->vrf || m->source->vrf != m->tunnel->vrf || !count || !ipaddr_is_none(&known) || ipaddr_is_none(&anywhere) || m->source->shutdown ||
	    is_routed(c, m->tunnel->vrf, &anywhere) || learns_routes(c, m->tunnel->vrf))
		return;
	snprintf(remedy, sizeof remedy, "add ip route vrf %.60s 0.0.0.0 0.0.0.0 GATEWAY", c->vrfs[m->tunnel->vrf].name);
	f = design_found(d, RULE_VRF_ROUTE_MISSING, remedy, "%s %s answers %s, whose address changes, in VRF %s, which has no default route", member_name(d, m), m->interface->ios_name,
			 member_name(d, &d->members[d->links[in[0]].from]), c->vrfs[m->tunnel->vrf].name);
	finding_place(f, c, said_line(m->interface, "tunnel vrf"));
	finding_place(f, c, m->interface->line);
	finding_place(f, c, m->source->line);
}

/* ---- routes of VRFs that lead nowhere ---- */

/* Its networks are all in the file. */
static bool is_fixed(const struct config *c, uint32_t vrf)
{
	for (size_t i = 0; i < c->interface_count; i++) {
		const struct config_interface *at = &c->interfaces[i];

		if (at->vrf == vrf && !at->shutdown && !at->address_count)
			return false;
	}
	return !learns_routes(c, vrf);
}

static void gateway_of_nobody(struct design *d, const struct design_router *r, const struct config_route *route)
{
	const struct config *c = r->config;
	char text[IPPREFIX_TEXT_MAX], gateway[IPADDR_TEXT_MAX];
	struct design_finding *f;

	if (!route->vrf || route->interface || ipaddr_is_none(&route->gateway) || !underlay_shown(c) || !is_fixed(c, route->vrf))
		return;
	for (uint32_t vrf = 0; vrf < c->vrf_count; vrf++) {
		if (underlay_behind(c, vrf, &route->gateway))
			return; /* in another one: that is said there */
	}
	for (size_t i = 0; i < c->route_count; i++) {
		if (c->routes[i].vrf == route->vrf && c->routes[i].dst.len && ipprefix_contains(&c->routes[i].dst, &route->gateway))
			return;
	}
	f = design_found(d, RULE_VRF_ROUTE_MISSING, "write the gateway that is on the uplink's own network", "%s: the route to %s in VRF %s goes to %s, which is on no network there: it never comes up", r->name,
			 ipprefix_format(&route->dst, text), c->vrfs[route->vrf].name, ipaddr_format(&route->gateway, gateway));
	finding_place(f, c, route->line);
}

/* Users leave by a route into an uplink's VRF, and what is answered is routed there. */
static void no_way_back(struct design *d, const struct design_router *r, const struct config_route *route)
{
	const struct config *c = r->config;
	const struct config_interface *out = route->interface && config_route_crosses(c, route) ? config_find_interface(c, route->interface) : NULL;

	for (size_t i = 0; out && out->vrf && said_find(out, "ip nat outside") && i < c->interface_count; i++) {
		const struct config_interface *in = &c->interfaces[i];
		char text[IPADDR_TEXT_MAX], remedy[200];
		struct design_finding *f;
		bool routed = has_routing(c, out->vrf);

		if (in->vrf != route->vrf || in->is_tunnel || in->shutdown || !in->address_count || in->addresses[0].addr.family != IP_V4 || !said_find(in, "ip nat inside"))
			continue;
		for (size_t k = 0; k < c->route_count; k++)
			routed |= c->routes[k].vrf == out->vrf && c->routes[k].dst.len && ipprefix_contains(&c->routes[k].dst, &in->addresses[0].addr);
		if (routed)
			continue;
		snprintf(remedy, sizeof remedy, "add ip route vrf %.60s NETWORK MASK %.60s", c->vrfs[out->vrf].name, in->ios_name);
		f = design_found(d, RULE_VRF_ROUTE_MISSING, remedy, "%s: users on %s (%s) leave by %s, and VRF %s has no route for the answers", r->name, in->ios_name,
				 ipaddr_format(&in->addresses[0].addr, text), out->ios_name, c->vrfs[out->vrf].name);
		finding_place(f, c, route->line);
		finding_place(f, c, out->line);
		finding_place(f, c, in->line);
	}
}

/* ---- overlapping subnets ---- */

struct subnet {
	struct ipprefix p;
	uint32_t vrf;
	const struct config_interface *i;
	unsigned line;
};

static int by_prefix(const void *a, const void *b)
{
	const struct subnet *x = a, *y = b;
	int order;

	if (x->vrf != y->vrf)
		return x->vrf < y->vrf ? -1 : 1;
	order = ipaddr_cmp(&x->p.addr, &y->p.addr);
	if (order)
		return order;
	if (x->p.len != y->p.len)
		return x->p.len < y->p.len ? -1 : 1;
	return x->line < y->line ? -1 : x->line > y->line;
}

static size_t subnets_of(const struct config *c, struct subnet *out)
{
	size_t count = 0;

	for (size_t i = 0; i < c->interface_count; i++) {
		const struct config_interface *at = &c->interfaces[i];

		for (size_t k = 0; !at->shutdown && k < at->address_count; k++) {
			const struct config_address *a = &at->addresses[k];

			if (!a->link_local)
				out[count++] = (struct subnet){ ipprefix_make(&a->addr, a->prefix_len), at->vrf, at, address_line(at) };
		}
	}
	return count;
}

static void overlaps(struct design *d, const struct design_router *r)
{
	const struct config *c = r->config;
	struct subnet *s;
	size_t count = 0, wide = 0;

	for (size_t i = 0; i < c->interface_count; i++)
		count += c->interfaces[i].address_count;
	s = alloc_zero(count, sizeof *s);
	count = subnets_of(c, s);
	qsort(s, count, sizeof *s, by_prefix);
	for (size_t i = 1; i < count; i++) {
		char a[IPPREFIX_TEXT_MAX], b[IPPREFIX_TEXT_MAX];
		struct design_finding *f;

		if (s[i].vrf == s[wide].vrf && s[i].i != s[wide].i && ipprefix_covers(&s[wide].p, &s[i].p)) {
			f = design_found(d, RULE_OVERLAPPING_UPLINKS, "give the two interfaces subnets of their own, or put one into a VRF", "%s: %s (%s) and %s (%s) overlap in %s", r->name,
					 s[wide].i->ios_name, ipprefix_format(&s[wide].p, a), s[i].i->ios_name, ipprefix_format(&s[i].p, b), vrf_name(c, s[i].vrf));
			finding_place(f, c, s[i].line);
			finding_place(f, c, s[wide].line);
			finding_place(f, c, s[i].i->line);
			finding_place(f, c, s[wide].i->line);
		}
		if (s[i].vrf != s[wide].vrf || !ipprefix_covers(&s[wide].p, &s[i].p))
			wide = i;
	}
	free(s);
}

/* Its own packets are led by their source address: IKE and ESP know no more of a VRF. */
static void one_address(struct design *d, const struct design_router *r)
{
	for (uint32_t i = r->first; i < r->first + r->count; i++) {
		const struct design_member *m = &d->members[i];

		for (uint32_t k = r->first; k < i; k++) {
			const struct design_member *o = &d->members[k];
			char text[IPADDR_TEXT_MAX];
			struct design_finding *f;

			if (!m->source || !o->source || m->source->vrf == o->source->vrf || ipaddr_is_none(&m->nbma) || !ipaddr_eq(&m->nbma, &o->nbma))
				continue;
			f = design_found(d, RULE_OVERLAPPING_UPLINKS, "give the two uplinks addresses of their own", "%s: %s in %s and %s in %s, where tunnels start, have one address, %s: what leaves cannot be told apart", r->name,
					 o->source->ios_name, vrf_name(r->config, o->source->vrf), m->source->ios_name, vrf_name(r->config, m->source->vrf), ipaddr_format(&m->nbma, text));
			finding_place(f, r->config, address_line(m->source));
			finding_place(f, r->config, address_line(o->source));
			finding_place(f, r->config, m->interface->line);
			return;
		}
	}
}

/* ---- routes from one VRF into another ---- */

static void other_table(struct design *d, const struct design_router *r, const struct config_route *route)
{
	const struct config *c = r->config;
	char text[IPPREFIX_TEXT_MAX], gateway[IPADDR_TEXT_MAX], remedy[160];
	struct design_finding *f;

	if (route->interface || ipaddr_is_none(&route->gateway) || underlay_behind(c, route->vrf, &route->gateway))
		return;
	for (uint32_t vrf = 0; vrf < c->vrf_count; vrf++) {
		const struct config_interface *at = vrf == route->vrf ? NULL : underlay_behind(c, vrf, &route->gateway);

		if (!at)
			continue;
		snprintf(remedy, sizeof remedy, "name the interface: … %.40s %s", at->ios_name, ipaddr_format(&route->gateway, gateway));
		f = design_found(d, RULE_INTER_VRF_ROUTE_WITHOUT_INTERFACE, remedy, "%s: the route to %s is in %s, and its gateway %s lies in %s: it never comes up", r->name,
				 ipprefix_format(&route->dst, text), vrf_name(c, route->vrf), ipaddr_format(&route->gateway, gateway), vrf_name(c, vrf));
		finding_place(f, c, route->line);
		finding_place(f, c, address_line(at));
		return;
	}
}

/* ---- static routes into tunnels ---- */

static const struct config_interface *tunnel_of(const struct config *c, const struct config_route *r)
{
	const struct config_interface *at = r->interface ? config_find_interface(c, r->interface) : underlay_behind(c, r->vrf, &r->gateway);

	return at && at->is_tunnel ? at : NULL;
}

static void stays_for_ever(struct design *d, const struct design_router *r)
{
	const struct config *c = r->config;

	if (r->count < 2)
		return;
	for (size_t i = 0; i < c->route_count; i++) {
		const struct config_route *route = &c->routes[i], *other = NULL;
		const struct config_interface *tunnel = tunnel_of(c, route);
		char text[IPPREFIX_TEXT_MAX];
		struct design_finding *f;

		if (!tunnel || route->track || tunnel->tunnel->if_state_nhrp || !(tunnel->tunnel->nhrp4.nhs_count + tunnel->tunnel->nhrp6.nhs_count))
			continue;
		for (size_t k = 0; k < c->route_count && !other; k++) {
			if (k != i && c->routes[k].vrf == route->vrf && ipprefix_eq(&c->routes[k].dst, &route->dst) && tunnel_of(c, &c->routes[k]) &&
			    tunnel_of(c, &c->routes[k]) != tunnel && route->distance <= c->routes[k].distance)
				other = &c->routes[k];
		}
		if (!other)
			continue;
		f = design_found(d, RULE_STATIC_ROUTE_WITHOUT_IF_STATE, "add if-state nhrp to the tunnel", "%s: the static route to %s by %s stays when the hub there dies, and the one by %s is never used",
				 r->name, ipprefix_format(&route->dst, text), tunnel->ios_name, tunnel_of(c, other)->ios_name);
		finding_place(f, c, route->line);
		finding_place(f, c, tunnel->line);
		finding_place(f, c, other->line);
	}
}

void rules_underlay(struct design *d)
{
	for (size_t i = 0; i < d->member_count; i++) {
		const struct design_member *m = &d->members[i];

		bare_source(d, m);
		other_vrf(d, m);
		if (!m->source)
			continue;
		shut_source(d, m);
		wrong_uplink(d, m);
		no_way_out(d, m);
		no_default(d, m);
	}
	for (size_t i = 0; i < d->router_count; i++) {
		const struct design_router *r = &d->routers[i];

		overlaps(d, r);
		one_address(d, r);
		stays_for_ever(d, r);
		for (size_t k = 0; k < r->config->route_count; k++) {
			other_table(d, r, &r->config->routes[k]);
			gateway_of_nobody(d, r, &r->config->routes[k]);
			no_way_back(d, r, &r->config->routes[k]);
		}
	}
}
