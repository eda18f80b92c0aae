#include "engine/partner.h"

#include <stdlib.h>

#include "base/alloc.h"

static struct peer *peer_of(struct tunnel *t, const struct config_partner *c)
{
	const struct ipaddr *addrs;

	if (tunnel_host_addrs(t, &c->nbma, &addrs) == 0)
		return NULL;
	return peer_get_configured(t, &(struct endpoint){ .addr = addrs[0], .vrf = t->settings.underlay_vrf });
}

static void put_all(struct partner *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		peer_put(list[i].peer);
	free(list);
}

/* New references are taken before the old ones go, so that what stays is not touched. */
void partners_apply(struct overlay *o)
{
	struct partner *const old = o->partners;
	const size_t old_count = o->partner_count;

	o->partner_count = o->cfg->partner_count;
	o->partners = alloc_zero(o->partner_count, sizeof *o->partners);
	for (size_t i = 0; i < o->partner_count; i++)
		o->partners[i] = (struct partner){ o->cfg->partners[i].next_hop, peer_of(o->tunnel, &o->cfg->partners[i]) };
	put_all(old, old_count);
}

void partners_drop(struct overlay *o)
{
	put_all(o->partners, o->partner_count);
	o->partners = NULL;
	o->partner_count = 0;
}

void partners_free(struct overlay *o)
{
	free(o->partners);
	o->partners = NULL;
	o->partner_count = 0;
}

static const struct partner *at(const struct overlay *o, const struct ipaddr *next_hop)
{
	for (size_t i = 0; i < o->partner_count; i++)
		if (ipaddr_eq(&o->partners[i].next_hop, next_hop))
			return &o->partners[i];
	return NULL;
}

const struct partner *partner_of_route(const struct overlay *o, const struct route *r)
{
	const struct partner *found;

	if (!r || o->partner_count == 0)
		return NULL;
	found = r->via_tunnel ? NULL : at(o, &r->gateway);
	for (size_t i = 0; !found && i < r->more_count; i++)
		found = r->more[i].via_tunnel ? NULL : at(o, &r->more[i].gateway);
	return found;
}
