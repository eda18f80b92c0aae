/* Which of FRR's programs a configuration needs, and which of its lists they use. */
#include <string.h>

#include "config/render.h"

static const struct { const char *begins; unsigned daemon; } heads[] = {
	{ "router bgp ", FRR_BGPD }, { "router ospf ", FRR_OSPFD }, { "ipv6 router ospf ", FRR_OSPF6D },
	{ "router ospfv3 ", FRR_OSPF6D }, { "router eigrp ", FRR_EIGRPD }, { "router rip", FRR_RIPD },
};

static bool line_uses_bfd(const char *text)
{
	return strstr(text, " fall-over bfd") || !strncmp(text, "bfd all-interfaces", 18);
}

bool config_ospf_follows(const struct config_interface *i, const struct config_if_ospf *o)
{
	return i->tunnel && i->tunnel->fall_over_bfd && !o->no_bfd;
}

static bool interface_uses_bfd(const struct config_interface *i, unsigned daemons)
{
	return i->ospf.bfd || i->ospf6.bfd || (daemons & FRR_OSPFD && config_ospf_follows(i, &i->ospf)) ||
	       (daemons & FRR_OSPF6D && config_ospf_follows(i, &i->ospf6));
}

unsigned config_frr_daemons(const struct config *c)
{
	unsigned daemons = FRR_ZEBRA | FRR_STATICD;

	for (size_t i = 0; i < c->block_count; i++) {
		const struct config_block *b = &c->blocks[i];

		for (size_t h = 0; h < sizeof heads / sizeof heads[0]; h++)
			daemons |= strncmp(b->head, heads[h].begins, strlen(heads[h].begins)) ? 0 : heads[h].daemon;
		for (size_t k = 0; k < b->line_count; k++)
			daemons |= line_uses_bfd(b->lines[k].text) ? FRR_BFDD : 0;
	}
	for (size_t i = 0; i < c->interface_count; i++)
		daemons |= interface_uses_bfd(&c->interfaces[i], daemons) ? FRR_BFDD : 0;
	return daemons;
}

/* "match ip address NAME", "neighbor X distribute-list NAME in", … */
static bool line_uses_list(const char *text, const char *name)
{
	static const char *const before[] = { "match ip address ", "match ip next-hop ", "match ip route-source ",
					      "distribute-list ", "offset-list ", NULL };
	const size_t length = strlen(name);

	for (size_t i = 0; before[i]; i++) {
		const char *at = strstr(text, before[i]);

		if (!at)
			continue;
		at += strlen(before[i]);
		if (!strncmp(at, name, length) && (!at[length] || at[length] == ' '))
			return true;
	}
	return false;
}

bool config_access_list_used(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->block_count; i++) {
		for (size_t k = 0; k < c->blocks[i].line_count; k++) {
			if (line_uses_list(c->blocks[i].lines[k].text, name))
				return true;
		}
	}
	return false;
}
