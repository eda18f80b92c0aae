/* Overlay routes that catch the tunnels' own packets, default routes in both worlds, router ids. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "design/bgp.h"
#include "design/compare.h"
#include "design/design.h"
#include "design/routing.h"
#include "design/said.h"
#include "design/underlay.h"

/* ---- the underlay announced in the overlay ---- */

struct announcement {
	unsigned line;
	const char *protocol;
};

static struct ipprefix source_subnet(const struct design_member *m)
{
	for (size_t k = 0; k < m->source->address_count; k++) {
		if (ipaddr_eq(&m->source->addresses[k].addr, &m->nbma))
			return ipprefix_make(&m->nbma, m->source->addresses[k].prefix_len);
	}
	return ipprefix_host(&m->nbma);
}

static unsigned connected_line(const struct config_block *b)
{
	const struct config_block_line *line = b ? block_line(b, "redistribute connected") : NULL;

	return line && !strstr(line->text, "route-map") ? line->line : 0;
}

/* `network ADDRESS [mask MASK]`; false: something else. */
static bool bgp_network(const char *line, struct ipprefix *p, bool *has_mask)
{
	char text[160], first[64], mask[64] = "";

	if (sscanf(line, "network %63s mask %63s", first, mask) < 1)
		return false;
	*has_mask = *mask != '\0';
	snprintf(text, sizeof text, "%s %s", first, mask);
	return said_prefix(text, p);
}

static unsigned bgp_network_line(const struct config_block *b, const struct ipprefix *p)
{
	for (size_t at = block_next(b, 0, "network"); at != SIZE_MAX; at = block_next(b, at + 1, "network")) {
		struct ipprefix q;
		bool has_mask;

		if (bgp_network(b->lines[at].text, &q, &has_mask) && ipprefix_eq(&q, p))
			return b->lines[at].line;
	}
	return connected_line(b);
}

/* m tells `to` through the tunnel of the subnet that its tunnel starts in. */
static struct announcement announces_source(const struct design *d, const struct design_member *m, const struct design_member *to)
{
	const struct config *c = member_config(d, m);
	const struct ipprefix subnet = source_subnet(m);
	struct routing r[ROUTING_MAX];
	const size_t count = routing_of(d, m, r);
	struct bgp_peer p;

	for (size_t i = 0; i < count; i++) {
		unsigned line = r[i].passive || m->source->vrf != m->interface->vrf ? 0 : routing_takes(c, &r[i], m->source);

		if (!line && !r[i].passive && m->source->vrf == m->interface->vrf)
			line = connected_line(r[i].block);
		if (line)
			return (struct announcement){ line, routing_name(r[i].kind) };
	}
	if (to->address && m->source->vrf == m->interface->vrf && bgp_peer(c, &to->address->addr, &p) && bgp_network_line(p.block, &subnet))
		return (struct announcement){ bgp_network_line(p.block, &subnet), "BGP" };
	return (struct announcement){ 0, NULL };
}

/* The way that `m` has to that subnet is less exact than what it would learn. */
static bool would_follow(const struct design *d, const struct design_member *m, const struct design_member *peer)
{
	const struct ipprefix subnet = source_subnet(peer);
	struct way ways[WAYS_MAX];
	const size_t count = underlay_ways(member_config(d, m), m->tunnel->vrf, &peer->nbma, ways);
	struct routing r[ROUTING_MAX];
	const size_t processes = routing_of(d, m, r);

	if (count)
		return ways[0].len < subnet.len;
	/* No static way: the underlay is learnt, and when by the same process then it is mixed with the overlay. */
	for (size_t i = 0; i < processes; i++) {
		if (m->source && routing_takes(member_config(d, m), &r[i], m->source))
			return true;
	}
	return false;
}

static void check_recursion(struct design *d, const struct design_member *m, const struct design_member *peer)
{
	struct announcement a;
	struct ipprefix subnet;
	char text[IPPREFIX_TEXT_MAX];
	struct design_finding *f;

	if (!m->source || ipaddr_is_none(&m->nbma) || !one_table(peer))
		return;
	a = announces_source(d, m, peer);
	if (!a.line || !would_follow(d, peer, m))
		return;
	subnet = source_subnet(m);
	f = design_found(d, RULE_RECURSIVE_ROUTING, "leave the tunnel source's subnet out of the overlay's routing, or put the uplink into a VRF (tunnel vrf)",
			 "%s announces %s, where its %s starts, by %s through that tunnel: %s then looks for the tunnel's far end in the tunnel", member_name(d, m),
			 ipprefix_format(&subnet, text), m->interface->ios_name, a.protocol, member_name(d, peer));
	finding_place(f, member_config(d, m), a.line);
	finding_place(f, member_config(d, m), said_line(m->source, "ip address"));
	finding_place(f, member_config(d, peer), peer->interface->line);
	finding_place(f, member_config(d, m), m->interface->line);
}

/* A static route that sends the tunnel's own packets into it; with two VRFs one that names the tunnel in the outer one. */
static void check_static(struct design *d, const struct design_member *m)
{
	const struct config *c = member_config(d, m);

	for (uint32_t i = m->first_link; i < m->first_link + m->link_count; i++) {
		const struct design_member *hub = &d->members[d->links[i].to];
		struct way ways[WAYS_MAX];
		const size_t count = ipaddr_is_none(&hub->nbma) ? 0 : underlay_ways(c, m->tunnel->vrf, &hub->nbma, ways);
		char text[IPADDR_TEXT_MAX];
		struct design_finding *f;

		if (!count || ways[0].out != m->interface || !ways[0].route)
			continue;
		f = design_found(d, RULE_RECURSIVE_ROUTING, "route the far end by the uplink", "%s: the way to %s (%s), the far end of %s, is a route into that tunnel", member_name(d, m),
				 ipaddr_format(&hub->nbma, text), member_name(d, hub), m->interface->ios_name);
		finding_place(f, c, ways[0].route->line);
		finding_place(f, c, m->interface->line);
		return;
	}
}

/* ---- default routes ---- */

static bool goes_into(const struct config *c, const struct config_route *r, const struct config_interface *tunnel)
{
	const struct config_interface *at = r->interface ? config_find_interface(c, r->interface) : underlay_behind(c, r->vrf, &r->gateway);

	return at == tunnel;
}

static unsigned static_default(const struct config *c, const struct config_interface *tunnel)
{
	for (size_t i = 0; i < c->route_count; i++) {
		if (!c->routes[i].dst.len && c->routes[i].vrf == tunnel->vrf && goes_into(c, &c->routes[i], tunnel))
			return c->routes[i].line;
	}
	return 0;
}

static bool has_default(const struct config *c, uint32_t vrf)
{
	for (size_t i = 0; i < c->route_count; i++) {
		if (!c->routes[i].dst.len && c->routes[i].vrf == vrf)
			return true;
	}
	return false;
}

static unsigned plain_line(const struct config_block *b, const char *words)
{
	const struct config_block_line *line = b ? block_line(b, words) : NULL;

	return line && !strstr(line->text, "route-map") ? line->line : 0;
}

/* The line by which a hub tells the spoke of a default route; 0. */
static unsigned announced_default(const struct design *d, const struct design_member *hub, const struct design_member *spoke)
{
	const struct config *c = member_config(d, hub);
	struct routing r[ROUTING_MAX];
	const size_t count = routing_of(d, hub, r);
	struct bgp_peer p;

	for (size_t i = 0; i < count; i++) {
		const struct config_block_line *named = eigrp_interface_line(&r[i], hub->interface, "summary-address 0.0.0.0");
		const struct config_said *said;
		char words[64];
		unsigned line = plain_line(r[i].block, "default-information originate");

		if (r[i].passive)
			continue;
		if (!line && has_default(c, hub->interface->vrf))
			line = plain_line(r[i].block, "redistribute static");
		snprintf(words, sizeof words, "ip summary-address eigrp %u 0.0.0.0", r[i].number);
		said = r[i].kind == ROUTING_EIGRP ? said_find(hub->interface, words) : NULL;
		if (!line)
			line = named ? named->line : said ? said->line : 0;
		if (line)
			return line;
	}
	if (spoke->address && bgp_peer(c, &spoke->address->addr, &p)) {
		const struct config_block_line *originate = bgp_says(&p, "default-originate"), *network = block_line(p.block, "network 0.0.0.0");

		return originate ? originate->line : network ? network->line : plain_line(p.block, "default-information originate");
	}
	return 0;
}

static void two_defaults(struct design *d, const struct design_member *m)
{
	const struct config *c = member_config(d, m);
	const struct design_cloud *cloud = &d->clouds[m->cloud];
	const struct design_member *hub = m->link_count ? &d->members[d->links[m->first_link].to] : NULL;
	const unsigned own = static_default(c, m->interface);
	unsigned line = own;
	struct way ways[WAYS_MAX];
	struct design_finding *f;
	size_t count;

	if (!m->spoke || !hub || !one_table(m) || cloud->phase < PHASE_2 || ipaddr_is_none(&hub->nbma) || m->family != IP_V4)
		return;
	for (uint32_t i = m->first_link; !line && i < m->first_link + m->link_count; i++) {
		hub = &d->members[d->links[i].to];
		line = announced_default(d, hub, m);
	}
	count = underlay_ways(c, m->tunnel->vrf, &hub->nbma, ways);
	if (!line || !count || ways[0].len || (ways[0].out == m->interface && count == 1))
		return;
	f = design_found(d, RULE_DEFAULT_ROUTE_WITHOUT_FVRF, "put the uplink into a VRF with the Internet's default route (vrf forwarding, tunnel vrf)",
			 "%s: a default route leads into %s%s%s, and the one that carries the tunnel's own packets is in the same table: only one of them counts", member_name(d, m),
			 m->interface->ios_name, own ? "" : ", announced by ", own ? "" : member_name(d, hub));
	finding_place(f, own ? c : member_config(d, hub), line);
	for (size_t i = 0; i < count; i++)
		finding_place(f, c, ways[i].route ? ways[i].route->line : ways[i].out->line);
	finding_place(f, c, m->interface->line);
}

/* ---- networks that stay at home ---- */

static bool bgp_covers(const struct config_block *b, const struct ipaddr *addr)
{
	if (block_line(b, "redistribute"))
		return true;
	for (size_t at = block_next(b, 0, "network"); at != SIZE_MAX; at = block_next(b, at + 1, "network")) {
		struct ipprefix p;
		bool has_mask;

		/* Without a mask it is a whole class: what is in there may be meant. */
		if (bgp_network(b->lines[at].text, &p, &has_mask) &&
		    (ipprefix_contains(&p, addr) || (!has_mask && p.addr.family == IP_V4)))
			return true;
	}
	return block_line(b, "aggregate-address") != NULL;
}

static bool is_told(const struct design *d, const struct design_member *m, const struct config_interface *lan)
{
	const struct config *c = member_config(d, m);
	const struct config_block *bgp = bgp_block(c);
	struct routing r[ROUTING_MAX];
	const size_t count = routing_of(d, m, r);

	for (size_t i = 0; i < count; i++) {
		if (routing_takes(c, &r[i], lan) || !r[i].block || block_line(r[i].block, "redistribute"))
			return true;
		if (block_line(r[i].block, "summary-address"))
			return true;
	}
	if (bgp && bgp_covers(bgp, &lan->addresses[0].addr))
		return true;
	return !count && !bgp;
}

static bool is_underlay(const struct design *d, const struct design_router *r, const struct config_interface *i)
{
	for (uint32_t k = r->first; k < r->first + r->count; k++) {
		if (d->members[k].source == i || d->members[k].interface->vrf != i->vrf)
			return true;
	}
	/* An uplink beside: some route leads out of it. */
	for (size_t k = 0; k < r->config->route_count; k++) {
		const struct config_route *route = &r->config->routes[k];
		const struct config_interface *at = route->interface ? config_find_interface(r->config, route->interface)
								     : underlay_behind(r->config, route->vrf, &route->gateway);

		if (at == i)
			return true;
	}
	return false;
}

static void stays_at_home(struct design *d, const struct design_router *r)
{
	const struct config *c = r->config;

	for (size_t i = 0; r->count && i < c->interface_count; i++) {
		const struct config_interface *lan = &c->interfaces[i];
		char text[IPPREFIX_TEXT_MAX];
		struct design_finding *f;
		struct ipprefix p;
		bool told = false;

		if (lan->is_tunnel || lan->shutdown || !lan->address_count || lan->addresses[0].addr.family != IP_V4 ||
		    !strncmp(lan->ios_name, "Loopback", 8) || said_find(lan, "ip nat outside") || is_underlay(d, r, lan))
			continue;
		for (uint32_t k = r->first; k < r->first + r->count && !told; k++)
			told = !d->members[k].spoke || d->members[k].family != IP_V4 || is_told(d, &d->members[k], lan);
		if (told)
			continue;
		p = ipprefix_make(&lan->addresses[0].addr, lan->addresses[0].prefix_len);
		f = design_found(d, RULE_NETWORK_NOT_ANNOUNCED, "add a network line for it where it shall be reached from other sites", "%s: nothing announces %s (%s) to the hubs", r->name,
				 ipprefix_format(&p, text), lan->ios_name);
		finding_place(f, c, lan->line);
		finding_place(f, c, said_line(lan, "ip address"));
	}
}

/* ---- router ids ---- */

struct id {
	char protocol[8], text[24];
	uint32_t router;
	unsigned line;
};

static int by_id(const void *a, const void *b)
{
	const struct id *x = a, *y = b;
	int order = strcmp(x->protocol, y->protocol);

	order = order ? order : strcmp(x->text, y->text);
	if (order)
		return order;
	if (x->router != y->router)
		return x->router < y->router ? -1 : 1;
	return x->line < y->line ? -1 : x->line > y->line;
}

struct id_list {
	struct id *ids;
	size_t count;
};

static void add_ids(struct id_list *l, const struct config_block *b, uint32_t router, const char *words, const char *protocol)
{
	for (size_t at = block_next(b, 0, words); at != SIZE_MAX; at = block_next(b, at + 1, words)) {
		struct id *i;

		if ((l->count & (l->count - 1)) == 0)
			l->ids = alloc_array(l->ids, l->count ? l->count * 2 : 1, sizeof *l->ids);
		i = &l->ids[l->count++];
		*i = (struct id){ .router = router, .line = b->lines[at].line };
		snprintf(i->protocol, sizeof i->protocol, "%s", protocol);
		snprintf(i->text, sizeof i->text, "%.23s", strrchr(b->lines[at].text, ' ') + 1);
	}
}

static void router_ids(struct design *d)
{
	struct id_list l = { 0 };

	for (uint32_t i = 0; i < d->router_count; i++) {
		const struct config *c = d->routers[i].config;

		for (size_t k = 0; k < c->block_count; k++) {
			const struct config_block *b = &c->blocks[k];

			if (said_begins(b->head, "router ospf"))
				add_ids(&l, b, i, "router-id", "OSPF");
			else if (said_begins(b->head, "ipv6 router ospf") || said_begins(b->head, "router ospfv3"))
				add_ids(&l, b, i, "router-id", "OSPFv3");
			else if (said_begins(b->head, "router bgp"))
				add_ids(&l, b, i, "bgp router-id", "BGP");
			else if (said_begins(b->head, "router eigrp"))
				add_ids(&l, b, i, "eigrp router-id", "EIGRP");
		}
	}
	if (l.count)
		qsort(l.ids, l.count, sizeof *l.ids, by_id);
	for (size_t i = 1; i < l.count; i++) {
		const struct id *a = &l.ids[i - 1], *b = &l.ids[i];
		struct design_finding *f;

		if (a->router == b->router || strcmp(a->protocol, b->protocol) || strcmp(a->text, b->text))
			continue;
		f = design_found(d, RULE_DUPLICATE_ROUTER_ID, "give each router an id of its own", "%s and %s have the same %s router id, %s", d->routers[a->router].name,
				 d->routers[b->router].name, a->protocol, a->text);
		finding_place(f, d->routers[b->router].config, b->line);
		finding_place(f, d->routers[a->router].config, a->line);
	}
	free(l.ids);
}

/* Reached over public addresses, a member with a private one is translated: nobody looks for it in its own subnet. */
static bool is_translated(const struct design_member *m, const struct ipaddr *server_at)
{
	return is_private(&m->nbma) && !ipaddr_is_none(server_at) && !is_private(server_at);
}

static void check_link(struct design *d, const struct design_link *l)
{
	const struct design_member *from = &d->members[l->from], *to = &d->members[l->to];
	const struct ipaddr server_at = l->nhs ? design_nhs_nbma(from, l->nhs) : from->tunnel->destination.addr;

	if (l->strayed)
		return;
	if (!is_translated(from, &server_at))
		check_recursion(d, from, to);
	if (!is_translated(to, &server_at))
		check_recursion(d, to, from);
}

void rules_routing(struct design *d)
{
	for (size_t i = 0; i < d->link_count; i++)
		check_link(d, &d->links[i]);
	for (size_t i = 0; i < d->member_count; i++) {
		check_static(d, &d->members[i]);
		two_defaults(d, &d->members[i]);
	}
	for (size_t i = 0; i < d->router_count; i++)
		stays_at_home(d, &d->routers[i]);
	router_ids(d);
}
