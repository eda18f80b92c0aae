#include "engine/saved.h"

#include "engine/binding.h"
#include "engine/server.h"
#include "engine/shortcut.h"
#include "engine/state.h"
#include "engine/tunnel.h"

/* ---- what is worth saving */

static bool is_worth_it(const struct binding *b)
{
	return (b->kind == BINDING_REGISTERED || b->kind == BINDING_CACHED) && !instant_is_never(b->expiry.deadline);
}

static void describe(const struct binding *b, struct event *out)
{
	const struct engine *const e = overlay_engine(b->overlay);

	*out = (struct event){ .type = EVENT_BINDING_SAVED, .tunnel = b->overlay->tunnel->settings.number };
	out->saved.dst = b->dst;
	out->saved.via = b->via;
	out->saved.registered = b->kind == BINDING_REGISTERED;
	out->saved.network = b->hop != NULL;
	if (b->upkeep)
		out->saved.asked = b->upkeep->asked;
	out->saved.nbma = *binding_nbma(b);
	out->saved.claimed_nbma = b->claimed_nbma;
	out->saved.identity = b->identity;
	out->saved.unique = b->unique;
	out->saved.router = b->router;
	out->saved.authoritative = b->authoritative;
	out->saved.nat = b->nat;
	out->saved.answers = b->path.path && b->path.path->answers;
	out->saved.preference = b->preference;
	out->saved.mtu_bytes = b->mtu_bytes;
	out->saved.left = instant_since(b->expiry.deadline, e->now);
}

static const struct overlay *overlay_at(const struct engine *e, const struct saved_cursor *c)
{
	return c->tunnel < e->tunnel_count ? e->tunnels[c->tunnel]->overlays[c->family] : NULL;
}

static void next_overlay(struct saved_cursor *c)
{
	c->last = NULL;
	c->tunnel += c->family == 1;
	c->family = !c->family;
}

bool saved_next(const struct engine *e, struct saved_cursor *c, struct event *out)
{
	while (c->tunnel < e->tunnel_count) {
		const struct overlay *const o = overlay_at(e, c);
		const struct binding *const b = !o ? NULL : c->last ? binding_next(c->last) : binding_first(o);

		if (!b) {
			next_overlay(c);
			continue;
		}
		c->last = b;
		if (!is_worth_it(b))
			continue;
		describe(b, out);
		return true;
	}
	return false;
}

uint64_t saved_changes(const struct engine *e)
{
	return e->bindings_changed;
}

uint64_t saved_renewals(const struct engine *e)
{
	return e->bindings_renewed;
}

/* ---- what comes back */

static struct binding_facts facts_of(const struct event *ev)
{
	return (struct binding_facts){
		.dst = ev->saved.dst, .via = ev->saved.via, .kind = BINDING_CACHED, .nbma = ev->saved.nbma,
		.claimed_nbma = ev->saved.claimed_nbma, .identity = ev->saved.identity, .asked = ev->saved.asked,
		.unique = ev->saved.unique, .router = ev->saved.router, .authoritative = ev->saved.authoritative,
		.nat = ev->saved.nat, .restored = true, .preference = ev->saved.preference,
		.mtu_bytes = ev->saved.mtu_bytes, .hold = ev->saved.left,
	};
}

static void take_hop(struct overlay *o, const struct event *ev)
{
	const struct ipaddr *const addr = &ev->saved.dst.addr;
	const struct endpoint *const nbma = &ev->saved.nbma;
	const struct binding_facts f = facts_of(ev);

	if (ev->saved.dst.len != ip_family_bits(o->family) || !ipaddr_is_host(addr) || overlay_is_local(o, addr) ||
	    !ipaddr_is_host(&nbma->addr) || nbma->addr.family != o->tunnel->settings.transport ||
	    engine_owns_nbma(overlay_engine(o), nbma) || binding_host(o, addr))
		return;
	binding_learn(o, &f);
}

/* Under the rules for answers: where the routes have turned meanwhile it stays away. */
static void take_network(struct overlay *o, const struct event *ev)
{
	struct binding_facts f = facts_of(ev);
	struct binding *const hop = binding_host(o, &ev->saved.via);

	f.hop = hop;
	if (hop && o->tunnel->up && ev->saved.asked.family == o->family && ipprefix_contains(&ev->saved.dst, &ev->saved.asked) &&
	    shortcut_prefix(o, &ev->saved.asked, &ev->saved.via, &ev->saved.dst, &f.dst) && !binding_find(o, &f.dst))
		binding_learn(o, &f);
}

void saved_take(struct engine *e, const struct event *ev)
{
	const struct tunnel *const t = engine_tunnel(e, ev->tunnel);
	struct overlay *const o = t ? tunnel_overlay(t, (enum ip_family)ev->saved.dst.addr.family) : NULL;

	if (!o || e->stopping || ev->saved.left.us <= 0 || ev->saved.via.family != o->family)
		return;
	if (ev->saved.registered)
		server_restore(o, ev);
	else if (ev->saved.network)
		take_network(o, ev);
	else
		take_hop(o, ev);
	if (ev->saved.answers)
		path_has_answered(t, &ev->saved.nbma);
}
