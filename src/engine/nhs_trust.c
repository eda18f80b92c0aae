/*
 *                                     due, or nobody else is trusted
 *           +---------- was not dead --------------------------+
 *           |                                                  v
 *   (live) -+- went too often --> DAMPED --- due ---> SETTLING ---> NONE: trusted
 *           |                                           ^
 *           +---------- else ---------------------------+
 *
 * DAMPED (damping.h), then SETTLING: the one that is to be replaced still carries the traffic; the latter
 * for `nhs fallback`, and where routes lead by another one of a cluster that may not keep
 * both, for long enough that routing comes about. Nothing to wait for: it is passed at once.
 *
 * Routing is told of every return at once, of a damped one's too. It forms its adjacency whatever we say, since
 * ospfd and bgpd act on BFD's Down only, and a Down is what comes after an Up.
 */
#include "engine/nhs_trust.h"

#include "engine/nhs_cluster.h"
#include "engine/nhs_list.h"
#include "engine/output.h"

enum { SETTLE_ROUTING_S = 10 };

static struct engine *engine_of(const struct nhs *n)
{
	return overlay_engine(n->overlay);
}

bool nhs_is_trusted(const struct nhs *n)
{
	return nhs_is_live(n) && n->hold == NHS_HOLD_NONE;
}

static void tell_routing(struct nhs *n)
{
	/* The tunnel goes, and routing sees that itself. */
	const bool goes = n->state == NHS_WAITING || n->state == NHS_LEAVING;
	const bool up = nhs_is_live(n);
	const enum routing_word says = up ? ROUTING_ALIVE : goes ? ROUTING_UNWATCHED : ROUTING_DEAD;

	if (up == n->told_up)
		return;
	n->told_up = up;
	routing_tell(engine_of(n), n->overlay->tunnel->settings.number, &n->addr, says);
	routing_tell(engine_of(n), n->overlay->tunnel->settings.number, &n->link_local, says);
}

void nhs_trust_link_local(struct nhs *n, const struct ipaddr *addr)
{
	routing_tell(engine_of(n), n->overlay->tunnel->settings.number, &n->link_local, ROUTING_UNWATCHED);
	n->link_local = *addr;
	if (n->told_up)
		routing_tell(engine_of(n), n->overlay->tunnel->settings.number, &n->link_local, ROUTING_ALIVE);
}

/* Adjacencies with the others would end with their release, before there is one with this. */
static bool routes_lead_by_others(const struct nhs *n)
{
	const struct overlay *const o = n->overlay;

	for (const struct nhs *x = nhs_best(o); x; x = nhs_next_live(o, x))
		if (x != n && x->cfg->cluster == n->cfg->cluster && rib_leads_by(overlay_rib(o), &x->addr))
			return true;
	return false;
}

static struct span settling_time(const struct nhs *n)
{
	const struct span fallback = span_s(n->overlay->cfg->nhs_fallback_s), routing = span_s(SETTLE_ROUTING_S);

	if (fallback.us < routing.us && cluster_is_limited(n->overlay, n->cfg->cluster) && routes_lead_by_others(n))
		return routing;
	return fallback;
}

static void enter(struct nhs *n, enum nhs_hold hold)
{
	struct engine *const e = engine_of(n);
	const struct span damped = hold == NHS_HOLD_DAMPED ? damping_wait(&n->damping, e->now) : span_s(0);

	if (hold == NHS_HOLD_DAMPED && damped.us == 0)
		hold = NHS_HOLD_SETTLING;
	n->settling = hold == NHS_HOLD_NONE ? span_s(0) : settling_time(n);
	if (hold == NHS_HOLD_SETTLING && n->settling.us == 0)
		hold = NHS_HOLD_NONE;
	n->hold = hold;
	timer_stop(&e->timers, &n->trust);
	if (hold != NHS_HOLD_NONE)
		timer_set(&e->timers, &n->trust, later(e, hold == NHS_HOLD_DAMPED ? damped : n->settling));
	e->clusters_stale = true;
	tunnel_nhs_changed(n->overlay->tunnel);
	tell_routing(n);
}

void nhs_trust_begin(struct nhs *n, bool returned)
{
	enter(n, returned ? NHS_HOLD_DAMPED : NHS_HOLD_NONE);
}

void nhs_trust_end(struct nhs *n)
{
	enter(n, NHS_HOLD_NONE);
}

void nhs_trust_due(struct nhs *n)
{
	enter(n, n->hold == NHS_HOLD_DAMPED ? NHS_HOLD_SETTLING : NHS_HOLD_NONE);
}

void nhs_trust_now(struct nhs *n)
{
	if (n->hold != NHS_HOLD_NONE)
		enter(n, NHS_HOLD_NONE);
}

struct span nhs_held_back(const struct nhs *n)
{
	if (n->hold == NHS_HOLD_NONE)
		return span_s(0);
	return span_us(instant_since(n->trust.deadline, engine_of(n)->now).us +
		       (n->hold == NHS_HOLD_DAMPED ? n->settling.us : 0));
}
