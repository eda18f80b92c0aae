#include "engine/whereabouts.h"

#include "engine/binding.h"
#include "engine/peer.h"
#include "engine/tunnel.h"

static bool is_there(const struct binding *b, const struct endpoint *at)
{
	const struct endpoint *nbma = b->hop ? NULL : binding_nbma(b);

	return nbma && nbma->vrf == at->vrf && ipaddr_eq(&nbma->addr, &at->addr);
}

/* The other family's address, or the link-local one, of whom the same is said. */
static bool is_himself(const struct binding *b, const struct ipaddr *proto, const struct ipaddr *claimed)
{
	const struct ipaddr *const other = &b->dst.addr;

	return ipaddr_eq(&b->claimed_nbma, claimed) &&
	       (other->family != proto->family || ipaddr_is_link_local(other) || ipaddr_is_link_local(proto));
}

bool whereabouts(const struct overlay *o, const struct ipaddr *proto, const struct ipaddr *outside, const struct ipaddr *claimed,
		 struct endpoint *out)
{
	const struct binding *const own = binding_host(o, proto);
	const struct tunnel *const t = o->tunnel;

	*out = overlay_endpoint(o, outside);
	if (own && is_there(own, out)) {
		*out = *binding_nbma(own);
		return true;
	}
	if (!peer_by_nbma(t, out))
		return true; /* nobody is known there */
	for (size_t i = 0; i < 2; i++) {
		for (const struct binding *b = t->overlays[i] ? binding_first(t->overlays[i]) : NULL; b; b = binding_next(b)) {
			if (is_there(b, out) && is_himself(b, proto, claimed)) {
				*out = *binding_nbma(b);
				return true;
			}
		}
	}
	return false;
}
