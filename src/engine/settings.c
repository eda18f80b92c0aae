#include "engine/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static struct config_host copy_host(const struct config_host *h)
{
	return (struct config_host){ .addr = h->addr, .name = alloc_text(h->name) };
}

static void *copy_array(const void *from, size_t count, size_t size)
{
	void *const to = alloc_zero(count, size);

	if (count)
		memcpy(to, from, count * size);
	return to;
}

static void copy_nhrp(struct config_nhrp *to, const struct config_nhrp *from)
{
	*to = *from;
	to->authentication = alloc_text(from->authentication);
	to->maps = copy_array(from->maps, from->map_count, sizeof *to->maps);
	for (size_t i = 0; i < to->map_count; i++)
		to->maps[i].nbma = copy_host(&from->maps[i].nbma);
	to->map_multicast = copy_array(from->map_multicast, from->map_multicast_count,
				       sizeof *to->map_multicast);
	for (size_t i = 0; i < to->map_multicast_count; i++)
		to->map_multicast[i] = copy_host(&from->map_multicast[i]);
	to->partners = copy_array(from->partners, from->partner_count, sizeof *to->partners);
	for (size_t i = 0; i < to->partner_count; i++)
		to->partners[i].nbma = copy_host(&from->partners[i].nbma);
	to->nhs = copy_array(from->nhs, from->nhs_count, sizeof *to->nhs);
	for (size_t i = 0; i < to->nhs_count; i++)
		to->nhs[i].nbma = copy_host(&from->nhs[i].nbma);
	to->clusters = copy_array(from->clusters, from->cluster_count, sizeof *to->clusters);
	to->identities = copy_array(from->identities, from->identity_count, sizeof *to->identities);
	for (size_t i = 0; i < to->identity_count; i++) {
		to->identities[i].kind = alloc_text(from->identities[i].kind);
		to->identities[i].name = alloc_text(from->identities[i].name);
	}
	to->summary_maps = copy_array(from->summary_maps, from->summary_map_count,
				      sizeof *to->summary_maps);
}

static void free_nhrp(struct config_nhrp *n)
{
	free(n->authentication);
	for (size_t i = 0; i < n->map_count; i++)
		free(n->maps[i].nbma.name);
	free(n->maps);
	for (size_t i = 0; i < n->map_multicast_count; i++)
		free(n->map_multicast[i].name);
	free(n->map_multicast);
	for (size_t i = 0; i < n->partner_count; i++)
		free(n->partners[i].nbma.name);
	free(n->partners);
	for (size_t i = 0; i < n->nhs_count; i++)
		free(n->nhs[i].nbma.name);
	free(n->nhs);
	free(n->clusters);
	for (size_t i = 0; i < n->identity_count; i++) {
		free(n->identities[i].kind);
		free(n->identities[i].name);
	}
	free(n->identities);
	free(n->summary_maps);
}

static struct config_groups copy_groups(const struct config_groups *from)
{
	struct config_groups g = *from;

	g.own = alloc_text(from->own);
	g.maps = copy_array(from->maps, from->map_count, sizeof *g.maps);
	for (size_t i = 0; i < g.map_count; i++)
		g.maps[i].group = alloc_text(from->maps[i].group);
	g.identities = copy_array(from->identities, from->identity_count, sizeof *g.identities);
	for (size_t i = 0; i < g.identity_count; i++) {
		g.identities[i].group = alloc_text(from->identities[i].group);
		g.identities[i].identity.kind = alloc_text(from->identities[i].identity.kind);
		g.identities[i].identity.name = alloc_text(from->identities[i].identity.name);
	}
	return g;
}

void settings_copy(struct settings *s, const struct config_interface *i)
{
	const struct config_tunnel *const t = i->tunnel;

	*s = (struct settings){
		.number = i->tunnel_number,
		.vrf = i->vrf,
		.underlay_vrf = t->vrf,
		.mode = t->mode,
		.transport = t->transport,
		.destination = copy_host(&t->destination),
		.has_key = t->has_key,
		.key = t->key,
		.if_state_nhrp = t->if_state_nhrp,
		.bfd = t->no_bfd ? (struct config_bfd){ 0 } : t->bfd,
		.route_hold_s = config_route_hold_s(i),
		.shortcut_hold_s = config_shortcut_hold_s(i),
		.warm_behind = t->warm_behind ? alloc_text(t->warm_behind) : NULL,
		.warm_every_s = t->warm_every_s,
		.warm_delay_s = t->warm_delay_s,
		.address_count = i->address_count,
		.addresses = copy_array(i->addresses, i->address_count, sizeof *i->addresses),
	};
	copy_nhrp(&s->nhrp4, &t->nhrp4);
	copy_nhrp(&s->nhrp6, &t->nhrp6);
	snprintf(s->name, sizeof s->name, "%s", i->name);
	s->groups = copy_groups(&t->groups);
}

void settings_done(struct settings *s)
{
	free(s->destination.name);
	free(s->warm_behind);
	free(s->addresses);
	free_nhrp(&s->nhrp4);
	free_nhrp(&s->nhrp6);
	config_groups_done(&s->groups);
}

static bool settings_same_host(const struct config_host *a, const struct config_host *b)
{
	if (!ipaddr_eq(&a->addr, &b->addr) || !a->name != !b->name)
		return false;
	return !a->name || strcmp(a->name, b->name) == 0;
}

static bool same_address(const struct config_address *a, const struct config_address *b)
{
	return ipaddr_eq(&a->addr, &b->addr) && a->prefix_len == b->prefix_len &&
	       a->secondary == b->secondary && a->link_local == b->link_local;
}

static bool same_addresses(const struct settings *a, const struct settings *b)
{
	if (a->address_count != b->address_count)
		return false;
	for (size_t i = 0; i < a->address_count; i++)
		if (!same_address(&a->addresses[i], &b->addresses[i]))
			return false;
	return true;
}

bool settings_same_tunnel(const struct settings *a, const struct settings *b)
{
	return a->vrf == b->vrf && a->underlay_vrf == b->underlay_vrf && a->mode == b->mode &&
	       a->transport == b->transport && a->has_key == b->has_key && a->key == b->key &&
	       settings_same_host(&a->destination, &b->destination) &&
	       a->nhrp4.enabled == b->nhrp4.enabled && a->nhrp6.enabled == b->nhrp6.enabled &&
	       same_addresses(a, b);
}

const struct config_nhrp *settings_nhrp(const struct settings *s, enum ip_family family)
{
	return family == IP_V4 ? &s->nhrp4 : &s->nhrp6;
}
