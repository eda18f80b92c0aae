/*
 * The questions that are asked of an overlay: whose address is this, where does this route
 * point, which overlay comes next.
 */
#include <string.h>

#include "engine/tunnel.h"

struct overlay *tunnel_overlay(const struct tunnel *t, enum ip_family family)
{
	if (family == IP_NONE)
		return NULL;
	return t->overlays[family == IP_V6];
}

struct engine *overlay_engine(const struct overlay *o)
{
	return o->tunnel->engine;
}

struct rib *overlay_rib(const struct overlay *o)
{
	return engine_rib(o->tunnel->engine, o->tunnel->settings.vrf);
}

bool overlay_owns(const struct overlay *o, const struct ipaddr *addr)
{
	const struct settings *const s = &o->tunnel->settings;

	if (ipaddr_is_none(addr))
		return false;
	for (size_t i = 0; i < s->address_count; i++)
		if (ipaddr_eq(&s->addresses[i].addr, addr))
			return true;
	return ipaddr_eq(&o->link_local, addr);
}

bool overlay_is_local(const struct overlay *o, const struct ipaddr *addr)
{
	if (overlay_owns(o, addr))
		return true;
	/* A link-local address means something on its own link only. */
	return !ipaddr_is_link_local(addr) && rib_is_local(overlay_rib(o), addr);
}

/* All host bits of addr below len are `ones` (or all zero). */
static bool host_bits_are(const struct ipaddr *addr, uint8_t len, bool ones)
{
	const uint8_t bits = ip_family_bits((enum ip_family)addr->family);

	for (unsigned i = len; i < bits; i++)
		if ((addr->bytes[i / 8] >> (7 - i % 8) & 1) != ones)
			return false;
	return true;
}

bool overlay_on_subnet(const struct overlay *o, const struct ipaddr *addr)
{
	const struct settings *const s = &o->tunnel->settings;

	if (o->family == IP_V6 && ipaddr_is_link_local(addr))
		return true;
	for (size_t i = 0; i < s->address_count; i++) {
		const struct config_address *const a = &s->addresses[i];
		const struct ipprefix p = ipprefix_make(&a->addr, a->prefix_len);

		if (!ipprefix_contains(&p, addr))
			continue;
		if (o->family == IP_V4 && a->prefix_len < 31 &&
		    (host_bits_are(addr, a->prefix_len, false) || host_bits_are(addr, a->prefix_len, true)))
			return false;
		return true;
	}
	return false;
}

bool overlay_same_dmvpn(const struct overlay *a, const struct overlay *b)
{
	return a == b || (a->family == b->family && a->cfg->network_id == b->cfg->network_id &&
			  a->tunnel->settings.vrf == b->tunnel->settings.vrf);
}

static struct overlay *overlay_of_hop(const struct overlay *o, bool via_tunnel, uint32_t tunnel)
{
	const struct tunnel *const t = via_tunnel ? engine_tunnel(o->tunnel->engine, tunnel) : NULL;
	struct overlay *const other = t ? tunnel_overlay(t, o->family) : NULL;

	return other && overlay_same_dmvpn(o, other) ? other : NULL;
}

struct overlay *overlay_of_route(const struct overlay *o, const struct route *r)
{
	struct overlay *found = r ? overlay_of_hop(o, r->via_tunnel, r->tunnel) : NULL;

	for (size_t i = 0; r && found != o && i < r->more_count; i++) {
		struct overlay *const other = overlay_of_hop(o, r->more[i].via_tunnel, r->more[i].tunnel);

		if (other == o || !found)
			found = other;
	}
	return found;
}

const struct ipaddr *overlay_gateway(const struct overlay *o, const struct route *r)
{
	if (overlay_of_hop(o, r->via_tunnel, r->tunnel) == o)
		return &r->gateway;
	for (size_t i = 0; i < r->more_count; i++)
		if (overlay_of_hop(o, r->more[i].via_tunnel, r->more[i].tunnel) == o)
			return &r->more[i].gateway;
	return &r->gateway;
}

struct endpoint overlay_endpoint(const struct overlay *o, const struct ipaddr *nbma)
{
	return (struct endpoint){ .addr = *nbma, .vrf = o->tunnel->settings.underlay_vrf };
}

bool engine_owns_nbma(const struct engine *e, const struct endpoint *nbma)
{
	for (size_t i = 0; i < e->tunnel_count; i++)
		if (endpoint_eq(&e->tunnels[i]->local, nbma))
			return true;
	return false;
}

static struct overlay *from(const struct engine *e, size_t tunnel, size_t family)
{
	for (; tunnel < e->tunnel_count; tunnel++, family = 0)
		for (; family < 2; family++)
			if (e->tunnels[tunnel]->overlays[family])
				return e->tunnels[tunnel]->overlays[family];
	return NULL;
}

struct overlay *overlay_first(const struct engine *e)
{
	return from(e, 0, 0);
}

struct overlay *overlay_next(const struct overlay *o)
{
	const struct engine *const e = o->tunnel->engine;

	for (size_t i = 0; i < e->tunnel_count; i++)
		if (e->tunnels[i] == o->tunnel)
			return from(e, i, o->family == IP_V4 ? 1 : 2);
	return NULL;
}
