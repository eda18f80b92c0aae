/* From configurations to routers, members, links and clouds. */
#include "design/design.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "design/clouds.h"
#include "design/said.h"

/* Grows by doubling: room is always a power of two. */
static void *room(void *items, size_t count, size_t size)
{
	return (count & (count - 1)) ? items : alloc_array(items, count ? count * 2 : 1, size);
}

/* ---- members ---- */

static bool has_nhrp(const struct config_interface *i, const struct config_nhrp *n, enum ip_family family)
{
	/* What was begun counts, so that the missing network-id is seen. */
	if (n->enabled || n->nhs_count || n->map_count || n->map_multicast_count)
		return true;
	return i->tunnel->mode == TUNNEL_GRE_MULTIPOINT && family == IP_V4 && !i->tunnel->nhrp6.enabled;
}

static const struct config_address *primary(const struct config_interface *i, enum ip_family family)
{
	for (size_t k = 0; k < i->address_count; k++) {
		const struct config_address *a = &i->addresses[k];

		if (a->addr.family == family && !a->secondary && !a->link_local)
			return a;
	}
	return NULL;
}

/* Where its address is written: `ip unnumbered Loopback0`. */
static const struct config_interface *addressed(const struct config *c, const struct config_interface *i)
{
	const struct config_said *said = said_find(i, "ip unnumbered");
	char name[64], kernel[16];
	const struct config_interface *other;

	if (!said || !said_word_after(said->text, "ip unnumbered", name) || !config_ifname(name, NULL, kernel))
		return i;
	other = config_find_interface(c, kernel);
	return other ? other : i;
}

static bool given_at_run_time(const struct config_interface *i)
{
	return i->dhcp || said_find(i, "ip address negotiated") || said_find(i, "ip address pool") ||
	       said_find(i, "ip address dhcp") || said_find(i, "ipv6 address autoconfig") || said_find(i, "ipv6 address dhcp");
}

static const struct config_interface *owner_of(const struct config *c, const struct ipaddr *addr)
{
	for (size_t i = 0; i < c->interface_count; i++) {
		for (size_t k = 0; k < c->interfaces[i].address_count; k++) {
			if (ipaddr_eq(&c->interfaces[i].addresses[k].addr, addr))
				return &c->interfaces[i];
		}
	}
	return NULL;
}

static void find_source(struct design_member *m, const struct config *c)
{
	const struct config_tunnel *t = m->tunnel;
	const struct config_address *a;

	if (!ipaddr_is_none(&t->source)) {
		m->nbma = t->source;
		m->source = owner_of(c, &t->source);
		return;
	}
	m->source = t->source_interface ? config_find_interface(c, t->source_interface) : NULL;
	if (!m->source)
		return;
	m->nbma_dynamic = given_at_run_time(m->source);
	a = primary(addressed(c, m->source), t->transport);
	if (a && !m->nbma_dynamic)
		m->nbma = a->addr;
}

static void add_member(struct design *d, uint32_t router, const struct config_interface *i, enum ip_family family)
{
	struct design_member *m;

	d->members = room(d->members, d->member_count, sizeof *d->members);
	m = &d->members[d->member_count++];
	*m = (struct design_member){ .router = router, .interface = i, .tunnel = i->tunnel, .family = family,
				     .nhrp = family == IP_V4 ? &i->tunnel->nhrp4 : &i->tunnel->nhrp6 };
	m->address = primary(i, family);
	if (m->address)
		m->subnet = ipprefix_make(&m->address->addr, m->address->prefix_len);
	find_source(m, d->routers[router].config);
	d->routers[router].count++;
}

static void add_members(struct design *d, uint32_t router)
{
	const struct config *c = d->routers[router].config;

	d->routers[router].first = (uint32_t)d->member_count;
	for (size_t i = 0; i < c->interface_count; i++) {
		const struct config_interface *tunnel = &c->interfaces[i];

		if (!tunnel->is_tunnel || tunnel->shutdown)
			continue;
		if (has_nhrp(tunnel, &tunnel->tunnel->nhrp4, IP_V4))
			add_member(d, router, tunnel, IP_V4);
		if (has_nhrp(tunnel, &tunnel->tunnel->nhrp6, IP_V6))
			add_member(d, router, tunnel, IP_V6);
	}
}

static const char *router_name(const struct config *c)
{
	const char *slash = strrchr(c->name, '/');

	return c->hostname ? c->hostname : slash ? slash + 1 : c->name;
}

/* ---- who has an address ---- */

static int by_address(const void *a, const void *b)
{
	const struct design_owner *x = a, *y = b;
	const int order = ipaddr_cmp(&x->addr, &y->addr);

	if (order)
		return order;
	if (x->router != y->router)
		return x->router < y->router ? -1 : 1;
	return x->interface < y->interface ? -1 : x->interface > y->interface;
}

static uint32_t member_at(const struct design *d, uint32_t router, const struct config_interface *i, enum ip_family family)
{
	const struct design_router *r = &d->routers[router];

	for (uint32_t k = r->first; k < r->first + r->count; k++) {
		if (d->members[k].interface == i && d->members[k].family == family)
			return k;
	}
	return DESIGN_NONE;
}

static void add_owners(struct design *d, uint32_t router)
{
	const struct config *c = d->routers[router].config;

	for (size_t i = 0; i < c->interface_count; i++) {
		const struct config_interface *at = &c->interfaces[i];

		for (size_t k = 0; k < at->address_count; k++) {
			const struct ipaddr *addr = &at->addresses[k].addr;

			if (at->addresses[k].link_local)
				continue;
			d->owners = room(d->owners, d->owner_count, sizeof *d->owners);
			d->owners[d->owner_count++] = (struct design_owner){ *addr, router,
				member_at(d, router, at, addr->family), at };
		}
	}
}

const struct design_owner *design_owners(const struct design *d, const struct ipaddr *addr, size_t *count)
{
	size_t low = 0, high = d->owner_count;

	*count = 0;
	while (low < high) {
		const size_t middle = (low + high) / 2;

		if (ipaddr_cmp(&d->owners[middle].addr, addr) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	while (low + *count < d->owner_count && ipaddr_eq(&d->owners[low + *count].addr, addr))
		(*count)++;
	return *count ? &d->owners[low] : NULL;
}

/* ---- links ---- */

static void add_link(struct design *d, uint32_t from, uint32_t to, const struct config_nhs *nhs)
{
	d->links = room(d->links, d->link_count, sizeof *d->links);
	d->links[d->link_count++] = (struct design_link){ .from = from, .to = to, .nhs = nhs };
	d->members[from].link_count++;
}

struct ipaddr design_nhs_nbma(const struct design_member *m, const struct config_nhs *nhs)
{
	if (!ipaddr_is_none(&nhs->nbma.addr) || nhs->nbma.name)
		return nhs->nbma.addr;
	for (size_t i = 0; i < m->nhrp->map_count; i++) {
		if (ipprefix_contains(&m->nhrp->maps[i].proto, &nhs->addr))
			return m->nhrp->maps[i].nbma.addr;
	}
	return m->tunnel->mode == TUNNEL_GRE_P2P ? m->tunnel->destination.addr : IPADDR_NONE;
}

bool design_nhs_named(const struct design_member *m, const struct config_nhs *nhs)
{
	if (nhs->nbma.name)
		return true;
	for (size_t i = 0; i < m->nhrp->map_count; i++) {
		if (ipprefix_contains(&m->nhrp->maps[i].proto, &nhs->addr) && m->nhrp->maps[i].nbma.name)
			return true;
	}
	return m->tunnel->mode == TUNNEL_GRE_P2P && m->tunnel->destination.name;
}

static bool same_key(const struct config_tunnel *a, const struct config_tunnel *b)
{
	return a->has_key == b->has_key && a->key == b->key;
}

/* The member that has this overlay address; of several one with the same key, or else the first of another router. */
static uint32_t member_with(const struct design *d, uint32_t from, const struct ipaddr *addr)
{
	size_t count;
	const struct design_owner *owner = design_owners(d, addr, &count);
	uint32_t found = DESIGN_NONE;

	for (size_t i = 0; i < count; i++) {
		if (owner[i].member == DESIGN_NONE || owner[i].router == d->members[from].router)
			continue;
		if (same_key(d->members[owner[i].member].tunnel, d->members[from].tunnel))
			return owner[i].member;
		found = found == DESIGN_NONE ? owner[i].member : found;
	}
	return found;
}

static bool same_subnet(const struct design_member *a, const struct design_member *b)
{
	return a->address && b->address &&
	       (ipprefix_contains(&a->subnet, &b->address->addr) || ipprefix_contains(&b->subnet, &a->address->addr));
}

/* The member that starts at this underlay address: of the same subnet, or else the only one there. */
static uint32_t member_behind(const struct design *d, uint32_t from, const struct ipaddr *nbma)
{
	uint32_t found = DESIGN_NONE;
	size_t count, seen = 0;
	const struct design_owner *owner = design_owners(d, nbma, &count);

	for (size_t i = 0; i < count; i++) {
		const struct design_router *r = &d->routers[owner[i].router];

		for (uint32_t k = r->first; k < r->first + r->count; k++) {
			const struct design_member *m = &d->members[k];

			if (m->family != d->members[from].family || !ipaddr_eq(&m->nbma, nbma) || m->router == d->members[from].router)
				continue;
			if (same_subnet(m, &d->members[from]))
				return k;
			found = k;
			seen++;
		}
	}
	return seen == 1 ? found : DESIGN_NONE;
}

static void add_links(struct design *d, uint32_t from)
{
	struct design_member *m = &d->members[from];

	m->first_link = (uint32_t)d->link_count;
	for (size_t i = 0; i < m->nhrp->nhs_count; i++) {
		const struct config_nhs *nhs = &m->nhrp->nhs[i];
		const struct ipaddr nbma = design_nhs_nbma(m, nhs);
		const uint32_t to = ipaddr_is_none(&nhs->addr) ? member_behind(d, from, &nbma) : member_with(d, from, &nhs->addr);

		if (to != DESIGN_NONE)
			add_link(d, from, to, nhs);
	}
	if (!m->nhrp->nhs_count && m->tunnel->mode == TUNNEL_GRE_P2P && !ipaddr_is_none(&m->tunnel->destination.addr)) {
		const uint32_t to = member_behind(d, from, &m->tunnel->destination.addr);

		if (to != DESIGN_NONE && d->members[to].tunnel->mode == TUNNEL_GRE_MULTIPOINT)
			add_link(d, from, to, NULL);
	}
}

static const struct design *sorting; /* qsort has no argument; one thread */

static int by_target(const void *a, const void *b)
{
	const struct design_link *x = &sorting->links[*(const uint32_t *)a], *y = &sorting->links[*(const uint32_t *)b];

	if (x->to != y->to)
		return x->to < y->to ? -1 : 1;
	return x->from < y->from ? -1 : x->from > y->from;
}

static void sort_incoming(struct design *d)
{
	d->incoming_count = d->link_count;
	d->incoming = alloc_zero(d->link_count, sizeof *d->incoming);
	for (size_t i = 0; i < d->link_count; i++)
		d->incoming[i] = (uint32_t)i;
	sorting = d;
	qsort(d->incoming, d->link_count, sizeof *d->incoming, by_target);
}

const uint32_t *design_incoming(const struct design *d, uint32_t member, size_t *count)
{
	size_t low = 0, high = d->incoming_count;

	*count = 0;
	while (low < high) {
		const size_t middle = (low + high) / 2;

		if (d->links[d->incoming[middle]].to < member)
			low = middle + 1;
		else
			high = middle;
	}
	while (low + *count < d->incoming_count && d->links[d->incoming[low + *count]].to == member)
		(*count)++;
	return &d->incoming[low];
}

static bool registers_with(const struct design *d, const struct design_member *m, const struct design_member *hub)
{
	for (uint32_t i = m->first_link; i < m->first_link + m->link_count; i++)
		if (&d->members[d->links[i].to] == hub)
			return true;
	return false;
}

const struct design_member *design_spoke_of_one(const struct design *d, const struct design_member *with, const struct design_member *without)
{
	size_t count;
	const uint32_t *in = design_incoming(d, design_member_number(d, with), &count);

	for (size_t i = 0; i < count; i++) {
		const struct design_member *m = &d->members[d->links[in[i]].from];

		if (m->spoke && !registers_with(d, m, without))
			return m;
	}
	return NULL;
}

/* ---- all of it ---- */

static void free_findings(struct design *d)
{
	for (size_t i = 0; i < d->finding_count; i++) {
		free(d->findings[i].text);
		free(d->findings[i].remedy);
		free(d->findings[i].places);
	}
	free(d->findings);
}

struct design *design_new(const struct config *const *configs, size_t count)
{
	struct design *d = alloc_zero(1, sizeof *d);

	d->routers = alloc_zero(count, sizeof *d->routers);
	d->router_count = count;
	for (uint32_t i = 0; i < count; i++) {
		d->routers[i].config = configs[i];
		d->routers[i].name = router_name(configs[i]);
		add_members(d, i);
	}
	for (uint32_t i = 0; i < count; i++)
		add_owners(d, i);
	if (d->owner_count)
		qsort(d->owners, d->owner_count, sizeof *d->owners, by_address);
	for (uint32_t i = 0; i < d->member_count; i++)
		add_links(d, i);
	sort_incoming(d);
	design_clouds(d);
	return d;
}

void design_free(struct design *d)
{
	if (!d)
		return;
	free_findings(d);
	free(d->routers);
	free(d->members);
	free(d->links);
	free(d->incoming);
	free(d->owners);
	free(d->clouds);
	free(d->order);
	free(d);
}

const struct config *member_config(const struct design *d, const struct design_member *m)
{
	return d->routers[m->router].config;
}

const char *member_name(const struct design *d, const struct design_member *m)
{
	return d->routers[m->router].name;
}

uint32_t design_member_number(const struct design *d, const struct design_member *m)
{
	return (uint32_t)(m - d->members);
}
