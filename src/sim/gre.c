#include "sim/gre.h"

static struct foreign_key key_of(const struct world *w, uint32_t tunnel)
{
	return (struct foreign_key){ .given = true, .present = !w->scenario->keyless, .key = w->scenario->keyless ? 0 : tunnel + 1 };
}

static bool is_same(const struct foreign_key *a, const struct foreign_key *b)
{
	return a->present == b->present && a->key == b->key;
}

static const struct host_peer *peer_at(const struct router *r, uint32_t tunnel, const struct ipaddr *nbma)
{
	return host_peer_find(&r->host, host_peer_of(&r->host, tunnel, nbma));
}

struct foreign_key gre_key(const struct world *w, const struct router *from, uint32_t tunnel, const struct ipaddr *nbma)
{
	const struct host_peer *const p = peer_at(from, tunnel, nbma);

	return p && p->key.given ? p->key : key_of(w, tunnel);
}

/* The tunnel of that uplink whose own key it is. */
static bool is_own(const struct world *w, const struct router *r, size_t uplink, const struct foreign_key *key, uint32_t *tunnel)
{
	for (size_t i = 0; i < r->tunnel_count; i++) {
		struct foreign_key own;

		*tunnel = router_tunnel(r, i);
		own = key_of(w, *tunnel);
		if (design_uplink(w, *tunnel) == uplink && is_same(&own, key))
			return true;
	}
	return false;
}

/* A tunnel whose peer the sender is, who is known to have that key. */
static bool is_of_peer(const struct world *w, const struct router *r, size_t uplink, const struct foreign_key *key,
		       const struct ipaddr *from, uint32_t *tunnel)
{
	for (size_t i = 0; i < r->tunnel_count; i++) {
		const struct host_peer *p;

		*tunnel = router_tunnel(r, i);
		p = peer_at(r, *tunnel, from);
		if (design_uplink(w, *tunnel) == uplink && p && p->key.given && is_same(&p->key, key))
			return true;
	}
	return false;
}

bool gre_takes(const struct world *w, const struct router *from, const struct router *to, uint32_t sent_by, uint32_t *tunnel)
{
	const size_t uplink = design_uplink(w, sent_by);
	const struct foreign_key key = gre_key(w, from, sent_by, &to->uplinks[uplink].nbma);

	/* Without keys the inner addresses tell the tunnels apart, as the forwarder has it: they are those of the sender's. */
	*tunnel = sent_by;
	if (w->scenario->keyless && router_has_tunnel(to, sent_by))
		return true;
	return is_own(w, to, uplink, &key, tunnel) || is_of_peer(w, to, uplink, &key, &from->uplinks[uplink].nbma, tunnel);
}

bool gre_takes_nhrp(const struct world *w, const struct router *to, const struct happening *h, uint32_t *tunnel,
		    struct foreign_key *foreign)
{
	*foreign = (struct foreign_key){ 0 };
	if (is_own(w, to, h->uplink, &h->key, tunnel))
		return true;
	*foreign = h->key;
	for (size_t i = 0; i < to->tunnel_count; i++) {
		*tunnel = router_tunnel(to, i);
		if (design_uplink(w, *tunnel) == h->uplink)
			return true;
	}
	return false;
}
