/* Who registers where, and at which address: servers, maps, multicast maps, authentication. */
#include <stdio.h>
#include <string.h>

#include "design/compare.h"
#include "design/design.h"
#include "design/routing.h"
#include "design/said.h"

/* ---- one server, one map ---- */

/* Secondary subnets count. */
static bool is_on_tunnel(const struct design_member *m, const struct ipaddr *addr)
{
	for (size_t i = 0; i < m->interface->address_count; i++) {
		const struct ipprefix p = ipprefix_make(&m->interface->addresses[i].addr, m->interface->addresses[i].prefix_len);

		if (ipprefix_contains(&p, addr))
			return true;
	}
	return !m->address || ipaddr_is_none(addr) || ipaddr_is_link_local(addr);
}

static void outside_subnet(struct design *d, const struct design_member *m, const struct config_nhs *nhs)
{
	char server[IPADDR_TEXT_MAX], subnet[IPPREFIX_TEXT_MAX], remedy[160];
	struct design_finding *f;

	ipaddr_format(&nhs->addr, server);
	ipprefix_format(&m->subnet, subnet);
	snprintf(remedy, sizeof remedy, "write the server's tunnel address, in %s, or give the tunnel an address in the server's subnet", subnet);
	f = design_found(d, RULE_NHS_OUTSIDE_SUBNET, remedy, "%s %s: next hop server %s lies outside of the tunnel's subnet %s",
			 member_name(d, m), m->interface->ios_name, server, subnet);
	finding_place(f, member_config(d, m), nhrp_line_of(m, "nhs", &nhs->addr));
	finding_place(f, member_config(d, m), said_line(m->interface, m->family == IP_V4 ? "ip address" : "ipv6 address"));
	finding_place(f, member_config(d, m), m->interface->line);
}

static void without_map(struct design *d, const struct design_member *m, const struct config_nhs *nhs)
{
	char server[IPADDR_TEXT_MAX], remedy[160];
	struct design_finding *f;

	ipaddr_format(&nhs->addr, server);
	snprintf(remedy, sizeof remedy, "add ip nhrp map %s NBMA-ADDRESS, or nbma NBMA-ADDRESS to the nhs line", server);
	f = design_found(d, RULE_NHS_WITHOUT_MAP, remedy, "%s %s: nothing says at which underlay address next hop server %s is",
			 member_name(d, m), m->interface->ios_name, server);
	finding_place(f, member_config(d, m), nhrp_line_of(m, "nhs", &nhs->addr));
	finding_place(f, member_config(d, m), m->interface->line);
}

/* Some router of the folder translates `inside` to `outside`. */
static bool is_translated(const struct design *d, const struct ipaddr *inside, const struct ipaddr *outside)
{
	char a[IPADDR_TEXT_MAX], b[IPADDR_TEXT_MAX];

	ipaddr_format(inside, a);
	ipaddr_format(outside, b);
	for (size_t i = 0; i < d->router_count; i++) {
		const struct config *c = d->routers[i].config;

		for (size_t k = 0; k < c->said_count; k++) {
			if (said_begins(c->said[k].text, "ip nat inside source static") && strstr(c->said[k].text, a) && strstr(c->said[k].text, b))
				return true;
		}
		for (const struct config_block *x = block_after(c, NULL, "ip nat inside source static"); x;
		     x = block_after(c, x, "ip nat inside source static")) {
			if (strstr(x->head, a) && strstr(x->head, b))
				return true;
		}
	}
	return false;
}

static void place_source(struct design_finding *f, const struct design *d, const struct design_member *hub)
{
	finding_place(f, member_config(d, hub), said_line(hub->interface, "tunnel source"));
	if (hub->source)
		finding_place(f, member_config(d, hub), said_line(hub->source, hub->nbma.family == IP_V6 ? "ipv6 address" : "ip address"));
	finding_place(f, member_config(d, hub), hub->interface->line);
}

/* `line` of m says that the tunnel address `over` of `hub` is at `nbma`. */
static void check_nbma(struct design *d, const struct design_member *m, const struct design_member *hub, const char *over,
		       const struct ipaddr *nbma, unsigned line, unsigned other_line)
{
	char given[IPADDR_TEXT_MAX], right[IPADDR_TEXT_MAX], remedy[160];
	const struct design_owner *owner;
	struct design_finding *f;
	size_t count;

	if (ipaddr_is_none(nbma) || ipaddr_is_none(&hub->nbma) || ipaddr_eq(nbma, &hub->nbma))
		return;
	owner = design_owners(d, nbma, &count);
	for (size_t i = 0; i < count; i++) {
		if (owner[i].router == hub->router && owner[i].interface == hub->source)
			return;
	}
	if (!count && ((is_private(&hub->nbma) && !is_private(nbma)) || is_translated(d, &hub->nbma, nbma)))
		return;
	ipaddr_format(nbma, given);
	ipaddr_format(&hub->nbma, right);
	snprintf(remedy, sizeof remedy, "write %s, the tunnel source of %s", right, member_name(d, hub));
	if (count)
		f = design_found(d, RULE_NBMA_OF_ANOTHER_ROUTER, remedy, "%s %s: %s is said to be at %s, which is %s of %s; it is %s %s, at %s",
				 member_name(d, m), m->interface->ios_name, over, given, owner->interface->ios_name, d->routers[owner->router].name,
				 member_name(d, hub), hub->interface->ios_name, right);
	else
		f = design_found(d, RULE_NBMA_OF_NOBODY, remedy, "%s %s: %s is said to be at %s, which is no router's address; it is %s %s, at %s",
				 member_name(d, m), m->interface->ios_name, over, given, member_name(d, hub), hub->interface->ios_name, right);
	finding_place(f, member_config(d, m), line);
	finding_place(f, member_config(d, m), other_line);
	place_source(f, d, hub);
}

static const struct design_member *link_target(const struct design *d, const struct design_member *m, const struct config_nhs *nhs)
{
	for (uint32_t i = m->first_link; i < m->first_link + m->link_count; i++) {
		if (d->links[i].nhs == nhs)
			return &d->members[d->links[i].to];
	}
	return NULL;
}

/* Nobody has the server's address, and yet its underlay address is one of ours. */
static void of_nobody(struct design *d, const struct design_member *m, const struct config_nhs *nhs, const struct ipaddr *nbma)
{
	size_t taken, count;
	const struct design_owner *shut = design_owners(d, &nhs->addr, &taken), *owner = design_owners(d, nbma, &count);
	char server[IPADDR_TEXT_MAX], at[IPADDR_TEXT_MAX];
	struct design_finding *f;

	if (ipaddr_is_none(&nhs->addr) || (!taken && (ipaddr_is_none(nbma) || !count)))
		return;
	ipaddr_format(&nhs->addr, server);
	ipaddr_format(nbma, at);
	if (taken && shut->router == m->router)
		f = design_found(d, RULE_NHS_OF_NOBODY, "write the server's tunnel address", "%s %s: next hop server %s is the router itself",
				 member_name(d, m), m->interface->ios_name, server);
	else if (taken)
		f = design_found(d, RULE_NHS_OF_NOBODY, "write no shutdown there and give it NHRP, or name another server",
				 "%s %s: next hop server %s is %s of %s, where no tunnel with NHRP is up", member_name(d, m), m->interface->ios_name, server,
				 shut->interface->ios_name, d->routers[shut->router].name);
	else
		f = design_found(d, RULE_NHS_OF_NOBODY, "write the tunnel address of the router that is meant",
				 "%s %s: next hop server %s is no router's tunnel address, while %s is %s", member_name(d, m), m->interface->ios_name, server,
				 at, d->routers[owner->router].name);
	finding_place(f, member_config(d, m), nhrp_line_of(m, "nhs", &nhs->addr));
	finding_place(f, member_config(d, m), m->interface->line);
	if (taken) {
		finding_place(f, d->routers[shut->router].config, said_line(shut->interface, "shutdown"));
		finding_place(f, d->routers[shut->router].config, shut->interface->line);
	} else {
		const struct design_router *r = &d->routers[owner->router];

		for (uint32_t i = r->first; i < r->first + r->count; i++) {
			if (ipaddr_eq(&d->members[i].nbma, nbma))
				finding_place(f, r->config, said_line(d->members[i].interface, m->family == IP_V4 ? "ip address" : "ipv6 address"));
		}
	}
}

static void check_nhs(struct design *d, const struct design_member *m, const struct config_nhs *nhs)
{
	const struct design_member *hub = link_target(d, m, nhs);
	const struct ipaddr nbma = design_nhs_nbma(m, nhs);
	char server[IPADDR_TEXT_MAX + 20], text[IPADDR_TEXT_MAX];
	const unsigned map = nhrp_line_of(m, "map", &nhs->addr), line = nhrp_line_of(m, "nhs", &nhs->addr);

	if (!is_on_tunnel(m, &nhs->addr))
		outside_subnet(d, m, nhs);
	if (ipaddr_is_none(&nbma) && !design_nhs_named(m, nhs) && !ipaddr_is_none(&nhs->addr)) {
		without_map(d, m, nhs);
		return;
	}
	if (!hub) {
		if (is_on_tunnel(m, &nhs->addr))
			of_nobody(d, m, nhs, &nbma);
		return;
	}
	snprintf(server, sizeof server, "server %s", ipaddr_format(&nhs->addr, text));
	if (map != m->interface->line && ipaddr_is_none(&nhs->nbma.addr))
		check_nbma(d, m, hub, server, &nbma, map, line);
	else
		check_nbma(d, m, hub, server, &nbma, line, ipaddr_is_none(&nhs->nbma.addr) ? said_line(m->interface, "tunnel destination") : 0);
}

static bool is_server(const struct design_member *m, const struct ipaddr *addr)
{
	for (size_t i = 0; i < m->nhrp->nhs_count; i++) {
		if (ipaddr_eq(&m->nhrp->nhs[i].addr, addr))
			return true;
	}
	return false;
}

/* Maps of others than servers: between hubs, or for what does not register. */
static void check_maps(struct design *d, const struct design_member *m)
{
	for (size_t i = 0; i < m->nhrp->map_count; i++) {
		const struct config_map *map = &m->nhrp->maps[i];
		char text[IPADDR_TEXT_MAX];
		const struct design_owner *owner;
		size_t count;
		unsigned line;

		if (map->proto.len != ip_family_bits((enum ip_family)map->proto.addr.family) || is_server(m, &map->proto.addr))
			continue;
		owner = design_owners(d, &map->proto.addr, &count);
		if (!count || owner->member == DESIGN_NONE || owner->router == m->router)
			continue;
		line = nhrp_line_of(m, "map", &map->proto.addr);
		check_nbma(d, m, &d->members[owner->member], ipaddr_format(&map->proto.addr, text), &map->nbma.addr, line, 0);
	}
}

/* A point-to-point tunnel has its own idea of where the far end is. */
static void check_destination(struct design *d, const struct design_cloud *c, const struct design_member *m)
{
	const struct ipaddr *to = &m->tunnel->destination.addr;
	const struct design_member *hub = NULL;

	if (m->tunnel->mode != TUNNEL_GRE_P2P || ipaddr_is_none(to))
		return;
	for (uint32_t i = m->first_link; i < m->first_link + m->link_count; i++) {
		const struct design_member *h = &d->members[d->links[i].to];

		if (ipaddr_is_none(&h->nbma) || ipaddr_eq(&h->nbma, to))
			return;
		hub = hub ? hub : h;
	}
	if (!hub && c->hubs == 1 && !m->nhrp->nhs_count)
		hub = design_in(d, c, 0);
	if (hub)
		check_nbma(d, m, hub, "the far end", to, said_line(m->interface, "tunnel destination"), 0);
}

/* ---- members ---- */

static bool is_mapped(const struct design *d, const struct design_cloud *c, const struct design_member *m)
{
	for (uint32_t i = 0; i < c->count && design_in(d, c, i)->hub; i++) {
		const struct config_nhrp *n = design_in(d, c, i)->nhrp;

		for (size_t k = 0; m->address && k < n->map_count; k++) {
			if (ipprefix_contains(&n->maps[k].proto, &m->address->addr))
				return true;
		}
	}
	return false;
}

static void registers_nowhere(struct design *d, const struct design_cloud *c, const struct design_member *m)
{
	const struct design_member *hub = design_in(d, c, 0);
	char server[IPADDR_TEXT_MAX], remedy[160];
	struct design_finding *f;

	if (!m->spoke || m->nhrp->nhs_count || !m->nhrp->enabled || !hub->hub || !hub->address || is_mapped(d, c, m))
		return;
	snprintf(remedy, sizeof remedy, "add ip nhrp nhs %s", ipaddr_format(&hub->address->addr, server));
	f = design_found(d, RULE_NHS_MISSING, remedy, "%s %s registers nowhere: it has no next hop server, and %s has no map for it",
			 member_name(d, m), m->interface->ios_name, member_name(d, hub));
	finding_place(f, member_config(d, m), m->interface->line);
	finding_place(f, member_config(d, hub), hub->interface->line);
}

static void network_id(struct design *d, const struct design_member *m)
{
	struct design_finding *f;

	if (m->nhrp->enabled)
		return;
	f = design_found(d, RULE_NETWORK_ID_MISSING, "add ip nhrp network-id NUMBER", "%s %s has no NHRP network-id: NHRP is off there",
			 member_name(d, m), m->interface->ios_name);
	finding_place(f, member_config(d, m), m->interface->line);
}

static void shared_id(struct design *d, const struct design_router *r)
{
	for (uint32_t i = r->first; i < r->first + r->count; i++) {
		for (uint32_t k = r->first; k < i; k++) {
			const struct design_member *a = &d->members[k], *b = &d->members[i];
			struct design_finding *f;

			if (a->family != b->family || a->cloud == b->cloud || !a->nhrp->enabled || !b->nhrp->enabled ||
			    a->nhrp->network_id != b->nhrp->network_id)
				continue;
			f = design_found(d, RULE_NETWORK_ID_SHARED, "keep it where shortcuts shall lead from one tunnel into the other; else number them differently",
					 "%s: %s and %s have one NHRP network-id, %u, and so are one NHRP domain", r->name, a->interface->ios_name,
					 b->interface->ios_name, b->nhrp->network_id);
			finding_place(f, r->config, nhrp_line(a, "network-id"));
			finding_place(f, r->config, nhrp_line(b, "network-id"));
			break; /* one is enough: thousands may share */
		}
	}
}

/* ---- authentication ---- */

static bool authentication(const struct design *d, const struct design_member *m, struct trait *out)
{
	const struct config_said *said = said_find(m->interface, m->family == IP_V4 ? "ip nhrp authentication" : "ipv6 nhrp authentication");
	const char *word = said ? strrchr(said->text, ' ') + 1 : NULL;

	(void)d;
	if (word && strlen(word) > 8)
		return false; /* found by itself */
	snprintf(out->value, sizeof out->value, "%s", word ? word : "");
	/* The string itself is a secret. */
	snprintf(out->shown, sizeof out->shown, "%s", !word ? "no NHRP authentication" : m->hub ? "its NHRP authentication string" : "an NHRP authentication string of its own");
	snprintf(out->write, sizeof out->write, "%s", word ? "the hub's string after ip nhrp authentication" : "no ip nhrp authentication");
	out->line = said ? said->line : m->interface->line;
	return m->nhrp->enabled;
}

static void too_long(struct design *d, const struct design_member *m)
{
	const struct config_said *said = said_find(m->interface, m->family == IP_V4 ? "ip nhrp authentication" : "ipv6 nhrp authentication");
	const size_t length = said ? strlen(strrchr(said->text, ' ') + 1) : 0;
	struct design_finding *f;

	if (length <= 8)
		return;
	f = design_found(d, RULE_AUTHENTICATION_TOO_LONG, "take at most eight characters, the same on all routers",
			 "%s %s: the NHRP authentication string has %zu characters, and the line is not taken", member_name(d, m),
			 m->interface->ios_name, length);
	finding_place(f, member_config(d, m), said->line);
}

/* ---- multicast ---- */

static bool sends_to(const struct design_member *m, const struct design_link *l, const struct ipaddr *hub)
{
	const struct ipaddr nbma = l->nhs ? design_nhs_nbma(m, l->nhs) : IPADDR_NONE;

	if (l->nhs && l->nhs->multicast)
		return true;
	for (size_t i = 0; i < m->nhrp->map_multicast_count; i++) {
		const struct config_host *h = &m->nhrp->map_multicast[i];

		/* What is wrong with the server's NBMA address is another finding. */
		if (h->name || ipaddr_eq(&h->addr, &nbma) || ipaddr_eq(&h->addr, hub))
			return true;
	}
	return ipaddr_is_none(&nbma) && m->nhrp->map_multicast_count;
}

/* A tunnel address where an underlay address belongs, which is the usual way to get this wrong. */
static unsigned other_multicast_line(const struct design_member *m)
{
	for (size_t i = 0; m->address && i < m->nhrp->map_multicast_count; i++) {
		if (ipprefix_contains(&m->subnet, &m->nhrp->map_multicast[i].addr))
			return nhrp_line_of(m, "map multicast", &m->nhrp->map_multicast[i].addr);
	}
	return 0;
}

static void spoke_multicast(struct design *d, const struct design_member *m)
{
	const char *const protocol = routing_by_multicast(d, m);

	for (uint32_t i = m->first_link; protocol && i < m->first_link + m->link_count; i++) {
		const struct design_member *hub = &d->members[d->links[i].to];
		char server[IPADDR_TEXT_MAX], at[IPADDR_TEXT_MAX], remedy[120];
		struct design_finding *f;

		if (!hub->address || sends_to(m, &d->links[i], &hub->nbma))
			continue;
		ipaddr_format(&hub->address->addr, server);
		ipaddr_format(&hub->nbma, at);
		snprintf(remedy, sizeof remedy, "add ip nhrp map multicast %s (the underlay address)", ipaddr_is_none(&hub->nbma) ? "NBMA-ADDRESS" : at);
		f = design_found(d, RULE_MULTICAST_MAP_MISSING, remedy, "%s %s: %s needs multicast, and no multicast map leads to server %s (%s)",
				 member_name(d, m), m->interface->ios_name, protocol, server, member_name(d, hub));
		finding_place(f, member_config(d, m), other_multicast_line(m));
		finding_place(f, member_config(d, m), d->links[i].nhs ? nhrp_line_of(m, "nhs", &d->links[i].nhs->addr) : 0);
		finding_place(f, member_config(d, m), m->interface->line);
	}
}

/* A spoke that no multicast map of the hub's leads to; NULL: there is none. */
static const struct design_member *unmapped_spoke(const struct design *d, const struct design_member *m)
{
	size_t count;
	const uint32_t *in = design_incoming(d, design_member_number(d, m), &count);

	for (size_t i = 0; i < count; i++) {
		const struct design_member *s = &d->members[d->links[in[i]].from];
		bool mapped = ipaddr_is_none(&s->nbma) && m->nhrp->map_multicast_count;

		for (size_t k = 0; k < m->nhrp->map_multicast_count; k++)
			mapped |= ipaddr_eq(&m->nhrp->map_multicast[k].addr, &s->nbma);
		if (!mapped && s->spoke)
			return s;
	}
	return NULL;
}

static void hub_multicast(struct design *d, const struct design_member *m)
{
	const char *const protocol = routing_by_multicast(d, m);
	const bool assumed = m->nhrp->map_multicast_dynamic && !m->nhrp->map_multicast_dynamic_given && !member_config(d, m)->version;
	const struct design_member *spoke = protocol && (assumed || !m->nhrp->map_multicast_dynamic) ? unmapped_spoke(d, m) : NULL;
	struct design_finding *f;

	if (!spoke)
		return;
	if (assumed)
		f = design_found(d, RULE_MULTICAST_MAP_MISSING, "add ip nhrp map multicast dynamic: IOS before 15.7 needs it; or give the version line",
				 "%s %s: %s needs multicast, and nothing says that whoever registers gets it; without a version line it is taken that the release sends it unasked, here and in the lab",
				 member_name(d, m), m->interface->ios_name, protocol);
	else
		f = design_found(d, RULE_MULTICAST_MAP_MISSING, "add ip nhrp map multicast dynamic (from 15.7 on IOS has it without saying so: then give or correct the version line)",
				 "%s %s: %s needs multicast, and it is not sent to %s and whoever else registers", member_name(d, m), m->interface->ios_name,
				 protocol, member_name(d, spoke));
	f->severity = assumed ? DESIGN_ADVICE : f->severity;
	finding_place(f, member_config(d, m), m->interface->line);
	finding_place(f, member_config(d, spoke), spoke->interface->line);
}

void rules_nhrp(struct design *d)
{
	for (size_t i = 0; i < d->member_count; i++) {
		const struct design_member *m = &d->members[i];
		const struct design_cloud *c = &d->clouds[m->cloud];

		network_id(d, m);
		too_long(d, m);
		for (size_t k = 0; k < m->nhrp->nhs_count; k++)
			check_nhs(d, m, &m->nhrp->nhs[k]);
		check_maps(d, m);
		check_destination(d, c, m);
		registers_nowhere(d, c, m);
		if (m->tunnel->mode == TUNNEL_GRE_P2P)
			continue; /* its multicast goes to the far end anyway */
		if (m->hub)
			hub_multicast(d, m);
		spoke_multicast(d, m);
	}
	for (size_t i = 0; i < d->router_count; i++)
		shared_id(d, &d->routers[i]);
	compare_clouds(d, RULE_AUTHENTICATION_MISMATCH, authentication);
}
