#include "engine/whereabouts.h"

#include "engine/binding.h"
#include "engine/peer.h"
#include "engine/tunnel.h"

/* A client with a second address is not worth a walk through all of a large hub's bindings. */
enum { WALK_MAX = 1024 };

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

/* He has another address of the overlay, or one of the other family, and was heard of by that. */
static const struct binding *by_another_address(const struct overlay *o, const struct ipaddr *proto, const struct endpoint *at,
						const struct ipaddr *claimed)
{
	unsigned steps = 0;

	for (const struct binding *b = o ? binding_first(o) : NULL; b && steps++ < WALK_MAX; b = binding_next(b))
		if (is_there(b, at) && is_himself(b, proto, claimed))
			return b;
	return NULL;
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
		const struct binding *const b = by_another_address(t->overlays[i], proto, out, claimed);

		if (b) {
			*out = *binding_nbma(b);
			return true;
		}
	}
	return false;
}
