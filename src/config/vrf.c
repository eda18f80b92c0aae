/* VRFs: the names of their devices, and routes from one into another. */
#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "config/reading.h"

/* As the kernel has it, and not taken by anything else. */
static bool is_device_name(const struct config *c, const char *name)
{
	if (!name[0] || strlen(name) > 15 || strpbrk(name, "/: \t%") || !strcmp(name, ".") || !strcmp(name, "..") ||
	    !strcmp(name, "lo") || !strcmp(name, "all") || !strcmp(name, "default"))
		return false;
	return !config_find_interface(c, name);
}

static void note_definition(struct config *c, uint32_t block)
{
	const char *const head = c->blocks[block].head;
	const size_t before = !strncmp(head, "vrf definition ", 15) ? 15 : !strncmp(head, "ip vrf ", 7) ? 7 : 0;

	for (size_t i = 1; before && i < c->vrf_count; i++) {
		if (c->vrfs[i].definition == CONFIG_NO_BLOCK && !strcmp(head + before, c->vrfs[i].name))
			c->vrfs[i].definition = block;
	}
}

void reading_finish_vrfs(struct config *c)
{
	for (size_t i = 0; i < c->vrf_count; i++)
		c->vrfs[i].definition = CONFIG_NO_BLOCK;
	for (size_t i = 0; i < c->block_count; i++)
		note_definition(c, (uint32_t)i);
	for (size_t i = 1; i < c->vrf_count; i++) {
		struct config_vrf *v = &c->vrfs[i];

		if (v->name && is_device_name(c, v->name))
			snprintf(v->device, sizeof v->device, "%s", v->name);
		else
			snprintf(v->device, sizeof v->device, "vrf%u", (unsigned)i);
	}
}

bool config_route_crosses(const struct config *c, const struct config_route *route)
{
	const struct config_interface *i = route->interface ? config_find_interface(c, route->interface) : NULL;

	return i && i->vrf != route->vrf;
}

bool config_route_ours(const struct config *c, const struct config_route *route)
{
	return route->vrf || route->dhcp || config_route_tracked(c, route) || config_route_crosses(c, route);
}

uint32_t config_vrf_in(const struct config *c, const char *text)
{
	const char *name = strstr(text, " vrf ");
	size_t length;

	if (!name)
		return 0;
	name += 5;
	length = strcspn(name, " ");
	for (uint32_t i = 1; i < c->vrf_count; i++) {
		if (c->vrfs[i].defined && strlen(c->vrfs[i].name) == length && !memcmp(c->vrfs[i].name, name, length))
			return i;
	}
	return CONFIG_NO_VRF;
}

bool config_vrf_is_routed(const struct config *c, uint32_t vrf)
{
	for (size_t i = 0; i < c->block_count; i++) {
		const struct config_block *b = &c->blocks[i];

		if (!strncmp(b->head, "router ospf ", 12) && config_vrf_in(c, b->head) == vrf)
			return true;
		if (strncmp(b->head, "router bgp ", 11))
			continue;
		for (size_t k = 0; k < b->line_count; k++) {
			if (!strncmp(b->lines[k].text, "address-family ", 15) && config_vrf_in(c, b->lines[k].text) == vrf)
				return true;
		}
	}
	return false;
}

/* ---- routes that BGP takes from one VRF into another ---- */

static const struct config_block *definition(const struct config *c, uint32_t vrf)
{
	const uint32_t at = c->vrfs[vrf].definition;

	return at == CONFIG_NO_BLOCK ? NULL : &c->blocks[at];
}

/* Of a `route-target` line for that family what is exported, or imported; NULL: it says nothing of that. */
static const char *target_of(const struct config_block *b, const struct config_block_line *l, const char *family, const char *way)
{
	const char *at = l->text + 13;

	if (strncmp(l->text, "route-target ", 13) || (l->parent != UINT32_MAX && strncmp(b->lines[l->parent].text + 15, family, 4)))
		return NULL;
	if (strncmp(at, way, 7) && strncmp(at, "both ", 5))
		return NULL;
	return strchr(at, ' ') + 1;
}

/* Targets of a family stand for those of the whole VRF. */
static bool is_overruled(const struct config_block *b, const struct config_block_line *l, const char *family)
{
	for (size_t i = 0; l->parent == UINT32_MAX && i < b->line_count; i++) {
		const uint32_t parent = b->lines[i].parent;

		if (parent != UINT32_MAX && !strncmp(b->lines[i].text, "route-target ", 13) && !strncmp(b->lines[parent].text + 15, family, 4))
			return true;
	}
	return false;
}

static bool exports(const struct config_block *b, const char *family, const char *target)
{
	for (size_t i = 0; i < b->line_count; i++) {
		const char *own = target_of(b, &b->lines[i], family, "export ");

		if (own && !strcmp(own, target) && !is_overruled(b, &b->lines[i], family))
			return true;
	}
	return false;
}

bool config_vrf_imports(const struct config *c, uint32_t vrf, uint32_t from, const char *family)
{
	const struct config_block *const b = definition(c, vrf), *const other = definition(c, from);

	for (size_t i = 0; b && other && i < b->line_count; i++) {
		const char *target = target_of(b, &b->lines[i], family, "import ");

		if (target && !is_overruled(b, &b->lines[i], family) && exports(other, family, target))
			return true;
	}
	return false;
}
