#include "engine/nhs_list.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "engine/nhs_trust.h"

struct wanted {
	const struct config_nhs *cfg;
	struct ipaddr nbma; /* IP_NONE while unknown */
};

/* `nbma …`, else the map of the same address, else the far end of the tunnel. */
static const struct config_host *nbma_of(const struct overlay *o, const struct config_nhs *c)
{
	const struct settings *const s = &o->tunnel->settings;

	if (c->nbma.name || !ipaddr_is_none(&c->nbma.addr))
		return &c->nbma;
	for (size_t i = 0; i < o->cfg->map_count; i++)
		if (ipprefix_contains(&o->cfg->maps[i].proto, &c->addr))
			return &o->cfg->maps[i].nbma;
	return s->mode == TUNNEL_GRE_P2P ? &s->destination : &c->nbma;
}

/* A dynamic NHS stands for every address of its name. Hubs often share one list of NHSs: a router
 * does not register with itself. */
static size_t collect(const struct overlay *o, struct wanted *w)
{
	size_t n = 0;

	for (size_t i = 0; i < o->cfg->nhs_count; i++) {
		const struct config_nhs *const c = &o->cfg->nhs[i];
		const struct ipaddr *addrs;
		const size_t known = tunnel_host_addrs(o->tunnel, nbma_of(o, c), &addrs);

		if (overlay_owns(o, &c->addr))
			continue;
		if (known == 0)
			w[n++] = (struct wanted){ c, IPADDR_NONE };
		for (size_t j = 0; j < known && (j == 0 || ipaddr_is_none(&c->addr)); j++)
			w[n++] = (struct wanted){ c, addrs[j] };
	}
	return n;
}

static bool has_address(const struct nhs *n, const struct ipaddr *nbma)
{
	return ipaddr_eq(&n->nbma.addr, nbma);
}

/* The same server as before: by overlay address, or for dynamic ones by NBMA address. */
static bool is_same(const struct nhs *n, const struct wanted *w)
{
	return ipaddr_eq(&n->configured_addr, &w->cfg->addr) && (!ipaddr_is_none(&w->cfg->addr) || has_address(n, &w->nbma));
}

static struct nhs *add(struct overlay *o, const struct wanted *w)
{
	struct nhs *const n = alloc_zero(1, sizeof *n);

	n->overlay = o;
	n->cfg = w->cfg;
	n->configured_addr = w->cfg->addr;
	n->addr = w->cfg->addr;
	n->nbma = overlay_endpoint(o, &w->nbma);
	n->last_reply = n->last_sent = n->died = INSTANT_NEVER;
	timer_init(&n->timer, TIMER_NHS, n);
	timer_init(&n->trust, TIMER_NHS_TRUST, n);
	timer_init(&n->link_local_timer, TIMER_NHS_LINK_LOCAL, n);
	return n;
}

/* The name may have several addresses: one that is still among them stays. */
static bool address_gone(const struct overlay *o, const struct nhs *n, const struct wanted *w)
{
	const struct ipaddr *addrs;
	const size_t known = tunnel_host_addrs(o->tunnel, nbma_of(o, w->cfg), &addrs);

	for (size_t i = 0; i < known; i++)
		if (has_address(n, &addrs[i]))
			return false;
	return !has_address(n, &w->nbma);
}

static struct nhs *take_old(struct nhs **old, size_t old_count, const struct wanted *w)
{
	for (size_t i = 0; i < old_count; i++) {
		struct nhs *const n = old[i];

		if (n && is_same(n, w)) {
			old[i] = NULL;
			return n;
		}
	}
	return NULL;
}

static void discard(struct nhs *n)
{
	path_unwatch(&n->path);
	timer_stop(&overlay_engine(n->overlay)->timers, &n->timer);
	timer_stop(&overlay_engine(n->overlay)->timers, &n->trust);
	timer_stop(&overlay_engine(n->overlay)->timers, &n->link_local_timer);
	free(n);
}

static size_t wanted_max(const struct overlay *o)
{
	return o->cfg->nhs_count * 8 + 1;
}

static bool tunnel_ready(const struct tunnel *t)
{
	return t->up && !ipaddr_is_none(&t->local.addr) && !t->engine->stopping;
}

void nhs_list_apply(struct overlay *o)
{
	struct wanted *const w = alloc_zero(wanted_max(o), sizeof *w);
	const size_t n = collect(o, w), old_count = o->nhs_count;
	struct nhs **const old = o->nhs;
	bool *const restart = alloc_zero(n, sizeof *restart);

	o->nhs = alloc_zero(n, sizeof *o->nhs);
	o->nhs_count = n;
	for (size_t i = 0; i < n; i++) {
		struct nhs *x = take_old(old, old_count, &w[i]);

		restart[i] = !x || address_gone(o, x, &w[i]);
		if (!x)
			x = add(o, &w[i]);
		else if (restart[i])
			x->nbma = overlay_endpoint(o, &w[i].nbma);
		x->cfg = w[i].cfg;
		x->order = i;
		o->nhs[i] = x;
	}
	for (size_t i = 0; i < old_count; i++) {
		if (!old[i])
			continue;
		nhs_step(old[i], NHS_EVENT_LEAVE);
		discard(old[i]);
	}
	for (size_t i = 0; i < n; i++)
		if (restart[i] && tunnel_ready(o->tunnel))
			nhs_step(o->nhs[i], NHS_EVENT_READY);
	overlay_engine(o)->clusters_stale = true;
	free(restart);
	free(old);
	free(w);
}

void nhs_list_restart(struct overlay *o, enum nhs_event event)
{
	for (size_t i = 0; i < o->nhs_count; i++)
		nhs_step(o->nhs[i], event);
}

void nhs_list_leave(struct overlay *o)
{
	nhs_list_restart(o, NHS_EVENT_LEAVE);
	tunnel_nhs_changed(o->tunnel); /* those that only carried were not live, and leave without a word */
}

bool nhs_list_left(const struct overlay *o)
{
	for (size_t i = 0; i < o->nhs_count; i++)
		if (timer_running(&o->nhs[i]->timer))
			return false;
	return true;
}

void nhs_list_free(struct overlay *o)
{
	for (size_t i = 0; i < o->nhs_count; i++)
		discard(o->nhs[i]);
	free(o->nhs);
	o->nhs = NULL;
	o->nhs_count = 0;
}

static bool is_preferred(const struct nhs *a, const struct nhs *b)
{
	if (nhs_is_trusted(a) != nhs_is_trusted(b))
		return nhs_is_trusted(a);
	if (a->cfg->priority != b->cfg->priority)
		return a->cfg->priority < b->cfg->priority;
	return a->order < b->order;
}

struct nhs *nhs_next_live(const struct overlay *o, const struct nhs *after)
{
	struct nhs *best = NULL;

	for (size_t i = 0; i < o->nhs_count; i++) {
		struct nhs *const n = o->nhs[i];

		if (nhs_is_live(n) && (!after || is_preferred(after, n)) && (!best || is_preferred(n, best)))
			best = n;
	}
	return best;
}

struct nhs *nhs_best(const struct overlay *o)
{
	return nhs_next_live(o, NULL);
}

struct nhs *nhs_carrier(const struct overlay *o)
{
	struct nhs *const live = nhs_best(o), *best = NULL;

	for (size_t i = 0; i < o->nhs_count && !live && !overlay_engine(o)->stopping; i++)
		if (nhs_carries(o->nhs[i]) && (!best || is_preferred(o->nhs[i], best)))
			best = o->nhs[i];
	return live ? live : best;
}

struct nhs *nhs_by_nbma(const struct overlay *o, const struct endpoint *nbma)
{
	for (size_t i = 0; i < o->nhs_count; i++)
		if (endpoint_eq(&o->nhs[i]->nbma, nbma))
			return o->nhs[i];
	return NULL;
}

struct nhs *nhs_by_addr(const struct overlay *o, const struct ipaddr *addr)
{
	if (ipaddr_is_none(addr))
		return NULL;
	for (size_t i = 0; i < o->nhs_count; i++)
		if (ipaddr_eq(&o->nhs[i]->addr, addr) || ipaddr_eq(&o->nhs[i]->link_local, addr))
			return o->nhs[i];
	return NULL;
}

struct nhs *nhs_by_request(const struct overlay *o, uint32_t request_id)
{
	if (request_id == 0)
		return NULL;
	for (size_t i = 0; i < o->nhs_count; i++)
		if (o->nhs[i]->request_id == request_id || o->nhs[i]->link_local_id == request_id)
			return o->nhs[i];
	return NULL;
}

/* What was sent so far, however lately, went by keys that it may have forgotten. */
void nhs_reachable(const struct overlay *o, const struct endpoint *to)
{
	for (size_t i = 0; i < o->nhs_count; i++) {
		struct nhs *const n = o->nhs[i];

		if (!endpoint_eq(&n->nbma, to))
			continue;
		if (nhs_is_asked(n) || nhs_is_live(n))
			n->last_sent = INSTANT_NEVER;
		nhs_step(n, n->state == NHS_UP || n->state == NHS_REFUSED ? NHS_EVENT_READY : NHS_EVENT_HEARD);
	}
}

void nhs_heard(const struct overlay *o, const struct endpoint *from)
{
	for (size_t i = 0; i < o->nhs_count; i++)
		if (endpoint_eq(&o->nhs[i]->nbma, from))
			nhs_step(o->nhs[i], NHS_EVENT_HEARD);
}
