#include "design/found.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "design/routing.h"

#define DESIGNS "docs/designs.md"

enum { SPOKES_TO_COMPARE = 2, SLOW_MS = 1000 };

/* ---- who is what ---- */

static bool router_is_hub(const struct design *d, const struct design_router *r)
{
	for (uint32_t i = 0; i < r->count; i++) {
		if (d->members[r->first + i].hub)
			return true;
	}
	return false;
}

static void sort_routers(struct found *f)
{
	const struct design *d = f->design;

	f->hubs = alloc_zero(d->router_count, sizeof *f->hubs);
	f->spokes = alloc_zero(d->router_count, sizeof *f->spokes);
	for (uint32_t i = 0; i < d->router_count; i++) {
		if (router_is_hub(d, &d->routers[i]))
			f->hubs[f->hub_count++] = i;
		else if (d->routers[i].count)
			f->spokes[f->spoke_count++] = i;
	}
}

static bool same_source(const struct design_member *a, const struct design_member *b)
{
	return a->source ? a->source == b->source : !b->source && ipaddr_eq(&a->tunnel->source, &b->tunnel->source);
}

/* Different things that a router's tunnels start on. */
static unsigned uplinks_of(const struct design *d, const struct design_router *r)
{
	unsigned count = 0;

	for (uint32_t i = 0; i < r->count; i++) {
		bool seen = false;

		for (uint32_t k = 0; k < i && !seen; k++)
			seen = same_source(&d->members[r->first + i], &d->members[r->first + k]);
		count += !seen;
	}
	return count;
}

static unsigned most_uplinks(const struct found *f)
{
	unsigned most = 1;

	for (uint32_t i = 0; i < f->spoke_count; i++) {
		const unsigned n = uplinks_of(f->design, &f->design->routers[f->spokes[i]]);

		most = n > most ? n : most;
	}
	return most;
}

static unsigned highest_phase(const struct design *d)
{
	unsigned phase = 0;

	for (size_t i = 0; i < d->cloud_count; i++) {
		const unsigned one = d->clouds[i].phase == PHASE_1 ? 1 : d->clouds[i].phase == PHASE_2 ? 2 : d->clouds[i].phase == PHASE_3 ? 3 : 0;

		phase = one > phase ? one : phase;
	}
	return phase;
}

static enum plan_design which_design(const struct found *f)
{
	bool together = false;

	for (size_t i = 0; i < f->design->cloud_count; i++)
		together |= f->design->clouds[i].hubs > 1;
	if (f->hub_count < 2)
		return PLAN_DESIGN_ANY;
	return together ? PLAN_HUBS_IN_ONE_TUNNEL : PLAN_HUB_PER_TUNNEL;
}

static bool has_block(const struct config *c, const char *words)
{
	for (size_t i = 0; i < c->block_count; i++) {
		if (!strncmp(c->blocks[i].head, words, strlen(words)))
			return true;
	}
	return false;
}

/* What runs on a hub's tunnels; a protocol of its own before BGP, which may only run behind it. */
static enum plan_routing which_routing(const struct found *f)
{
	static const enum plan_routing names[] = { [ROUTING_EIGRP] = PLAN_EIGRP, [ROUTING_OSPF] = PLAN_OSPF, [ROUTING_RIP] = PLAN_RIP };
	const struct design *d = f->design;
	struct routing r[ROUTING_MAX];

	for (size_t i = 0; i < d->member_count; i++) {
		const size_t count = d->members[i].hub ? routing_of(d, &d->members[i], r) : 0;

		for (size_t k = 0; k < count; k++) {
			if (!r[k].passive)
				return names[r[k].kind];
		}
	}
	for (uint32_t i = 0; i < f->hub_count; i++) {
		if (has_block(d->routers[f->hubs[i]].config, "router bgp "))
			return PLAN_BGP;
	}
	return PLAN_STATIC;
}

/* The slowest BFD, when all tunnels have it. */
static unsigned which_bfd(const struct design *d)
{
	unsigned slowest = 0;

	for (size_t i = 0; i < d->member_count; i++) {
		const struct config_bfd *b = &d->members[i].tunnel->bfd;

		if (!b->multiplier)
			return 0;
		slowest = b->min_tx_ms > slowest ? b->min_tx_ms : slowest;
	}
	return slowest;
}

static bool all_protected(const struct design *d)
{
	bool all = true;

	for (size_t i = 0; i < d->member_count; i++)
		all &= d->members[i].tunnel->protection_profile != NULL;
	return all;
}

static void recognise(struct found *f)
{
	struct plan_wish *w = &f->wish;

	sort_routers(f);
	f->bfd_ms = which_bfd(f->design);
	w->spokes = f->spoke_count;
	w->hubs = f->hub_count;
	w->uplinks = most_uplinks(f);
	w->phase = highest_phase(f->design);
	w->design = which_design(f);
	w->routing = which_routing(f);
	/* FRR's eigrpd carries no such network. */
	w->platform = w->routing == PLAN_EIGRP ? PLAN_CISCO : PLAN_PLATFORM_ANY;
	w->bfd = f->bfd_ms ? PLAN_BFD_YES : PLAN_BFD_NO;
	w->protection = all_protected(f->design) ? PLAN_PROTECTION_ANY : PLAN_UNPROTECTED;
}

/* ---- what it is ---- */

static void note_cloud(struct found *f, const struct design_cloud *c)
{
	static const char *const phases[] = { "phase not recognised", "phase 1", "phase 2", "phase 3" };
	const struct design_load load = design_load(f->design, c);
	char subnet[IPPREFIX_TEXT_MAX];

	plan_note(&f->recognised, "cloud", c->subnet.addr.family ? ipprefix_format(&c->subnet, subnet) : "without a subnet", NULL,
		  "%s, %s, %u hub%s, %u spoke%s; %u registration%s at a hub, %.3g a second", design_kind(c), phases[c->phase], c->hubs, c->hubs == 1 ? "" : "s", c->spokes,
		  c->spokes == 1 ? "" : "s", load.registrations, load.registrations == 1 ? "" : "s", load.registrations_per_s);
}

static bool phases_differ(const struct design *d)
{
	bool differ = false;

	for (size_t i = 1; i < d->cloud_count; i++)
		differ |= d->clouds[i].phase != d->clouds[0].phase;
	return differ;
}

static void describe(struct found *f)
{
	char *wish = plan_wish_text(&f->wish);

	for (size_t i = 0; i < f->design->cloud_count; i++)
		note_cloud(f, &f->design->clouds[i]);
	plan_note(&f->recognised, "routing", plan_routing_name(f->wish.routing), NULL, "%s",
		  f->wish.routing == PLAN_STATIC ? "no protocol runs on a hub's tunnels" : "it runs on a hub's tunnels");
	if (f->wish.spokes >= SPOKES_TO_COMPARE)
		plan_note(&f->recognised, "in wishes", wish ? wish : "", NULL, "dmvpn plan would begin with these");
	free(wish);
}

/* ---- what would be better ---- */

static const struct plan_note *decided(const struct plan *p, const char *what)
{
	for (size_t i = 0; i < p->decisions.count; i++) {
		if (!strcmp(p->decisions.at[i].what, what))
			return &p->decisions.at[i];
	}
	return NULL;
}

static unsigned longest(const struct plan *p)
{
	unsigned worst = 0;

	for (size_t i = 0; i < p->outage_count; i++)
		worst = p->outages[i].at_most_ms > worst ? p->outages[i].at_most_ms : worst;
	return worst;
}

/* The planner's plan for a wish; what it refuses is said as advice. */
static struct plan *plan_for(struct found *f, const struct plan_wish *w, bool aloud)
{
	struct plan_refusals r = { 0 };
	struct plan *p = plan_new(w, &r);

	for (size_t i = 0; aloud && i < r.count; i++)
		plan_note(&f->better, r.at[i].wish, r.at[i].remedy, NULL, "%s", r.at[i].reason ? r.at[i].reason : "");
	plan_refusals_done(&r);
	return p;
}

static void advise_decision(struct found *f, const char *what)
{
	const struct plan_note *n = decided(f->advised, what);

	if (n)
		plan_note(&f->better, n->what, n->choice, n->source, "%s%s", n->why,
			  f->wish.phase == 1 && !strcmp(what, "phase") ? "; unless all traffic shall pass a hub" : "");
}

static void advise_detection(struct found *f)
{
	if (!f->as_is || !f->advised || longest(f->as_is) <= SLOW_MS)
		return;
	if (longest(f->advised) < longest(f->as_is))
		plan_note(&f->better, "detection", f->advised->timers.bfd_ms ? "BFD" : "probes", "docs/bfd.md", "an outage of at most %u ms instead of %u%s", longest(f->advised),
			  longest(f->as_is), f->bfd_ms || !f->advised->timers.bfd_ms ? "" : ": none of the tunnels, or not all, have `bfd interval`");
}

static void advise(struct found *f)
{
	struct plan_wish w = { .spokes = f->wish.spokes, .hubs = f->wish.hubs, .uplinks = f->wish.uplinks, .routing = f->wish.routing, .platform = f->wish.platform };

	f->advised = plan_for(f, &w, false);
	if (!f->advised) {
		w.routing = PLAN_ROUTING_ANY;
		f->advised = plan_for(f, &w, false);
	}
	if (!f->advised)
		return;
	if (f->wish.hubs == 1)
		plan_note(&f->better, "hubs", "2", DESIGNS, "the only hub is a single point of failure: when it fails no new direct path is found and nothing behind it is reached");
	if (f->advised->is.phase != f->wish.phase && f->wish.phase)
		advise_decision(f, "phase");
	if (f->wish.design && f->advised->is.design != f->wish.design)
		advise_decision(f, "design");
	if (f->advised->is.routing != f->wish.routing)
		advise_decision(f, "routing");
	advise_detection(f);
}

static void judge(struct found *f)
{
	if (f->wish.spokes < SPOKES_TO_COMPARE || !f->wish.hubs) {
		plan_note(&f->better, "files", "", NULL, "there is %s among these files, so no plan to compare with: put the files of hubs and at least two spokes into one folder",
			  f->wish.hubs ? "no second spoke" : "no hub");
		return;
	}
	f->wish.uplinks = f->wish.uplinks > PLAN_UPLINKS_MAX ? PLAN_UPLINKS_MAX : f->wish.uplinks;
	if (phases_differ(f->design))
		plan_note(&f->better, "phase", "one for all clouds", DESIGNS, "the clouds are of different phases, so that two spokes talk directly by one and through a hub by the other");
	f->as_is = plan_for(f, &f->wish, true);
	if (f->as_is) {
		plan_predict(f->as_is, f->bfd_ms);
		f->as_is->timers.bfd_ms = f->bfd_ms;
	}
	if (f->wish.protection == PLAN_UNPROTECTED)
		plan_note(&f->better, "protection", "IPsec on every tunnel", "docs/ipsec.md", "some are unprotected: what they carry crosses the internet in the clear, and anybody may register");
	advise(f);
}

struct found *found_new(const struct design *d)
{
	struct found *f = alloc_zero(1, sizeof *f);

	f->design = d;
	recognise(f);
	describe(f);
	judge(f);
	return f;
}

void found_free(struct found *f)
{
	if (!f)
		return;
	plan_free(f->as_is);
	plan_free(f->advised);
	plan_notes_done(&f->recognised);
	plan_notes_done(&f->better);
	free(f->hubs);
	free(f->spokes);
	free(f);
}
