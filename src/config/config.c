#include "config/config.h"

#include <stdlib.h>
#include <string.h>

#include "config/reading.h"

/* ---- freeing ---- */

static void host_done(struct config_host *h)
{
	free(h->name);
}

static void nhrp_done(struct config_nhrp *n)
{
	for (size_t i = 0; i < n->map_count; i++)
		host_done(&n->maps[i].nbma);
	for (size_t i = 0; i < n->map_multicast_count; i++)
		host_done(&n->map_multicast[i]);
	for (size_t i = 0; i < n->nhs_count; i++)
		host_done(&n->nhs[i].nbma);
	for (size_t i = 0; i < n->identity_count; i++) {
		free(n->identities[i].kind);
		free(n->identities[i].name);
	}
	free(n->identities);
	free(n->authentication);
	free(n->maps);
	free(n->map_multicast);
	for (size_t i = 0; i < n->partner_count; i++)
		host_done(&n->partners[i].nbma);
	free(n->partners);
	free(n->nhs);
	free(n->clusters);
	free(n->summary_maps);
}

void config_groups_done(struct config_groups *g)
{
	free(g->own);
	for (size_t i = 0; i < g->map_count; i++)
		free(g->maps[i].group);
	free(g->maps);
	for (size_t i = 0; i < g->identity_count; i++) {
		free(g->identities[i].group);
		free(g->identities[i].identity.kind);
		free(g->identities[i].identity.name);
	}
	free(g->identities);
}

static void tunnel_free(struct config_tunnel *t)
{
	if (!t)
		return;
	free(t->source_interface);
	host_done(&t->destination);
	free(t->protection_profile);
	free(t->warm_behind);
	nhrp_done(&t->nhrp4);
	nhrp_done(&t->nhrp6);
	config_groups_done(&t->groups);
	free(t);
}

static void ospf_done(struct config_if_ospf *o)
{
	free(o->network);
	free(o->area);
}

static void said_done(struct config_said *said, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(said[i].text);
	free(said);
}

void config_interface_done(struct config_interface *i)
{
	for (size_t k = 0; k < i->extra_count; k++)
		free(i->extras[k]);
	free(i->extras);
	said_done(i->said, i->said_count);
	free(i->ios_name);
	free(i->backup);
	free(i->description);
	free(i->addresses);
	ospf_done(&i->ospf);
	ospf_done(&i->ospf6);
	tunnel_free(i->tunnel);
	memset(i, 0, sizeof *i);
}

void config_block_done(struct config_block *b)
{
	for (size_t i = 0; i < b->line_count; i++)
		free(b->lines[i].text);
	free(b->lines);
	free(b->head);
	memset(b, 0, sizeof *b);
}

static void lines_free(struct config *c)
{
	for (size_t i = 0; i < c->line_count; i++) {
		free(c->lines[i].text);
		free(c->lines[i].reason);
		free(c->lines[i].remedy);
		free(c->lines[i].practice);
		free(c->lines[i].practice_remedy);
	}
	free(c->lines);
}

void config_free(struct config *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->interface_count; i++)
		config_interface_done(&c->interfaces[i]);
	for (size_t i = 0; i < c->block_count; i++)
		config_block_done(&c->blocks[i]);
	for (size_t i = 0; i < c->sla_count; i++)
		config_sla_done(&c->slas[i]);
	for (size_t i = 0; i < c->track_count; i++)
		config_track_done(&c->tracks[i]);
	free(c->slas);
	free(c->tracks);
	for (size_t i = 0; i < c->vrf_count; i++)
		free(c->vrfs[i].name);
	for (size_t i = 0; i < c->route_count; i++) {
		free(c->routes[i].interface);
		free(c->routes[i].name);
	}
	lines_free(c);
	said_done(c->said, c->said_count);
	free(c->interfaces);
	free(c->blocks);
	free(c->vrfs);
	free(c->routes);
	free(c->hostname);
	free(c->version);
	free(c->name);
	free(c);
}

/* ---- looking ---- */

size_t config_count(const struct config *c, enum config_state state)
{
	size_t count = 0;

	for (size_t i = 0; i < c->line_count; i++)
		count += c->lines[i].state == state;
	return count;
}

size_t config_practice_count(const struct config *c)
{
	size_t count = 0;

	for (size_t i = 0; i < c->line_count; i++)
		count += c->lines[i].practice != NULL;
	return count;
}

bool config_judge_line(struct config *c, unsigned number, bool is_error, const char *text, const char *remedy)
{
	struct config_line *line = number && number <= c->line_count ? &c->lines[number - 1] : NULL;
	char **slot, **remedy_slot;

	if (!line || (is_error ? line->state == CONFIG_ERROR : line->practice != NULL))
		return true;
	slot = is_error ? &line->reason : &line->practice;
	remedy_slot = is_error ? &line->remedy : &line->practice_remedy;
	free(*slot);
	free(*remedy_slot);
	*slot = strdup(text);
	*remedy_slot = remedy ? strdup(remedy) : NULL;
	if (is_error) {
		line->state = CONFIG_ERROR;
		line->changes_traffic = false;
	}
	return *slot && (*remedy_slot || !remedy);
}

size_t config_blocking_count(const struct config *c)
{
	size_t count = config_count(c, CONFIG_ERROR);

	for (size_t i = 0; i < c->line_count; i++)
		count += c->lines[i].state == CONFIG_NOT_SUPPORTED && c->lines[i].changes_traffic;
	return count;
}

const struct config_interface *config_find_interface(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->interface_count; i++) {
		if (!strcmp(c->interfaces[i].name, name) || !strcmp(c->interfaces[i].ios_name, name))
			return &c->interfaces[i];
	}
	return NULL;
}

enum { ROUTE_HOLD_S = 10 };

static bool elects(const struct config_if_ospf *o)
{
	return o->network && (!strcmp(o->network, "broadcast") || !strcmp(o->network, "non-broadcast"));
}

uint16_t config_warm_registration_s(uint16_t every_s, const struct config_nhrp *n)
{
	const uint16_t longest = n->holdtime_s / 3, rare = every_s < longest ? every_s : longest;

	return n->registration_timeout_s > rare ? n->registration_timeout_s : rare;
}

uint16_t config_route_hold_s(const struct config_interface *tunnel)
{
	if (tunnel->tunnel->has_route_hold)
		return tunnel->tunnel->route_hold_s;
	return elects(&tunnel->ospf) || elects(&tunnel->ospf6) ? ROUTE_HOLD_S : 0;
}

uint16_t config_shortcut_hold_s(const struct config_interface *tunnel)
{
	return tunnel->tunnel->has_route_hold ? tunnel->tunnel->route_hold_s : ROUTE_HOLD_S;
}

const struct config_interface *config_find_tunnel(const struct config *c, uint32_t number)
{
	for (size_t i = 0; i < c->interface_count; i++) {
		if (c->interfaces[i].is_tunnel && c->interfaces[i].tunnel_number == number)
			return &c->interfaces[i];
	}
	return NULL;
}
