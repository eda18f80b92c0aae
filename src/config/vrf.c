/* VRFs: the names of their devices, and who routes in them. */
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

/* "… vrf NAME", or "… vrf NAME …" */
static bool says_vrf(const char *text, const char *name)
{
	const char *at = strstr(text, " vrf ");
	const size_t length = strlen(name);

	return at && !strncmp(at + 5, name, length) && (!at[5 + length] || at[5 + length] == ' ');
}

bool config_vrf_routed(const struct config *c, uint32_t vrf)
{
	const char *name = c->vrfs[vrf].name;

	for (size_t i = 0; i < c->block_count; i++) {
		const struct config_block *b = &c->blocks[i];

		if (strncmp(b->head, "router ", 7) && strncmp(b->head, "ipv6 router ", 12))
			continue;
		if (says_vrf(b->head, name))
			return true;
		for (size_t k = 0; k < b->line_count; k++) {
			if (!strncmp(b->lines[k].text, "address-family ", 15) && says_vrf(b->lines[k].text, name))
				return true;
		}
	}
	return false;
}
