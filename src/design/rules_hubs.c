/* Hubs among each other: which of many a spoke keeps, and what becomes of redirects where two exchange routes beside the tunnel. */
#include <stdio.h>
#include <string.h>

#include "design/bgp.h"
#include "design/compare.h"
#include "design/design.h"
#include "design/said.h"

enum {
	HUBS_MAX = 16,        /* that one spoke registers with, as looked at here */
	INTERFACES_MAX = 400, /* of a hub, likewise: all of two hubs are compared */
};

/* ---- sites with several hubs each ---- */

static bool is_lan(const struct design_member *m, const struct config_interface *i)
{
	return !i->is_tunnel && i != m->source;
}

/* A network in common that is neither a tunnel nor an uplink. */
static bool is_one_site(const struct design *d, const struct design_member *a, const struct design_member *b)
{
	const struct config *x = member_config(d, a), *y = member_config(d, b);

	if (x->interface_count > INTERFACES_MAX || y->interface_count > INTERFACES_MAX)
		return false;
	for (size_t i = 0; i < x->interface_count; i++) {
		for (size_t n = 0; is_lan(a, &x->interfaces[i]) && n < x->interfaces[i].address_count; n++) {
			const struct config_address *at = &x->interfaces[i].addresses[n];
			const struct ipprefix p = ipprefix_make(&at->addr, at->prefix_len);

			for (size_t k = 0; p.len < ip_family_bits((enum ip_family)p.addr.family) && k < y->interface_count; k++) {
				for (size_t s = 0; is_lan(b, &y->interfaces[k]) && s < y->interfaces[k].address_count; s++)
					if (ipprefix_contains(&p, &y->interfaces[k].addresses[s].addr))
						return true;
			}
		}
	}
	return false;
}

/* What a spoke registers with, the best first; of each the number of its site. */
struct choice {
	const struct design_link *links[HUBS_MAX];
	uint32_t sites[HUBS_MAX];
	uint32_t at_site[HUBS_MAX];
	uint32_t count, kept;
};

static void insert(struct choice *x, const struct design_link *l)
{
	uint32_t at = x->count++;

	for (; at && x->links[at - 1]->nhs->priority > l->nhs->priority; at--)
		x->links[at] = x->links[at - 1];
	x->links[at] = l;
}

/* false: it keeps all of them, or one, or they are in clusters. */
static bool choice_of(const struct design *d, const struct design_member *m, struct choice *x)
{
	*x = (struct choice){ 0 };
	for (size_t i = 0; i < m->nhrp->cluster_count; i++)
		x->kept = m->nhrp->clusters[i].cluster ? x->kept : m->nhrp->clusters[i].max_connections;
	if (!m->spoke || x->kept < 2 || m->link_count <= x->kept || m->link_count > HUBS_MAX)
		return false;
	for (uint32_t i = m->first_link; i < m->first_link + m->link_count; i++) {
		if (!d->links[i].nhs || d->links[i].nhs->cluster)
			return false;
		insert(x, &d->links[i]);
	}
	for (uint32_t i = 0; i < x->count; i++) {
		x->sites[i] = i;
		for (uint32_t k = 0; k < i && x->sites[i] == i; k++)
			if (is_one_site(d, &d->members[x->links[k]->to], &d->members[x->links[i]->to]))
				x->sites[i] = x->sites[k];
		x->at_site[x->sites[i]]++;
	}
	return true;
}

/* Of those kept two are at one site, and another site that has several has none. */
static bool is_lopsided(const struct choice *x, uint32_t *first, uint32_t *second)
{
	uint32_t kept_at[HUBS_MAX] = { 0 }, several = 0;
	bool twice = false, none = false;

	for (uint32_t i = 0; i < x->kept; i++)
		kept_at[x->sites[i]]++;
	for (uint32_t i = 0; i < x->count; i++) {
		several += x->at_site[i] > 1;
		none |= x->at_site[i] > 1 && !kept_at[i];
	}
	for (uint32_t i = 0; i < x->kept && !twice; i++) {
		for (uint32_t k = 0; k < i && !twice; k++) {
			twice = x->sites[i] == x->sites[k];
			*first = k;
			*second = i;
		}
	}
	return several > 1 && none && twice;
}

static void clusters_missing(struct design *d, const struct design_cloud *c)
{
	struct name_list names = { 0 };
	struct design_finding *f;
	const struct design_member *member = NULL;
	struct choice x, shown;
	uint32_t first = 0, second = 0, a, b;

	for (uint32_t i = 0; i < c->count; i++) {
		const struct design_member *m = design_in(d, c, i);

		if (!choice_of(d, m, &x) || !is_lopsided(&x, &a, &b))
			continue;
		name_add(&names, member_name(d, m));
		if (member)
			continue;
		member = m;
		shown = x;
		first = a;
		second = b;
	}
	if (!member)
		return;
	f = design_found(d, RULE_CLUSTERS_MISSING, "give the servers of each site a cluster of their own (ip nhrp nhs … cluster 1, 2, …) and each cluster max-connections 1",
			 "%s: of %u next hop servers %u are kept, and the best, %s and %s, are at one site: with it both are lost, while another site has several and none of them is kept", name_text(&names),
			 shown.count, shown.kept, member_name(d, &d->members[shown.links[first]->to]), member_name(d, &d->members[shown.links[second]->to]));
	for (uint32_t i = 0; i < c->count; i++) {
		const struct design_member *m = design_in(d, c, i);

		if (!choice_of(d, m, &x) || !is_lopsided(&x, &a, &b))
			continue;
		finding_place(f, member_config(d, m), nhrp_line(m, "nhs cluster 0 max-connections"));
		finding_place(f, member_config(d, m), nhrp_line_of(m, "nhs", &x.links[a]->nhs->addr));
		finding_place(f, member_config(d, m), nhrp_line_of(m, "nhs", &x.links[b]->nhs->addr));
	}
}

/* ---- routes beside the tunnel ---- */

static bool same_as(const struct design *d, const struct design_member *a, const struct design_member *b)
{
	const struct config_block *x = bgp_block(member_config(d, a)), *y = bgp_block(member_config(d, b));

	return x && y && bgp_same_as(bgp_as(x), bgp_as(y));
}

/* The line by which `a` makes itself the next hop of its spokes' routes towards that neighbour; 0: it does not. Within one autonomous system what is
 * reflected keeps its next hop unless `all` is said (RFC 4456 10). */
static unsigned hides_next_hop(const struct design *d, const struct design_member *a, const struct design_member *b, const struct design_member *spoke,
			       const struct bgp_peer *p)
{
	const struct config_block_line *self = bgp_says(p, "next-hop-self");

	if (!same_as(d, a, b))
		return bgp_says(p, "next-hop-unchanged") ? 0 : p->line;
	return self && (strstr(self->text, " all") || !same_as(d, a, spoke)) ? self->line : 0;
}

static bool is_lan_of(const struct design *d, const struct design_member *b, const struct ipaddr *addr)
{
	const struct design_owner *owner;
	size_t count;

	owner = design_owners(d, addr, &count);
	for (size_t i = 0; i < count; i++)
		if (owner[i].router == b->router && owner[i].interface && is_lan(b, owner[i].interface))
			return true;
	return false;
}

/* `a` tells `b` of its spokes by an address of b's that is not in the tunnel. */
static unsigned beside(const struct design *d, const struct design_member *a, const struct design_member *b, const struct design_member *spoke)
{
	const struct config_block *block = bgp_block(member_config(d, a));
	struct bgp_peer p;

	for (size_t i = 0; block && i < block->line_count; i++) {
		const char *text = block->lines[i].text;
		struct ipaddr addr;
		char name[64];

		if (sscanf(text, "neighbor %63s", name) == 1 && (strstr(text, " remote-as ") || strstr(text, " peer-group ")) && ipaddr_parse(name, &addr) &&
		    is_lan_of(d, b, &addr) && bgp_peer(member_config(d, a), &addr, &p))
			return hides_next_hop(d, a, b, spoke, &p);
	}
	return 0;
}

/* A range takes whoever calls, and a hub need not. */
static bool means_session(const struct design *d, const struct design_member *a, const struct design_member *b)
{
	struct bgp_peer p;

	return b->address && bgp_peer(member_config(d, a), &b->address->addr, &p) && !p.by_range;
}

static void no_redirect_between(struct design *d, const struct design_member *a, const struct design_member *b)
{
	const struct design_member *x = design_spoke_of_one(d, a, b), *y = design_spoke_of_one(d, b, a);
	struct design_finding *f;
	unsigned from_a, from_b;

	if (!x || !y || means_session(d, a, b) || means_session(d, b, a) || said_find(a->interface, "ip nhrp redirect partner") || said_find(b->interface, "ip nhrp redirect partner"))
		return;
	from_a = beside(d, a, b, x);
	from_b = beside(d, b, a, y);
	if (!from_a && !from_b)
		return;
	f = design_found(d, RULE_REDIRECT_LOST_BETWEEN_HUBS, "leave next-hop-self off between the hubs, so that the spokes stay next hops; or leave it so where such traffic shall go by both hubs",
			 "%s and %s exchange their spokes' routes beside the tunnel, with themselves as next hops: what %s sends to %s leaves the tunnel at the hub, so that nobody is told of a shorter way",
			 member_name(d, a), member_name(d, b), member_name(d, x), member_name(d, y));
	finding_place(f, member_config(d, a), from_a);
	finding_place(f, member_config(d, b), from_b);
	finding_place(f, member_config(d, a), a->interface->line);
	finding_place(f, member_config(d, b), b->interface->line);
}

void rules_hubs(struct design *d)
{
	for (size_t i = 0; i < d->cloud_count; i++) {
		const struct design_cloud *c = &d->clouds[i];

		clusters_missing(d, c);
		for (uint32_t k = 0; c->phase == PHASE_3 && k < c->hubs; k++)
			for (uint32_t n = 0; n < k; n++)
				no_redirect_between(d, design_in(d, c, n), design_in(d, c, k));
	}
}
