#include "engine/twin.h"

#include "engine/peer.h"

enum { FIT_NONE, FIT_PEER, FIT_DESTINATION, FIT_SOURCE, FIT_OWN };

static bool is_twin(const struct tunnel *a, const struct tunnel *b, bool any_key)
{
	const struct settings *const s = &a->settings, *const t = &b->settings;

	return a == b || (b->up && t->mode == TUNNEL_GRE_MULTIPOINT && s->transport == t->transport && s->vrf == t->vrf &&
			  endpoint_eq(&a->local, &b->local) && (any_key || (s->has_key == t->has_key && s->key == t->key)));
}

/* Every link has the same link-local prefix. */
static bool on_subnet(const struct overlay *o, const struct ipaddr *a)
{
	return !ipaddr_is_none(a) && !ipaddr_is_link_local(a) && overlay_on_subnet(o, a);
}

/* How clearly the message is this overlay's. Every kind of message has an address of our tunnel's subnet
 * as its source, ours or another's; only the destination may lie behind a router. */
static unsigned fit(const struct overlay *o, const struct endpoint *from, const struct nhrp_message *m)
{
	if (overlay_owns(o, &m->src_proto) || overlay_owns(o, &m->dst_proto))
		return FIT_OWN;
	if (on_subnet(o, &m->src_proto))
		return FIT_SOURCE;
	if (on_subnet(o, &m->dst_proto))
		return FIT_DESTINATION;
	return peer_by_nbma(o->tunnel, from) ? FIT_PEER : FIT_NONE;
}

struct overlay *twin_choose(const struct tunnel *t, const struct endpoint *from, const struct nhrp_message *m,
			    bool any_key)
{
	const struct engine *const e = t->engine;
	struct overlay *found = tunnel_overlay(t, m->proto_family);
	unsigned best = found ? fit(found, from, m) : FIT_NONE;

	for (size_t i = 0; i < e->tunnel_count && best < FIT_OWN; i++) {
		struct overlay *const o = tunnel_overlay(e->tunnels[i], m->proto_family);

		if (!o || o == found || !is_twin(t, e->tunnels[i], any_key) || (found && fit(o, from, m) <= best))
			continue;
		found = o;
		best = fit(o, from, m);
	}
	return found;
}
