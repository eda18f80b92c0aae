/* What the size of a network and of its sites asks for: groups for shaping, room for IKE, answers for a whole site. */
#include <stdlib.h>
#include <string.h>

#include "design/compare.h"
#include "design/design.h"
#include "design/said.h"

enum { NETWORKS_MANY = 8 /* behind one spoke, each with a shortcut of its own at every other one */ };

/* ---- groups ---- */

static const struct config_group_map *map_of(const struct design_member *hub, const char *group)
{
	for (size_t i = 0; i < hub->tunnel->groups.map_count; i++)
		if (!strcmp(hub->tunnel->groups.maps[i].group, group))
			return &hub->tunnel->groups.maps[i];
	return NULL;
}

/* A hub that shapes some groups, and not this spoke's. */
static const struct design_member *hub_without(const struct design *d, const struct design_member *m)
{
	const char *const own = m->tunnel->groups.own;

	for (uint32_t i = m->first_link; own && i < m->first_link + m->link_count; i++) {
		const struct design_member *hub = &d->members[d->links[i].to];

		if (hub->tunnel->groups.map_count && !map_of(hub, own))
			return hub;
	}
	return NULL;
}

static void group_without_policy(struct design *d, const struct design_member *m)
{
	const struct design_member *hub = m->spoke ? hub_without(d, m) : NULL;
	const char *const family = m->family == IP_V4 ? "ip" : "ipv6";
	struct design_finding *f;
	unsigned line;

	if (!hub)
		return;
	f = design_found(d, RULE_GROUP_WITHOUT_POLICY, "add ip nhrp map group … service-policy output … for it at the hub, or write the name of a group that the hub has", "%s %s says that it is of group %s, and %s shapes %s%s only", member_name(d, m),
			 m->interface->ios_name, m->tunnel->groups.own, member_name(d, hub), hub->tunnel->groups.maps[0].group, hub->tunnel->groups.map_count > 1 ? " and others" : "");
	line = said_linef(m->interface, "%s nhrp group", family);
	finding_place(f, member_config(d, m), line == m->interface->line ? said_line(m->interface, "nhrp group") : line);
	line = said_linef(hub->interface, "%s nhrp map group", family);
	finding_place(f, member_config(d, hub), line == hub->interface->line ? said_line(hub->interface, "nhrp map group") : line);
}

/* ---- IKE ---- */

/* The last line says it. NULL: no limit. */
static const struct config_block *ike_limit(const struct config *c)
{
	const struct config_block *found = NULL, *at = NULL;

	while ((at = block_after(c, at, "crypto call admission limit ike sa")))
		found = at;
	return found;
}

/* Sessions that stand while nobody talks: two members of one router have one with the same far end. */
static uint32_t sessions_of(const struct design *d, const struct design_router *r)
{
	uint32_t most = 0;

	for (uint32_t i = r->first; i < r->first + r->count; i++) {
		size_t count;

		if (!d->members[i].tunnel->protection_profile)
			continue;
		design_incoming(d, i, &count);
		if (count + d->members[i].link_count > most)
			most = (uint32_t)count + d->members[i].link_count;
	}
	return most;
}

static void ike_limit_too_low(struct design *d, const struct design_router *r)
{
	const struct config_block *said = ike_limit(r->config);
	const unsigned long limit = said ? strtoul(strrchr(said->head, ' ') + 1, NULL, 10) : 0;
	const uint32_t needed = limit ? sessions_of(d, r) : 0;
	struct design_finding *f;

	if (!limit || needed <= limit)
		return;
	f = design_found(d, RULE_IKE_LIMIT_TOO_LOW, "raise crypto call admission limit ike sa above what stands by itself, with room for what spokes begin among themselves",
			 "%s lets %lu IKE sessions in, and %u stand as soon as everybody is registered", r->name, limit, needed);
	finding_place(f, r->config, said->line);
}

/* ---- many networks behind one spoke ---- */

static uint32_t networks_behind(const struct design *d, const struct design_member *m)
{
	const struct config *c = member_config(d, m);
	uint32_t count = 0;

	for (size_t i = 0; i < c->interface_count; i++) {
		const struct config_interface *lan = &c->interfaces[i];

		if (lan->is_tunnel || lan == m->source || lan->shutdown || lan->vrf != m->interface->vrf || !strncmp(lan->ios_name, "Loopback", 8) ||
		    said_find(lan, "ip nat outside"))
			continue;
		for (size_t k = 0; k < lan->address_count; k++)
			count += lan->addresses[k].addr.family == m->family && !ipaddr_is_link_local(&lan->addresses[k].addr);
	}
	return count;
}

static void summary_map_missing(struct design *d, const struct design_cloud *c)
{
	struct design_finding *f;
	const struct design_member *first = NULL;
	struct name_list names = { 0 };
	uint32_t most = 0;

	for (uint32_t i = 0; i < c->count && c->phase == PHASE_3; i++) {
		const struct design_member *m = design_in(d, c, i);
		const uint32_t networks = m->spoke && !m->nhrp->summary_map_count ? networks_behind(d, m) : 0;

		if (networks < NETWORKS_MANY)
			continue;
		first = first ? first : m;
		most = networks > most ? networks : most;
		name_add(&names, member_name(d, m));
	}
	if (!first || c->spokes < 2)
		return;
	f = design_found(d, RULE_SUMMARY_MAP_MISSING, "give the site's networks one prefix and name it: ip nhrp summary-map PREFIX; then one answer serves all of them", "%s: up to %u networks behind one spoke, for each of which every other spoke asks by itself",
			 name_text(&names), most);
	for (uint32_t i = 0; i < c->count; i++) {
		const struct design_member *m = design_in(d, c, i);

		if (m->spoke && !m->nhrp->summary_map_count && networks_behind(d, m) >= NETWORKS_MANY)
			finding_place(f, member_config(d, m), m->interface->line);
	}
}

void rules_sites(struct design *d)
{
	for (size_t i = 0; i < d->member_count; i++)
		group_without_policy(d, &d->members[i]);
	for (size_t i = 0; i < d->router_count; i++)
		ike_limit_too_low(d, &d->routers[i]);
	for (size_t i = 0; i < d->cloud_count; i++)
		summary_map_missing(d, &d->clouds[i]);
}
