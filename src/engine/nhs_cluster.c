/*
 * A cluster wants its max-connections best NHSs to be UP; without that line, all of them. An
 * NHS is better than another when its priority is lower; of equals none replaces the other.
 *
 * - Connections that are missing are made up for at once, by the best that stand by. One that is
 *   known to be dead, or has let a first request pass, is asked but not counted on: the next one
 *   is asked as well.
 * - As long as all connections are there, only one more is asked (shown as PROBE): the best of
 *   those that are better than the worst connected one. When it answers, it is UP beside the others.
 * - The worst one is released when enough better ones have been trusted (`nhs fallback`, damping):
 *   first the new registration, then the Purge at the old NHS.
 * - While anybody is live, somebody is trusted: nothing is held back in favour of nobody.
 */
#include "engine/nhs_cluster.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "engine/binding.h"
#include "engine/nhs_list.h"
#include "engine/nhs_trust.h"

enum { CLUSTERS = 11, SETTLE_ROUNDS_MAX = 8 };

struct cluster {
	size_t limit;
	size_t count;
	struct nhs **members; /* best first */
};

static size_t limit_of(const struct overlay *o, unsigned number)
{
	for (size_t i = 0; i < o->cfg->cluster_count; i++)
		if (o->cfg->clusters[i].cluster == number && o->cfg->clusters[i].max_connections)
			return o->cfg->clusters[i].max_connections;
	return SIZE_MAX;
}

bool cluster_is_limited(const struct overlay *o, unsigned number)
{
	return limit_of(o, number) != SIZE_MAX;
}

static int by_rank(const void *a, const void *b)
{
	const struct nhs *const x = *(struct nhs *const *)a, *const y = *(struct nhs *const *)b;

	if (x->cfg->priority != y->cfg->priority)
		return x->cfg->priority < y->cfg->priority ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

/* Asked, and nothing speaks against an answer yet. */
static bool is_hopeful(const struct nhs *n)
{
	return n->state == NHS_REGISTERING && n->misses == 0 && instant_is_never(n->died);
}

static size_t how_many(const struct cluster *c, bool (*is)(const struct nhs *))
{
	size_t n = 0;

	for (size_t i = 0; i < c->count; i++)
		n += is(c->members[i]);
	return n;
}

/* Live ones that are worse than enough trusted ones. */
static void release_the_worse(const struct cluster *c)
{
	size_t trusted = 0;

	for (size_t i = 0; i < c->count; i++) {
		if (nhs_is_live(c->members[i]) && trusted >= c->limit)
			nhs_step(c->members[i], NHS_EVENT_RELEASE);
		trusted += nhs_is_trusted(c->members[i]);
	}
}

static void take_the_missing(const struct cluster *c)
{
	size_t there = how_many(c, nhs_is_live) + how_many(c, is_hopeful);

	for (size_t i = 0; i < c->count && there < c->limit; i++) {
		if (!nhs_is_standby(c->members[i]))
			continue;
		nhs_step(c->members[i], NHS_EVENT_TAKE);
		there += is_hopeful(c->members[i]);
	}
}

static unsigned worst_live(const struct cluster *c)
{
	unsigned worst = 0;

	for (size_t i = 0; i < c->count; i++)
		if (nhs_is_live(c->members[i]) && c->members[i]->cfg->priority > worst)
			worst = c->members[i]->cfg->priority;
	return worst;
}

/* All connections are there: of the others only one is asked. */
static void probe_the_best(const struct cluster *c)
{
	const unsigned worst = worst_live(c);
	size_t better = 0;
	bool probing = false;

	for (size_t i = 0; i < c->count; i++) {
		struct nhs *const n = c->members[i];
		const bool wanted = !probing && better < c->limit && n->cfg->priority < worst;

		if (nhs_is_live(n)) {
			better++;
		} else if (wanted && (nhs_is_asked(n) || nhs_is_standby(n))) {
			probing = true;
			nhs_step(n, NHS_EVENT_TAKE);
		} else if (nhs_is_asked(n)) {
			nhs_step(n, NHS_EVENT_RELEASE);
		}
	}
}

static void settle_cluster(struct overlay *o, unsigned number)
{
	struct cluster c = { .limit = limit_of(o, number) };

	c.members = alloc_zero(o->nhs_count, sizeof(struct nhs *));
	for (size_t i = 0; i < o->nhs_count; i++)
		if (o->nhs[i]->cfg->cluster == number)
			c.members[c.count++] = o->nhs[i];
	if (c.count > 1)
		qsort(c.members, c.count, sizeof(struct nhs *), by_rank);
	release_the_worse(&c);
	take_the_missing(&c);
	if (how_many(&c, nhs_is_live) >= c.limit)
		probe_the_best(&c);
	free(c.members);
}

static void trust_somebody(const struct overlay *o)
{
	struct nhs *const best = nhs_best(o); /* trusted ones come first */

	if (best)
		nhs_trust_now(best);
}

static void settle(struct overlay *o)
{
	if (o->nhs_count == 0)
		return;
	trust_somebody(o);
	for (unsigned number = 0; number < CLUSTERS; number++)
		settle_cluster(o, number);
	bindings_apply_static(o); /* those that stand by get less than the others */
	tunnel_nhs_changed(o->tunnel);
}

void clusters_settle(struct engine *e)
{
	for (unsigned round = 0; e->clusters_stale && !e->stopping && round < SETTLE_ROUNDS_MAX; round++) {
		e->clusters_stale = false;
		for (struct overlay *o = overlay_first(e); o; o = overlay_next(o))
			if (o->tunnel->up)
				settle(o);
	}
}
