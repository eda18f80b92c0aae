/*
 * plan: the decisions, one function each, in the order in which they depend on each other: phase, routing,
 * design, protection, tunnels, timers, failover. Each says why, and what it did not choose.
 */
#include "design/plan.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define IPSPACE "ipSpace.net, DMVPN designs"
#define DESIGNS "docs/designs.md"
#define MEASURED "README.md, docs/faults.md"
#define CISCO_GUIDE "Cisco DMVPN configuration guide"

enum {
	OSPF_SPOKES_MAX = 200,
	OSPF_ONE_AREA_MAX = 50,
	EIGRP_SPOKES_MAX = 500,
	RIP_SPOKES_MAX = 500,
	STATIC_SPOKES_MAX = 100,
	BGP_NEIGHBOURS_MAX = 5000, /* `bgp listen limit` */
	ROUTES_MEASURED = 4000,    /* that routers of the lab had when hubs were killed */
	CISCO_BFD_MAX = 4095,
};

void plan_note(struct plan_notes *n, const char *what, const char *choice, const char *source, const char *why, ...)
{
	struct plan_note *one;
	va_list args;

	n->at = alloc_array(n->at, n->count + 1, sizeof *n->at);
	one = &n->at[n->count++];
	*one = (struct plan_note){ .what = what, .choice = alloc_text(choice), .source = source };
	va_start(args, why);
	if (vasprintf(&one->why, why, args) < 0)
		one->why = NULL;
	va_end(args);
}

void plan_notes_done(struct plan_notes *n)
{
	for (size_t i = 0; i < n->count; i++) {
		free(n->at[i].choice);
		free(n->at[i].why);
	}
	free(n->at);
}

void plan_free(struct plan *p)
{
	if (!p)
		return;
	plan_notes_done(&p->decisions);
	plan_notes_done(&p->rejected);
	plan_notes_done(&p->remarks);
	for (size_t i = 0; i < p->outage_count; i++)
		free(p->outages[i].from);
	free(p);
}

bool plan_is_multipoint(const struct plan *p)
{
	return p->is.phase > 1;
}

bool plan_hub_in(const struct plan_tunnel *t, unsigned hub)
{
	return t->hub == 0 || t->hub == hub;
}

unsigned plan_hub_tunnels(const struct plan *p)
{
	return p->is.uplinks;
}

unsigned plan_nhs_per_spoke(const struct plan *p)
{
	return p->is.hubs * p->is.uplinks;
}

bool plan_shares_source(const struct plan *p)
{
	return p->tunnel_count > p->is.uplinks;
}

unsigned plan_primary_hub(const struct plan *p, unsigned spoke)
{
	if (p->is.hubs == 1 || p->is.balance != PLAN_PRIMARY)
		return 0;
	/* OSPF's costs are the tunnel's, the same for all spokes, so that the way back agrees. */
	return p->is.routing == PLAN_BGP ? (spoke - 1) % p->is.hubs + 1 : 1;
}

static bool summarises(const struct plan *p)
{
	return p->is.routing == PLAN_EIGRP || p->is.routing == PLAN_RIP || p->is.routing == PLAN_STATIC;
}

/* ---- how many, and of what ---- */

static void decide_numbers(struct plan *p)
{
	const struct plan_wish *w = &p->wish;

	p->is.spokes = w->spokes;
	p->is.hubs = w->hubs ? w->hubs : 2;
	p->is.uplinks = w->uplinks ? w->uplinks : 1;
	p->is.platform = w->platform ? w->platform : PLAN_DMVPN;
	p->is.addresses = w->addresses ? w->addresses : PLAN_FIXED;
	if (!w->hubs)
		plan_note(&p->decisions, "hubs", "2", NULL, "one may fail, and the other carries all spokes");
	if (!w->uplinks)
		plan_note(&p->decisions, "uplinks", "1", NULL,
			  "a second provider is a matter of cost; say uplinks=2 when a provider's failure must be survived");
	if (p->is.hubs == 1)
		plan_note(&p->remarks, "hubs", "1", NULL, "the only hub is a single point of failure: when it fails no new direct path is found and nothing reaches the data centre");
	if (p->is.addresses == PLAN_DHCP)
		plan_note(&p->decisions, "addresses", "dhcp", "Cisco NHRP command reference; RFC 2332 5.2.1",
			  "registrations are not unique, or a spoke whose provider gave it another address would be refused until its old registration ends");
}

static void decide_phase(struct plan *p)
{
	const unsigned wished = p->wish.phase;

	p->is.phase = wished ? wished : p->wish.routing == PLAN_OSPF ? 2 : 3;
	if (!wished && p->is.phase == 2)
		plan_note(&p->decisions, "phase", "2", IPSPACE,
			  "OSPF gives every spoke every other's route anyway, since all are in one area; phase 3 gains nothing by it");
	else if (p->is.phase == 3)
		plan_note(&p->decisions, "phase", "3", IPSPACE,
			  "spokes talk directly, and routing need not know how: a redirect from the hub and a shortcut are enough");
	else if (p->is.phase == 2)
		plan_note(&p->decisions, "phase", "2", IPSPACE,
			  "spokes talk directly: routing keeps the far spoke as next hop; so every spoke has a route for each other's LAN, and nothing may be summarised at a hub");
	else
		plan_note(&p->decisions, "phase", "1", IPSPACE,
			  "point-to-point tunnels: all traffic passes a hub, where it can be filtered and counted, and its uplink carries traffic between spokes twice");
	if (p->is.phase != 1 && !wished)
		plan_note(&p->rejected, "phase", "1", NULL, "traffic between spokes would cross a hub's uplink twice");
	if (p->is.phase == 3 && !wished)
		plan_note(&p->rejected, "phase", "2", IPSPACE, "each of %u spokes would have to hold %u routes, and summaries would break the direct paths",
			  p->is.spokes, p->is.spokes);
}

/* ---- routing ---- */

static void refuse_scale(struct plan *p, struct plan_refusals *r, const char *wish, unsigned most, const char *why)
{
	if (p->is.spokes > most)
		plan_refuse(r, wish, "routing=bgp", "%s: %u spokes are too many, %u are the limit", why, p->is.spokes, most);
}

static void judge_bgp(struct plan *p, struct plan_refusals *r)
{
	const unsigned neighbours = p->is.spokes * p->is.uplinks;

	if (neighbours > BGP_NEIGHBOURS_MAX)
		plan_refuse(r, "spokes, uplinks", "several networks of at most 5000 spokes and uplinks each, joined behind their hubs",
			    "each hub would have %u BGP neighbours, and takes %d by `bgp listen limit`", neighbours, BGP_NEIGHBOURS_MAX);
	if (p->is.phase == 2 && p->is.uplinks == 2)
		plan_refuse(r, "phase=2 uplinks=2 routing=bgp", "phase=3, where every next hop is a hub, or routing=ospf, which knows all ways",
			    "a hub announces one path to each spoke's LAN: a spoke whose first uplink is dead would get a next hop in the tunnel that it has just lost");
}

static void judge_ospf(struct plan *p, struct plan_refusals *r)
{
	refuse_scale(p, r, "routing=ospf", OSPF_SPOKES_MAX, "every spoke holds the database of the whole area, and works on it when any spoke comes or goes");
	if (p->is.spokes > 100)
		plan_note(&p->remarks, "routing", "OSPF", IPSPACE, "more than a hundred spokes in one area are the upper end of what others run; routing=bgp has no such end here");
	if (p->is.phase == 3)
		plan_note(&p->remarks, "phase", "3", IPSPACE,
			  "with OSPF no route can be left out inside the area, so that phase 3 saves nothing against phase 2; its next hops are the hubs (point-to-multipoint), shortcuts come from NHRP");
}

static void judge_distance_vector(struct plan *p, struct plan_refusals *r)
{
	const bool eigrp = p->is.routing == PLAN_EIGRP;

	refuse_scale(p, r, eigrp ? "routing=eigrp" : "routing=rip", eigrp ? EIGRP_SPOKES_MAX : RIP_SPOKES_MAX,
		     eigrp ? "a hub keeps a neighbour and queries for each spoke" : "a hub sends each update once for each spoke");
	if (p->is.phase == 2)
		plan_refuse(r, eigrp ? "routing=eigrp phase=2" : "routing=rip phase=2", "phase=3 (a summary and redirects), or routing=bgp",
			    eigrp ? "hubs would have to announce spokes to each other with their own next hops (no split horizon, no next-hop-self); FRR's eigrpd always keeps both, so that it could be neither run nor checked here"
				  : "a hub that announces spokes to each other without split horizon makes loops of RIP's when one dies");
	if (eigrp && p->is.platform == PLAN_DMVPN)
		plan_refuse(r, "routing=eigrp", "routing=bgp, or platform=cisco",
			    "no spoke would reach another: FRR's eigrpd always keeps split horizon, announces no summaries, and stops when it is to announce a loopback's subnet instead");
	if (p->wish.bfd == PLAN_BFD_YES)
		plan_refuse(r, eigrp ? "routing=eigrp bfd=yes" : "routing=rip bfd=yes", "bfd=no, or routing=bgp or ospf",
			    "FRR's %s does not listen to BFD", eigrp ? "eigrpd" : "ripd");
	if (p->wish.balance == PLAN_PRIMARY)
		plan_refuse(r, eigrp ? "routing=eigrp balance=primary" : "routing=rip balance=primary", "balance=share, or routing=bgp",
			    "the way back would have to agree, and only BGP's attributes or OSPF's costs say so to both sides");
}

static void judge_static(struct plan *p, struct plan_refusals *r)
{
	if (p->wish.hubs && p->is.hubs > 1)
		plan_refuse(r, "routing=static hubs", "routing=bgp, or hubs=1",
			    "nobody would tell the data centre which of %u hubs is alive, nor a hub which spokes it has lost", p->is.hubs);
	if (p->is.uplinks > 1)
		plan_refuse(r, "routing=static uplinks=2", "routing=bgp, or uplinks=1",
			    "a hub would not learn that a spoke's first uplink is dead, and go on sending there");
	if (p->is.phase == 2)
		plan_refuse(r, "routing=static phase=2", "phase=3, or phase=1",
			    "every spoke would need a line for every other spoke: %u lines in all", p->is.spokes * (p->is.spokes - 1));
	refuse_scale(p, r, "routing=static", STATIC_SPOKES_MAX, "the hub needs a line for every spoke, and each is written twice by somebody");
}

static void decide_routing(struct plan *p, struct plan_refusals *r)
{
	p->is.routing = p->wish.routing ? p->wish.routing : PLAN_BGP;
	if (p->is.routing == PLAN_STATIC && !p->wish.hubs)
		p->is.hubs = 1;
	switch (p->is.routing) {
	case PLAN_ROUTING_ANY:
	case PLAN_BGP:
		judge_bgp(p, r);
		break;
	case PLAN_OSPF:
		judge_ospf(p, r);
		break;
	case PLAN_EIGRP:
	case PLAN_RIP:
		judge_distance_vector(p, r);
		break;
	case PLAN_STATIC:
		judge_static(p, r);
		break;
	}
	p->ospf_area = p->is.routing == PLAN_OSPF && p->is.spokes > OSPF_ONE_AREA_MAX ? 1 : 0;
	p->summary = summarises(p);
	p->fvrf = p->is.uplinks > 1;
}

static void explain_bgp(struct plan *p)
{
	plan_note(&p->decisions, "routing", "BGP", IPSPACE,
		  "one session for each spoke and hub, nothing sent while nothing changes, and no line at a hub when a spoke is added (listen range); internal, the hubs reflect%s",
		  p->is.phase == 2 ? " and leave the next hop as it is" : " and set themselves as next hop");
	if (p->is.spokes > ROUTES_MEASURED)
		plan_note(&p->remarks, "routes", "", MEASURED, "each spoke learns %u routes; hubs were killed with up to %d", p->is.spokes, ROUTES_MEASURED);
	if (p->is.phase != 2)
		plan_note(&p->rejected, "routing", "a summary for all spokes", MEASURED,
			  "spokes would hold two routes instead of %u, but a hub's death has cost up to 1.3 s then, and its return up to 1.8 s", p->is.spokes);
	if (p->wish.routing)
		return;
	plan_note(&p->rejected, "routing", "OSPF", IPSPACE, "every spoke would hold the database of an area of %u", p->is.spokes);
	plan_note(&p->rejected, "routing", "EIGRP, RIP", NULL, "they learn of a dead hub by their own timers only; FRR's eigrpd cannot tell one spoke of another at all");
}

static void explain_routing(struct plan *p)
{
	static const char *const areas[] = { "OSPF, area 0", "OSPF, area 1 for the tunnels, a stub" };

	if (p->is.routing == PLAN_BGP)
		explain_bgp(p);
	else if (p->is.routing == PLAN_OSPF)
		plan_note(&p->decisions, "routing", areas[p->ospf_area], IPSPACE, "%s; %s",
			  p->is.phase == 2 ? "network type broadcast, so that the far spoke stays the next hop; only hubs may be designated router"
					   : "network type point-to-multipoint, so that every next hop is a hub",
			  p->ospf_area ? "hubs are border routers, so that the data centre's changes do not run through all spokes"
				       : "up to fifty spokes one area will do");
	else
		plan_note(&p->decisions, "routing", plan_routing_name(p->is.routing), IPSPACE,
			  "spokes announce their LAN; what a hub tells them is one summary for all spokes and one route for the data centre");
	if (p->fvrf)
		plan_note(&p->decisions, "front door", "a VRF for each uplink", IPSPACE,
			  "each provider's default route is its own, so that what leaves by an uplink has that uplink's address");
}

/* ---- design ---- */

/* With Cisco's routers, why not several hubs in one tunnel; NULL: they do. */
static const char *cisco_needs_tunnel_per_hub(const struct plan *p)
{
	if (p->is.platform != PLAN_CISCO)
		return NULL;
	if (p->is.phase == 1)
		return "a point-to-point tunnel of IOS has one destination for ever";
	if (p->is.phase == 2)
		return "what IOS has not resolved yet leans on one hub for up to three minutes, also when that is dead";
	return NULL;
}

/* Of OSPF's, likewise. */
static const char *ospf_needs_tunnel_per_hub(const struct plan *p)
{
	if (p->is.routing != PLAN_OSPF)
		return NULL;
	if (p->wish.balance == PLAN_PRIMARY)
		return "OSPF's cost is the interface's, and all hubs are behind one interface";
	if (p->is.phase == 1)
		return "a point-to-point tunnel has one far end at a time: after a hub's death OSPF would have to become the next one's neighbour first, which takes seconds";
	return NULL;
}

static bool wants_tunnel_per_hub(const struct plan *p)
{
	return cisco_needs_tunnel_per_hub(p) || ospf_needs_tunnel_per_hub(p);
}

static void refuse_design(struct plan *p, struct plan_refusals *r)
{
	const bool one = p->is.design == PLAN_HUBS_IN_ONE_TUNNEL;

	if (one && p->is.hubs > 1 && p->is.platform == PLAN_CISCO && p->is.phase == 1)
		plan_refuse(r, "design=hubs-in-one-tunnel phase=1 platform=cisco", "design=one-hub-per-tunnel, phase=3, or platform=dmvpn, whose far end follows the best hub that lives",
			    "%s", cisco_needs_tunnel_per_hub(p));
	if (one && p->is.routing == PLAN_OSPF && p->wish.balance == PLAN_PRIMARY && p->is.hubs > 1)
		plan_refuse(r, "design=hubs-in-one-tunnel routing=ospf balance=primary", "design=one-hub-per-tunnel, whose tunnels have a cost each, or routing=bgp",
			    "OSPF's cost is the interface's, and all hubs are behind one interface");
}

static void explain_tunnel_per_hub(struct plan *p)
{
	const char *forced = cisco_needs_tunnel_per_hub(p);

	plan_note(&p->decisions, "design", plan_design_name(PLAN_HUB_PER_TUNNEL), forced ? IPSPACE : DESIGNS,
		  "%s: %u tunnel%s, each with one hub and a subnet of its own; NHRP of one never looks at the other, and routing alone decides",
		  forced ? forced : p->wish.design ? "as wished" : p->is.phase == 1 ? "a spoke is every hub's neighbour all the time" : "a spoke's preference of one hub is the cost of a tunnel",
		  p->is.hubs * p->is.uplinks, p->is.hubs * p->is.uplinks > 1 ? "s" : "");
	if (!p->wish.design || forced)
		plan_note(&p->rejected, "design", plan_design_name(PLAN_HUBS_IN_ONE_TUNNEL), forced ? IPSPACE : DESIGNS, "%s",
			  forced ? forced : ospf_needs_tunnel_per_hub(p));
}

static void explain_one_tunnel(struct plan *p)
{
	plan_note(&p->decisions, "design", plan_design_name(PLAN_HUBS_IN_ONE_TUNNEL), p->is.platform == PLAN_CISCO ? IPSPACE : MEASURED,
		  "%u tunnel%s, one for each uplink, with all hubs in it; a spoke is registered with every hub, what leans on a dead one moves to a living one%s%s",
		  p->is.uplinks, p->is.uplinks > 1 ? "s" : "", p->is.platform == PLAN_CISCO ? " with routing" : " before routing has noticed",
		  p->is.uplinks > 1 ? ", and a hub and an uplink may fail together" : "");
	if (!p->wish.design)
		plan_note(&p->rejected, "design", plan_design_name(PLAN_HUB_PER_TUNNEL), MEASURED,
			  "%u tunnels on every spoke instead of %u, keys to tell them apart, and a hub's death waits for routing: longest 302 ms against 216 when a hub is lost (phase 3, BGP, BFD of 50 ms x 3, power off or uplink cut)",
			  p->is.hubs * p->is.uplinks, p->is.uplinks);
}

static void decide_design(struct plan *p, struct plan_refusals *r)
{
	if (p->is.hubs == 1) {
		p->is.design = PLAN_HUBS_IN_ONE_TUNNEL;
		plan_note(&p->decisions, "design", "one hub", NULL, "one tunnel for each uplink; with one hub both redundant designs are the same");
		p->is.balance = PLAN_SHARE;
		return;
	}
	p->is.design = p->wish.design ? p->wish.design : wants_tunnel_per_hub(p) ? PLAN_HUB_PER_TUNNEL : PLAN_HUBS_IN_ONE_TUNNEL;
	refuse_design(p, r);
	if (p->is.design == PLAN_HUB_PER_TUNNEL)
		explain_tunnel_per_hub(p);
	else
		explain_one_tunnel(p);
}

static void decide_balance(struct plan *p)
{
	const bool per_hub = p->is.design == PLAN_HUB_PER_TUNNEL, can = p->is.routing == PLAN_BGP || p->is.routing == PLAN_OSPF;
	char text[60];

	if (p->is.hubs == 1)
		return;
	p->is.balance = p->wish.balance ? p->wish.balance : per_hub && can ? PLAN_PRIMARY : PLAN_SHARE;
	if (p->is.balance == PLAN_SHARE)
		plan_note(&p->decisions, "balance", "all hubs carry traffic", DESIGNS, "equal paths, shared by flow");
	else if (p->is.routing == PLAN_BGP)
		plan_note(&p->decisions, "balance", "each spoke prefers one hub", DESIGNS,
			  "spoke 1 prefers hub 1, spoke 2 hub 2 and so on: local preference at the spoke; a community tells its hub, and MED the core, so that both ways agree");
	else {
		snprintf(text, sizeof text, "hub 1 first, then the next");
		plan_note(&p->decisions, "balance", text, DESIGNS, "by cost: 10 on the first hub's tunnel, 10 more on each next one's, at both ends");
	}
}

/* ---- protection ---- */

static void decide_protection(struct plan *p, struct plan_refusals *r)
{
	p->is.protection = p->wish.protection ? p->wish.protection : PLAN_SHARED_KEY;
	if (p->is.protection == PLAN_CERTIFICATES && p->is.platform == PLAN_CISCO)
		plan_refuse(r, "platform=cisco protection=certificates", "protection=key, and enrolment with your authority afterwards",
			    "where a Cisco router gets its certificate from cannot be planned, nor checked here");
	if (p->is.protection == PLAN_UNPROTECTED)
		plan_note(&p->remarks, "protection", "none", NULL, "everything crosses the internet in the clear, and anybody may register: for a lab, or where something else protects it");
	else if (p->is.protection == PLAN_CERTIFICATES)
		plan_note(&p->decisions, "protection", "IKEv2, certificates, AES-GCM", "docs/ipsec.md", "a lost router is one revoked certificate");
	else
		plan_note(&p->decisions, "protection", "IKEv2, one key, AES-GCM", "docs/ipsec.md",
			  "spokes that talk directly must know each other's key; protection=certificates spares changing it everywhere when one router is lost");
	if (plan_shares_source(p) && p->is.protection != PLAN_UNPROTECTED)
		plan_note(&p->decisions, "protection", "shared", CISCO_GUIDE, "a spoke's tunnels on one source use one IPsec profile together, or each would claim the other's packets");
}

/* ---- tunnels ---- */

static void add_tunnel(struct plan *p, unsigned uplink, unsigned hub)
{
	struct plan_tunnel *t = &p->tunnels[p->tunnel_count++];
	const struct ipaddr base = ipaddr_v4(10u << 24 | (uint32_t)(100 + p->tunnel_count) << 16);

	t->number = (unsigned)p->tunnel_count;
	t->uplink = uplink;
	t->hub = hub;
	t->network_id = 100 + t->number;
	t->subnet = ipprefix_make(&base, (uint8_t)plan_tunnel_bits(&p->is));
}

static void decide_tunnels(struct plan *p)
{
	for (unsigned u = 1; u <= p->is.uplinks; u++) {
		if (p->is.design == PLAN_HUBS_IN_ONE_TUNNEL || p->is.hubs == 1)
			add_tunnel(p, u, 0);
		for (unsigned h = 1; p->is.design == PLAN_HUB_PER_TUNNEL && h <= p->is.hubs; h++)
			add_tunnel(p, u, h);
	}
	for (size_t i = 0; i < p->tunnel_count; i++)
		p->tunnels[i].has_key = plan_shares_source(p) && plan_is_multipoint(p);
	if (p->tunnels[0].has_key)
		plan_note(&p->decisions, "keys", "one for each tunnel", IPSPACE,
			  "a spoke's multipoint tunnels on one source are told apart by their key%s",
			  p->is.platform == PLAN_CISCO ? "" : "; among our own routers they could do without, the kernel's data path and Cisco's routers cannot");
	else if (plan_shares_source(p))
		plan_note(&p->decisions, "keys", "none", NULL, "point-to-point tunnels are told apart by their far ends");
}

/* ---- timers and failover ---- */

/* Seconds between registrations: a hub answers about forty a second at most. */
static unsigned registration_s(const struct plan *p)
{
	const unsigned held = p->is.spokes * plan_hub_tunnels(p), slow = (held + 39) / 40;

	if (p->is.platform == PLAN_CISCO)
		return slow > 10 ? slow : 10;
	return slow > 5 ? slow : 5;
}

static void decide_registrations(struct plan *p)
{
	struct plan_timers *t = &p->timers;
	const unsigned messages = 2 * p->is.spokes * plan_hub_tunnels(p) * 10;
	char text[40];

	t->registration_s = registration_s(p);
	t->holdtime_s = 6 * t->registration_s;
	if (p->is.platform == PLAN_CISCO && messages / t->registration_s > 50)
		t->max_send = 2 * messages / t->registration_s;
	snprintf(text, sizeof text, "every %u s, held for %u s", t->registration_s, t->holdtime_s);
	plan_note(&p->decisions, "registrations", text, "docs/registrations.md",
		  "%s; so a hub has %.3g registrations a second%s",
		  p->is.platform == PLAN_CISCO ? "a dead hub is noticed by them where nothing else tells" : "they keep bindings alive, a dead hub is noticed by other means",
		  p->is.spokes * plan_hub_tunnels(p) / (double)t->registration_s,
		  t->max_send ? ", more than `ip nhrp max-send` lets a Cisco router answer by default" : "");
}

/* Hello and hold of the routing protocol: a backstop where something faster tells, all there is elsewhere. */
static void decide_hellos(struct plan *p)
{
	struct plan_timers *t = &p->timers;
	const unsigned n = p->is.spokes * plan_hub_tunnels(p);

	if (p->is.routing == PLAN_STATIC)
		return;
	if (p->is.routing == PLAN_RIP) {
		t->hello_s = 5;
		t->dead_s = 15;
		return;
	}
	t->hello_s = p->is.routing == PLAN_BGP ? (n <= 200 ? 1 : n <= 1000 ? 3 : 10) : n <= 50 ? 1 : n <= 200 ? 3 : 5;
	t->dead_s = 3 * t->hello_s;
}

static bool bfd_possible(const struct plan *p)
{
	return p->is.hubs * p->is.uplinks > 1 && (p->is.routing == PLAN_BGP || p->is.routing == PLAN_OSPF) &&
	       (p->is.platform != PLAN_CISCO || p->is.spokes * plan_hub_tunnels(p) < CISCO_BFD_MAX);
}

static void refuse_failover(struct plan *p, struct plan_refusals *r, unsigned best_ms)
{
	const bool told = p->is.routing == PLAN_BGP || p->is.routing == PLAN_OSPF, seconds = best_ms % 1000 == 0;
	char remedy[120];

	snprintf(remedy, sizeof remedy, "failover=%u%s%s", seconds ? best_ms / 1000 : best_ms, seconds ? "s" : "ms", told ? "" : ", or routing=bgp");
	plan_refuse(r, "failover", remedy, "%s, %s, phase %u, %s: %u ms are the least that can be promised%s", plan_design_name(p->is.design),
		    plan_routing_name(p->is.routing), p->is.phase, p->is.platform == PLAN_CISCO ? "Cisco" : "here", best_ms,
		    p->wish.bfd == PLAN_BFD_NO ? " without BFD" : "");
}

/* The slowest BFD that keeps the promise, so that a hub sends least; 0 when probes or hellos will do. */
static void decide_failover(struct plan *p, struct plan_refusals *r)
{
	static const unsigned intervals[] = { 0, 1000, 750, 500, 300, 200, 150, 100, 75, 50 };
	const unsigned wished = p->wish.failover_ms ? p->wish.failover_ms : 1000;
	unsigned best = UINT32_MAX;

	p->is.failover_ms = p->wish.failover_ms;
	if (p->wish.failover_ms && p->is.hubs == 1 && p->is.uplinks == 1) {
		plan_refuse(r, "failover hubs=1 uplinks=1", "hubs=2, or uplinks=2", "there is nothing to fail over to");
		return;
	}
	for (size_t i = 0; i < sizeof intervals / sizeof intervals[0]; i++) {
		unsigned worst;

		if ((intervals[i] && (!bfd_possible(p) || p->wish.bfd == PLAN_BFD_NO)) || (!intervals[i] && p->wish.bfd == PLAN_BFD_YES))
			continue;
		worst = plan_predict(p, intervals[i]);
		p->timers.bfd_ms = intervals[i];
		best = worst < best ? worst : best;
		if (worst <= wished)
			break;
	}
	if (p->wish.failover_ms && best > wished)
		refuse_failover(p, r, best);
	else if (best > wished && p->is.hubs * p->is.uplinks > 1)
		plan_note(&p->remarks, "failover", "", NULL, "a second cannot be promised with %s and so many sessions; it is what comes nearest", plan_routing_name(p->is.routing));
}

static void explain_failover(struct plan *p)
{
	struct plan_timers *t = &p->timers;
	char text[40];

	t->bfd_multiplier = t->bfd_ms ? 3 : 0;
	t->bfd_effective_ms = plan_bfd_interval(t->bfd_ms, p->is.spokes * plan_hub_tunnels(p));
	if (t->bfd_ms) {
		snprintf(text, sizeof text, "BFD %u ms x 3", t->bfd_ms);
		plan_note(&p->decisions, "detection", text, "docs/bfd.md", "the slowest that keeps outages below %u ms%s%s", p->wish.failover_ms ? p->wish.failover_ms : 1000,
			  p->wish.failover_ms ? "" : " (nobody asked for less)", t->bfd_effective_ms > t->bfd_ms ? "; a hub's packet budget makes it slower by itself" : "");
		if (t->bfd_effective_ms > t->bfd_ms)
			plan_note(&p->remarks, "detection", text, "docs/bfd.md", "%u sessions at a hub run every %u ms within its packet budget", p->is.spokes * plan_hub_tunnels(p), t->bfd_effective_ms);
	} else if (p->is.hubs * p->is.uplinks > 1 && p->is.platform == PLAN_DMVPN) {
		plan_note(&p->decisions, "detection", "probes", "docs/decisions/0005-paths-are-probed.md",
			  "an echo every 250 ms through the tunnel finds a dead hub; far ends need not speak BFD%s",
			  bfd_possible(p) ? ", and nothing faster was needed" : "");
	} else if (p->is.hubs * p->is.uplinks > 1) {
		plan_note(&p->decisions, "detection", "hellos", CISCO_GUIDE, "%u s and %u s of the routing protocol", t->hello_s, t->dead_s);
	}
	if (p->is.platform == PLAN_CISCO && p->is.hubs * p->is.uplinks > 1)
		plan_note(&p->remarks, "failover", "Cisco", NULL, "no Cisco router was measured: its figures are worked out from timers");
}

struct plan *plan_new(const struct plan_wish *wish, struct plan_refusals *refused)
{
	struct plan *p = alloc_zero(1, sizeof *p);

	p->wish = *wish;
	decide_numbers(p);
	decide_phase(p);
	decide_routing(p, refused);
	decide_design(p, refused);
	decide_balance(p);
	decide_tunnels(p);
	explain_routing(p);
	decide_protection(p, refused);
	decide_registrations(p);
	decide_hellos(p);
	if (!refused->count)
		decide_failover(p, refused);
	if (refused->count) {
		plan_free(p);
		return NULL;
	}
	explain_failover(p);
	plan_count(p);
	return p;
}
