/*
 * clouds: which tunnels belong together, who is hub there, and which phase it is.
 *
 * Tunnels of one subnet are a group. Groups are one cloud when one registers in the other and
 * they overlap, or the one has no server of its own: that is a wrong mask or address then, and
 * the rules can say so.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "design/clouds.h"

static const struct design *sorting; /* qsort has no argument; one thread */

static int by_subnet(const void *a, const void *b)
{
	const uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	const struct design_member *x = &sorting->members[i], *y = &sorting->members[k];
	int order;

	if (x->family != y->family)
		return x->family < y->family ? -1 : 1;
	order = ipprefix_cmp(&x->subnet, &y->subnet);
	return order ? order : i < k ? -1 : i > k;
}

static int by_cloud(const void *a, const void *b)
{
	const uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	const struct design_member *x = &sorting->members[i], *y = &sorting->members[k];

	if (x->cloud != y->cloud)
		return x->cloud < y->cloud ? -1 : 1;
	if (x->hub != y->hub)
		return x->hub ? -1 : 1;
	return i < k ? -1 : i > k;
}

/* The file, or its release, says that it sends multicast to whoever registers; no version line says nothing. */
static bool sends_unasked(const struct design *d, const struct design_member *m)
{
	return m->nhrp->map_multicast_dynamic && (m->nhrp->map_multicast_dynamic_given || member_config(d, m)->version);
}

static void find_roles(struct design *d)
{
	for (uint32_t i = 0; i < d->member_count; i++) {
		struct design_member *m = &d->members[i];
		size_t registered;

		design_incoming(d, i, &registered);
		m->hub = m->tunnel->mode == TUNNEL_GRE_MULTIPOINT && (registered || !m->nhrp->nhs_count);
		/* One that knows a hub by a map and serves nobody is a spoke that forgot to register. */
		if (m->hub && !registered && m->nhrp->map_count && !sends_unasked(d, m) && !m->nhrp->redirect)
			m->hub = false;
		m->spoke = !m->hub;
	}
}

static uint32_t root(uint32_t *parent, uint32_t at)
{
	while (parent[at] != at)
		at = parent[at] = parent[parent[at]];
	return at;
}

static bool overlap(const struct ipprefix *a, const struct ipprefix *b)
{
	return ipprefix_covers(a, b) || ipprefix_covers(b, a);
}

static bool same_group(const struct design_member *a, const struct design_member *b)
{
	return a->family == b->family && b->address && ipprefix_eq(&a->subnet, &b->subnet);
}

static int by_key(const void *a, const void *b)
{
	const uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	const struct config_tunnel *x = sorting->members[i].tunnel, *y = sorting->members[k].tunnel;

	if (x->has_key != y->has_key)
		return x->has_key ? 1 : -1;
	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return i < k ? -1 : i > k;
}

/* Tenants with one subnet, in VRFs of their own, meet at a router: the key tells them apart. */
static bool is_used_twice(const struct design *d, const uint32_t *run, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		if (d->members[run[i]].router == d->members[run[i - 1]].router)
			return true;
	}
	return false;
}

static uint32_t number_run(struct design *d, uint32_t *run, size_t count, uint32_t groups)
{
	const bool by_keys = is_used_twice(d, run, count);

	if (by_keys)
		qsort(run, count, sizeof *run, by_key);
	for (size_t i = 0; i < count; i++) {
		const struct config_tunnel *t = d->members[run[i]].tunnel, *before = i ? d->members[run[i - 1]].tunnel : NULL;
		const bool other = !before || (by_keys && (t->has_key != before->has_key || t->key != before->key));

		groups += other;
		d->members[run[i]].cloud = groups - 1;
	}
	return groups;
}

/* Numbers of groups in members[].cloud; answers how many. */
static uint32_t make_groups(struct design *d)
{
	uint32_t groups = 0;
	size_t count;

	sorting = d;
	qsort(d->order, d->member_count, sizeof *d->order, by_subnet);
	for (size_t i = 0; i < d->member_count; i += count) {
		for (count = 1; i + count < d->member_count && same_group(&d->members[d->order[i]], &d->members[d->order[i + count]]);)
			count++;
		groups = number_run(d, &d->order[i], count, groups);
	}
	return groups;
}

static void join_groups(struct design *d, uint32_t *parent, const bool *has_hub)
{
	for (size_t i = 0; i < d->link_count; i++) {
		const struct design_member *from = &d->members[d->links[i].from], *to = &d->members[d->links[i].to];
		const uint32_t a = root(parent, from->cloud), b = root(parent, to->cloud);

		if (a != b && from->family == to->family && (!has_hub[from->cloud] || overlap(&from->subnet, &to->subnet)))
			parent[a > b ? a : b] = a > b ? b : a;
	}
}

static void number_clouds(struct design *d, uint32_t groups)
{
	uint32_t *parent = alloc_zero(groups, sizeof *parent), *number = alloc_zero(groups, sizeof *number);
	bool *has_hub = alloc_zero(groups, sizeof *has_hub);

	for (uint32_t i = 0; i < groups; i++)
		parent[i] = i;
	for (size_t i = 0; i < d->member_count; i++)
		has_hub[d->members[i].cloud] |= d->members[i].hub;
	join_groups(d, parent, has_hub);
	for (uint32_t i = 0; i < groups; i++) {
		if (root(parent, i) == i)
			number[i] = (uint32_t)d->cloud_count++;
	}
	for (size_t i = 0; i < d->member_count; i++)
		d->members[i].cloud = number[root(parent, d->members[i].cloud)];
	free(parent);
	free(number);
	free(has_hub);
}

/* ---- what a cloud is ---- */

static void count_roles(struct design *d, struct design_cloud *c)
{
	uint32_t lead = 0;

	for (uint32_t i = 0; i < c->count; i++) {
		const struct design_member *m = design_in(d, c, i);

		c->hubs += m->hub;
		c->spokes += m->spoke;
		c->family = m->family;
		/* The subnet of the majority: each that differs takes one from its lead. */
		if (!lead)
			c->subnet = m->subnet;
		lead += ipprefix_eq(&m->subnet, &c->subnet) ? 1 : UINT32_MAX;
	}
}

static void find_phase(struct design *d, struct design_cloud *c)
{
	uint32_t multipoint = 0, point = 0, shortcut = 0, redirect = 0;

	for (uint32_t i = 0; i < c->count; i++) {
		const struct design_member *m = design_in(d, c, i);

		redirect += m->hub && m->nhrp->redirect;
		if (!m->spoke)
			continue;
		multipoint += m->tunnel->mode == TUNNEL_GRE_MULTIPOINT;
		point += m->tunnel->mode == TUNNEL_GRE_P2P;
		shortcut += m->nhrp->shortcut && m->nhrp->shortcut_given;
	}
	c->phase_given = multipoint || point;
	if (!c->phase_given)
		c->phase = redirect ? PHASE_3 : PHASE_UNKNOWN;
	else if (!multipoint)
		c->phase = PHASE_1;
	else
		c->phase = redirect || shortcut * 2 > multipoint ? PHASE_3 : PHASE_2;
}

static bool elsewhere(const struct design *d, const struct design_member *m)
{
	const struct design_router *r = &d->routers[m->router];

	for (uint32_t i = r->first; i < r->first + r->count; i++) {
		if (d->members[i].cloud != m->cloud && d->members[i].family == m->family && d->members[i].spoke)
			return true;
	}
	return false;
}

static void find_sharing(struct design *d, struct design_cloud *c)
{
	for (uint32_t i = 0; i < c->count && !c->shared; i++)
		c->shared = design_in(d, c, i)->spoke && elsewhere(d, design_in(d, c, i));
}

void design_clouds(struct design *d)
{
	d->order = alloc_zero(d->member_count, sizeof *d->order);
	for (uint32_t i = 0; i < d->member_count; i++)
		d->order[i] = i;
	find_roles(d);
	number_clouds(d, make_groups(d));
	d->clouds = alloc_zero(d->cloud_count, sizeof *d->clouds);
	sorting = d;
	qsort(d->order, d->member_count, sizeof *d->order, by_cloud);
	for (uint32_t i = 0; i < d->member_count; i++) {
		struct design_cloud *c = &d->clouds[d->members[d->order[i]].cloud];

		if (!c->count)
			c->first = i;
		c->count++;
	}
	for (size_t i = 0; i < d->link_count; i++)
		d->links[i].strayed = d->members[d->links[i].from].cloud != d->members[d->links[i].to].cloud;
	for (size_t i = 0; i < d->cloud_count; i++) {
		count_roles(d, &d->clouds[i]);
		find_phase(d, &d->clouds[i]);
		find_sharing(d, &d->clouds[i]);
	}
}

const char *design_kind(const struct design_cloud *c)
{
	if (c->hubs > 1)
		return "several hubs in one tunnel";
	if (!c->hubs)
		return "hub unknown";
	return c->shared ? "one hub per tunnel" : "one hub";
}

/* ---- how much there is to carry ---- */

static double rate(const struct design_member *m)
{
	return m->nhrp->registration_timeout_s ? 1.0 / m->nhrp->registration_timeout_s : 0;
}

struct design_load design_load(const struct design *d, const struct design_cloud *c)
{
	struct design_load load = { 0 };
	uint64_t direct = 0;

	for (uint32_t i = 0; i < c->count; i++) {
		const struct design_member *m = design_in(d, c, i);
		size_t count;
		const uint32_t *links = design_incoming(d, design_member_number(d, m), &count);
		double per_s = 0;

		for (size_t k = 0; k < count; k++)
			per_s += rate(&d->members[d->links[links[k]].from]);
		if (count > load.registrations) {
			load.registrations = (uint32_t)count;
			load.registrations_per_s = per_s;
			load.hub_sessions = (uint32_t)count;
		}
		if (m->spoke && m->link_count > load.spoke_sessions)
			load.spoke_sessions = m->link_count;
		direct += m->spoke && m->tunnel->mode == TUNNEL_GRE_MULTIPOINT;
	}
	load.spoke_to_spoke = c->phase == PHASE_1 || !direct ? 0 : direct * (direct - 1) / 2;
	return load;
}
