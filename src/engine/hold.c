#include "engine/hold.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "engine/answer.h"
#include "engine/nhs_list.h"
#include "engine/shortcut.h"

enum { HOLD_DOUBT_MS = 1000 /* a burst of probes is over sooner */ };

static bool is_active(const struct tunnel *t)
{
	return timer_running(&t->hold);
}

void hold_init(struct tunnel *t)
{
	timer_init(&t->hold, TIMER_HOLD, t);
}

/* ---- where a held route leads */

/* The gateway of its i-th next hop; NULL when that does not lie in t. */
static const struct ipaddr *hop_into(const struct tunnel *t, const struct route *r, size_t i)
{
	const struct ipaddr *const gateway = i == 0 ? &r->gateway : &r->more[i - 1].gateway;
	const bool via_tunnel = i == 0 ? r->via_tunnel : r->more[i - 1].via_tunnel;
	const uint32_t tunnel = i == 0 ? r->tunnel : r->more[i - 1].tunnel;

	return via_tunnel && tunnel == t->settings.number && !ipaddr_is_none(gateway) ? gateway : NULL;
}

static bool is_ours(const struct tunnel *t, const struct route *r)
{
	for (size_t i = 0; i <= r->more_count; i++)
		if (hop_into(t, r, i))
			return true;
	return false;
}

/* It has a next hop that our trouble does not touch: routing keeps it. */
static bool leads_elsewhere(const struct tunnel *t, const struct route *r)
{
	for (size_t i = 0; i <= r->more_count; i++)
		if (!hop_into(t, r, i))
			return true;
	return false;
}

/* Packets get to that next hop itself. */
static bool is_alive(const struct overlay *o, const struct ipaddr *gateway)
{
	const struct nhs *const n = nhs_by_addr(o, gateway);
	const struct binding *const b = binding_host(o, gateway);

	if (n)
		return nhs_is_live(n);
	return b && b->peer && !path_is_dead(o->tunnel, binding_nbma(b));
}

static bool is_doubted(const struct overlay *o, const struct ipaddr *gateway)
{
	const struct nhs *const n = nhs_by_addr(o, gateway);
	const struct binding *const b = n ? NULL : binding_host(o, gateway);
	const struct path *const p = n ? path_find(o->tunnel, &n->nbma) : b ? path_find(o->tunnel, binding_nbma(b)) : NULL;

	return p && p->state == PATH_DOUBTED;
}

/* NULL: none of its next hops lives. One that is not in doubt is better. */
static const struct ipaddr *living_hop(const struct overlay *o, const struct route *r)
{
	const struct ipaddr *gateway, *found = NULL;

	for (size_t i = 0; i <= r->more_count; i++) {
		gateway = hop_into(o->tunnel, r, i);
		if (!gateway || !is_alive(o, gateway))
			continue;
		if (!is_doubted(o, gateway))
			return gateway;
		if (!found)
			found = gateway;
	}
	return found;
}

/* A next hop that lives; else what a live NHS relays to; else its place is taken by that NHS. IP_NONE:
 * there is no way. */
static struct ipaddr way_of(const struct tunnel *t, const struct route *r)
{
	const struct overlay *const o = tunnel_overlay(t, (enum ip_family)r->dst.addr.family);
	const struct nhs *const relay = o ? nhs_best(o) : NULL;
	const struct ipaddr *gateway = o ? living_hop(o, r) : NULL;

	if (gateway)
		return *gateway;
	for (size_t i = 0; relay && i <= r->more_count; i++)
		if ((gateway = hop_into(t, r, i)) && !nhs_by_addr(o, gateway))
			return *gateway;
	return relay ? relay->addr : IPADDR_NONE;
}

/* ---- one route */

static struct route *route_of(struct engine *e, uint32_t vrf, const struct ipprefix *dst)
{
	return rib_find_mutable(engine_rib(e, vrf), dst);
}

static void release(struct engine *e, uint32_t vrf, struct route *r)
{
	const struct ipprefix dst = r->dst;
	const bool withdrawn = r->withdrawn;

	r->held = r->withdrawn = false;
	if (withdrawn)
		rib_del(engine_rib(e, vrf), &dst);
	shortcut_unhold(e, vrf, &dst);
	if (!withdrawn)
		return;
	shortcuts_route_changed(e, vrf, &dst);
	answers_route_changed(e, vrf, &dst);
}

/* Holds it the way it can be held now; false: there is none. */
static bool hold(struct tunnel *t, struct route *r)
{
	const struct ipaddr way = way_of(t, r);

	if (ipaddr_is_none(&way) ||
	    !shortcut_hold(t->engine, t->settings.vrf, &r->dst, t->settings.number, &way))
		return false;
	r->held = true;
	r->holder = t->settings.number;
	return true;
}

/* ---- all of a tunnel */

static struct ipprefix *list_routes(const struct tunnel *t, bool held, size_t *count)
{
	const struct rib *const rib = engine_rib(t->engine, t->settings.vrf);
	struct ipprefix *const list = alloc_zero(rib->routes.count + 1, sizeof *list);

	*count = 0;
	for (struct tree_node *n = tree_first(&rib->routes); n; n = tree_next(n)) {
		const struct route *const r = CONTAINER_OF(n, const struct route, node);

		if (held ? r->held && r->holder == t->settings.number : !r->held && !leads_elsewhere(t, r))
			list[(*count)++] = r->dst;
	}
	return list;
}

/* The last ones first: what is more specific needs no hole in what covers it then. */
static void hold_others(struct tunnel *t)
{
	size_t count;
	struct ipprefix *const list = list_routes(t, false, &count);

	while (count-- > 0)
		hold(t, route_of(t->engine, t->settings.vrf, &list[count]));
	free(list);
}

void hold_settle(struct tunnel *t)
{
	size_t count;
	struct ipprefix *list;

	if (!is_active(t))
		return;
	list = list_routes(t, true, &count);
	for (size_t i = 0; i < count; i++) {
		struct route *const r = route_of(t->engine, t->settings.vrf, &list[i]);

		if (r && !hold(t, r))
			release(t->engine, t->settings.vrf, r);
	}
	free(list);
}

static bool is_wanted(const struct tunnel *t)
{
	return t->settings.route_hold_s != 0 && t->up && !t->engine->stopping && !t->engine->options.no_route_hold;
}

static void extend(struct tunnel *t, struct span d)
{
	const bool was_active = is_active(t);
	const struct instant until = later(t->engine, d);

	if (!is_wanted(t))
		return;
	if (!was_active || instant_before(t->hold.deadline, until))
		timer_set(&t->engine->timers, &t->hold, until);
	if (!was_active)
		hold_others(t);
}

void hold_doubt(struct tunnel *t)
{
	extend(t, span_ms(HOLD_DOUBT_MS));
}

void hold_begin(struct tunnel *t)
{
	t->holds += is_wanted(t);
	extend(t, span_s(t->settings.route_hold_s));
}

void hold_end(struct tunnel *t)
{
	size_t count;
	struct ipprefix *const list = list_routes(t, true, &count);

	timer_stop(&t->engine->timers, &t->hold);
	for (size_t i = 0; i < count; i++) {
		struct route *const r = route_of(t->engine, t->settings.vrf, &list[i]);

		if (r)
			release(t->engine, t->settings.vrf, r);
	}
	free(list);
}

/* ---- what routing says meanwhile */

/* Routing gives up what leads to somebody who lives. Perhaps others have noticed a hub's death before us: the
 * NHSs are probed, and when all live, it was meant so and is believed a moment later. */
static void suspect(struct tunnel *t, const struct route *r)
{
	const struct overlay *const o = tunnel_overlay(t, (enum ip_family)r->dst.addr.family);

	if (!o || o->nhs_count == 0 || !is_wanted(t) || !living_hop(o, r))
		return;
	hold_doubt(t);
	for (size_t i = 0; i < o->nhs_count; i++)
		path_hint(t, &o->nhs[i]->nbma, PATH_EVENT_DOUBT);
}

void hold_route_added(struct engine *e, uint32_t vrf, const struct ipprefix *dst)
{
	struct route *const r = route_of(e, vrf, dst);

	if (r->held)
		release(e, vrf, r);
}

bool hold_route_gone(struct engine *e, uint32_t vrf, const struct ipprefix *dst)
{
	struct route *const r = route_of(e, vrf, dst);

	for (size_t i = 0; r && !r->held && i < e->tunnel_count; i++) {
		struct tunnel *const t = e->tunnels[i];

		if (t->settings.vrf != vrf || !is_ours(t, r))
			continue;
		if (!is_active(t))
			suspect(t, r);
		if (is_active(t) && !r->held)
			hold(t, r);
	}
	if (!r || !r->held)
		return false;
	r->withdrawn = true;
	return true;
}
