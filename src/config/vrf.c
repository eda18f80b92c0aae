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

void reading_finish_vrfs(struct config *c)
{
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
