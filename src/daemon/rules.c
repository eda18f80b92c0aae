/* rules: the ip rules that make the kernel look for shortcuts first. */
#include <string.h>

#include "daemon/daemon_state.h"
#include "kernel/shortcut.h"

/* The global VRF's rule matches all, another VRF's the interfaces in it. */
static void each_rule(struct daemon *d, int (*act)(struct netlink *, uint32_t, const char *))
{
	int rc = act(&d->netlink, 0, NULL);

	for (size_t i = 0; i < d->config->interface_count; i++) {
		const struct config_interface *c = &d->config->interfaces[i];

		if (c->vrf != 0 && act(&d->netlink, c->vrf, c->name) < 0)
			rc = -1;
	}
	if (rc < 0)
		daemon_log(d, TRACE_ERROR, "SHORTCUT_RULE", "error=\"ip rules cannot be set\"");
}

void rules_apply(struct daemon *d)
{
	each_rule(d, shortcut_rule_add);
}

void rules_change(struct daemon *d, const struct config *old)
{
	rules_apply(d);
	for (size_t i = 0; i < old->interface_count; i++) {
		const struct config_interface *was = &old->interfaces[i];
		const struct config_interface *is = config_find_interface(d->config, was->name);

		if (was->vrf != 0 && (!is || is->vrf != was->vrf))
			shortcut_rule_del(&d->netlink, was->vrf, was->name);
	}
}

void rules_remove(struct daemon *d)
{
	each_rule(d, shortcut_rule_del);
}
