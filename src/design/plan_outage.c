/*
 * plan_outage: what a failure will cost, from what failures have cost.
 *
 * The rows are the longest outages of README.md's tables ("The day a hub dies"), in milliseconds; a test
 * compares them with it. A prediction is half as much again, since machines and ways differ, and where BFD is
 * slower than in the table its additional detection time. What was never measured is worked out from the
 * protocol's hold time and says so.
 */
#include "design/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "bfd/budget.h"

enum { KILL, POWEROFF, UPLINK, BLACKHOLE, KINDS };
enum { TABLE_BFD_MS = 50, ROUND_TO_MS = 50, CISCO_ROUTING_MS = 800, CISCO_TEMPORARY_MS = 180000, SECOND_MS = 1000,
       NEW_NEIGHBOUR_MS = 3350 /* docs/plan.md */ };

struct measured {
	enum plan_design design;
	unsigned phase;
	enum plan_routing routing;
	bool bfd;
	unsigned longest_ms[KINDS];
};

static const struct measured table[] = {
	{ PLAN_HUB_PER_TUNNEL, 1, PLAN_BGP, true, { 300, 240, 240, 300 } },
	{ PLAN_HUB_PER_TUNNEL, 2, PLAN_BGP, true, { 264, 260, 254, 315 } },
	{ PLAN_HUB_PER_TUNNEL, 3, PLAN_BGP, true, { 289, 302, 261, 322 } },
	{ PLAN_HUBS_IN_ONE_TUNNEL, 1, PLAN_BGP, true, { 203, 182, 220, 323 } },
	{ PLAN_HUBS_IN_ONE_TUNNEL, 2, PLAN_BGP, true, { 171, 181, 160, 340 } },
	{ PLAN_HUBS_IN_ONE_TUNNEL, 2, PLAN_OSPF, true, { 283, 201, 400, 297 } },
	{ PLAN_HUBS_IN_ONE_TUNNEL, 3, PLAN_BGP, true, { 169, 164, 216, 330 } },
	{ PLAN_HUB_PER_TUNNEL, 1, PLAN_BGP, false, { 800, 781, 822, 902 } },
	{ PLAN_HUB_PER_TUNNEL, 2, PLAN_BGP, false, { 832, 784, 800, 880 } },
	{ PLAN_HUB_PER_TUNNEL, 3, PLAN_BGP, false, { 818, 801, 801, 921 } },
	{ PLAN_HUBS_IN_ONE_TUNNEL, 1, PLAN_BGP, false, { 740, 740, 758, 896 } },
	{ PLAN_HUBS_IN_ONE_TUNNEL, 2, PLAN_OSPF, false, { 880, 940, 900, 888 } },
	{ PLAN_HUBS_IN_ONE_TUNNEL, 3, PLAN_BGP, false, { 724, 740, 733, 923 } },
};

enum { TABLE_ROWS = sizeof table / sizeof table[0] };

/* How far a row is from what is asked for; 0: the same. */
static unsigned remoteness(const struct measured *m, enum plan_design design, unsigned phase, enum plan_routing routing)
{
	return (m->routing != routing) * 8u + (m->design != design) * 4u + (m->phase != phase) * 2u;
}

/* The nearest row; of equally near ones the one with the longest black hole. */
static const struct measured *nearest(enum plan_design design, const struct plan *p, bool bfd)
{
	const struct measured *best = NULL;

	for (size_t i = 0; i < TABLE_ROWS; i++) {
		const struct measured *m = &table[i];
		unsigned a, b;

		if (m->bfd != bfd)
			continue;
		a = remoteness(m, design, p->is.phase, p->is.routing);
		b = best ? remoteness(best, design, p->is.phase, p->is.routing) : UINT32_MAX;
		if (a < b || (a == b && m->longest_ms[BLACKHOLE] > best->longest_ms[BLACKHOLE]))
			best = m;
	}
	return best;
}

unsigned plan_bfd_interval(unsigned wanted_ms, unsigned sessions)
{
	const unsigned allowed = (unsigned)(bfd_budget(sessions, BFD_PACKETS_PER_S).us / 1000);

	return wanted_ms && allowed > wanted_ms ? allowed : wanted_ms;
}

static unsigned round_up(unsigned ms)
{
	return (ms + ROUND_TO_MS - 1) / ROUND_TO_MS * ROUND_TO_MS;
}

/* ---- one failure ---- */

static bool is_measured_here(const struct plan *p)
{
	return p->is.platform == PLAN_DMVPN && (p->is.routing == PLAN_BGP || p->is.routing == PLAN_OSPF);
}

static void from_table(struct plan_outage *o, const struct plan *p, enum plan_design design, int kind, unsigned bfd_ms)
{
	const struct measured *m = nearest(design, p, bfd_ms > 0);
	const bool same = remoteness(m, design, p->is.phase, p->is.routing) == 0 && design == p->is.design;
	char detection[40] = "probes";

	if (bfd_ms)
		snprintf(detection, sizeof detection, "BFD %d ms x 3", TABLE_BFD_MS);
	o->measured_ms = m->longest_ms[kind];
	o->at_most_ms = round_up(o->measured_ms * 3 / 2 + (bfd_ms ? 3 * (bfd_ms - TABLE_BFD_MS) : 0));
	if (asprintf(&o->from, "%s%s, phase %u, %s, %s: README.md; half as much again%s", same ? "" : "nearest measured: ", plan_design_name(m->design), m->phase,
		     plan_routing_name(m->routing), detection, bfd_ms > TABLE_BFD_MS ? ", and slower BFD" : "") < 0)
		o->from = NULL;
}

/* One far end at a time: with the next hub OSPF begins anew, from the first hello to the routes. */
static bool begins_anew(const struct plan *p, enum plan_design design)
{
	return p->is.routing == PLAN_OSPF && p->is.phase == 1 && design == PLAN_HUBS_IN_ONE_TUNNEL;
}

static void from_a_new_neighbour(struct plan_outage *o, unsigned bfd_ms)
{
	o->measured_ms = NEW_NEIGHBOUR_MS;
	o->at_most_ms = round_up(o->measured_ms * 3 / 2 + 3 * bfd_ms);
	o->from = alloc_text("OSPF becomes the next hub's neighbour: docs/plan.md; half as much again, and BFD's detection time");
}

static void from_timers(struct plan_outage *o, const struct plan *p, enum plan_design design, unsigned bfd_ms)
{
	const struct plan_timers *t = &p->timers;

	if (p->is.platform == PLAN_CISCO && design == PLAN_HUBS_IN_ONE_TUNNEL && p->is.phase == 2) {
		o->at_most_ms = CISCO_TEMPORARY_MS;
		o->from = alloc_text("published: what is relayed by the dead hub stays with it for up to three minutes");
	} else if (bfd_ms) {
		o->at_most_ms = round_up(3 * bfd_ms + CISCO_ROUTING_MS);
		o->from = alloc_text("not measured: BFD's detection time, and 800 ms for routing");
	} else {
		o->at_most_ms = (t->dead_s + t->hello_s) * SECOND_MS + SECOND_MS;
		if (asprintf(&o->from, "not measured: %s's hold time of %u s, one more hello, and a second", plan_routing_name(p->is.routing), t->dead_s) < 0)
			o->from = NULL;
	}
}

static unsigned add(struct plan *p, const char *fault, enum plan_design design, int kind, unsigned bfd_ms)
{
	struct plan_outage *o = &p->outages[p->outage_count++];

	*o = (struct plan_outage){ .fault = fault };
	if (is_measured_here(p) && begins_anew(p, design))
		from_a_new_neighbour(o, bfd_ms);
	else if (is_measured_here(p))
		from_table(o, p, design, kind, bfd_ms);
	else
		from_timers(o, p, design, bfd_ms);
	return o->at_most_ms;
}

static unsigned add_lasting(struct plan *p, const char *fault)
{
	p->outages[p->outage_count++] = (struct plan_outage){ .fault = fault, .lasts = true, .from = alloc_text("there is no second way") };
	return 0;
}

static unsigned larger(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

static void forget(struct plan *p)
{
	for (size_t i = 0; i < p->outage_count; i++)
		free(p->outages[i].from);
	p->outage_count = 0;
}

static unsigned hub_fails(struct plan *p, unsigned bfd_ms)
{
	unsigned worst;

	if (p->is.hubs == 1)
		return add_lasting(p, "hub's programs killed") + add_lasting(p, "hub's power off");
	worst = add(p, "hub's programs killed", p->is.design, KILL, bfd_ms);
	return larger(worst, add(p, "hub's power off", p->is.design, POWEROFF, bfd_ms));
}

/* With a second uplink routing moves to another tunnel, which is the other design whatever this one is. */
static unsigned uplink_fails(struct plan *p, unsigned bfd_ms)
{
	const enum plan_design design = p->is.uplinks > 1 ? PLAN_HUB_PER_TUNNEL : p->is.design;
	unsigned worst;

	if (p->is.hubs == 1 && p->is.uplinks == 1)
		return add_lasting(p, "hub's uplink cut") + add_lasting(p, "hub's uplink a black hole");
	worst = add(p, "hub's uplink cut", design, UPLINK, bfd_ms);
	return larger(worst, add(p, "hub's uplink a black hole", design, BLACKHOLE, bfd_ms));
}

static unsigned spoke_uplink_fails(struct plan *p, unsigned bfd_ms)
{
	if (p->is.uplinks == 1)
		return add_lasting(p, "spoke's uplink cut");
	return larger(add(p, "spoke's uplink cut", PLAN_HUB_PER_TUNNEL, BLACKHOLE, bfd_ms),
		      add(p, "a provider fails everywhere", PLAN_HUB_PER_TUNNEL, BLACKHOLE, bfd_ms));
}

unsigned plan_predict(struct plan *p, unsigned bfd_ms)
{
	const unsigned effective = plan_bfd_interval(bfd_ms, p->is.spokes * plan_hub_tunnels(p));
	unsigned worst;

	forget(p);
	worst = hub_fails(p, effective);
	worst = larger(worst, uplink_fails(p, effective));
	return larger(worst, spoke_uplink_fails(p, effective));
}
