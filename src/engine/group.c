#include "engine/group.h"

#include <stdlib.h>
#include <string.h>

#include "engine/entitled.h"
#include "engine/peer.h"
#include "wire/nhrp_group.h"

static uint16_t group_named(const struct config_groups *g, const char *name)
{
	for (size_t i = 0; i < g->map_count && i < UINT16_MAX; i++)
		if (strcmp(g->maps[i].group, name) == 0)
			return (uint16_t)(i + 1);
	return GROUP_NONE;
}

uint16_t group_of_client(const struct overlay *o, const struct nhrp_message *m)
{
	const struct config_groups *const g = &o->tunnel->settings.groups;
	char said[NHRP_GROUP_NAME_MAX + 1];

	if (g->map_count == 0)
		return GROUP_NONE;
	for (size_t i = 0; i < g->identity_count; i++)
		if (entitled_is(o, &g->identities[i].identity))
			return group_named(g, g->identities[i].group);
	return m && nhrp_group_find(m, said) ? group_named(g, said) : GROUP_NONE;
}

struct shape group_shape(const struct settings *s, uint16_t group)
{
	const struct config_group_map *const map = group == GROUP_NONE ? NULL : &s->groups.maps[group - 1];

	return map ? (struct shape){ .rate_bps = map->rate_bps, .burst_octets = map->burst_octets } : (struct shape){ 0 };
}

uint16_t group_of_shape(const struct settings *s, const struct shape *shape)
{
	for (size_t i = 0; i < s->groups.map_count && i < UINT16_MAX; i++)
		if (s->groups.maps[i].rate_bps == shape->rate_bps && s->groups.maps[i].burst_octets == shape->burst_octets)
			return (uint16_t)(i + 1);
	return GROUP_NONE;
}

void groups_changed(struct tunnel *t, const struct settings *before)
{
	struct peer **const all = peers_sorted(t);

	for (size_t i = 0; i < t->peers.count; i++) {
		const uint16_t old = all[i]->group;

		if (old == GROUP_NONE)
			continue;
		all[i]->group = group_named(&t->settings.groups, before->groups.maps[old - 1].group);
		peer_say_again(all[i]);
	}
	free(all);
}
