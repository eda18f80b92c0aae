/* Phases, several hubs, and how long it takes until the death of one is noticed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "design/bgp.h"
#include "design/compare.h"
#include "design/design.h"
#include "design/routing.h"
#include "design/said.h"

enum { SLOW_S = 60 };

/* ---- phases ---- */

static void mixed_phases(struct design *d, const struct design_cloud *c)
{
	const struct design_member *point = NULL, *multipoint = NULL;
	struct design_finding *f;

	for (uint32_t i = 0; i < c->count; i++) {
		const struct design_member *m = design_in(d, c, i);

		if (m->spoke && m->tunnel->mode == TUNNEL_GRE_P2P)
			point = point ? point : m;
		else if (m->spoke)
			multipoint = multipoint ? multipoint : m;
	}
	if (!point || !multipoint)
		return;
	f = design_found(d, RULE_PHASE_MIX, "make all spokes multipoint, or give the two kinds a tunnel each at the hub",
			 "%s is a point-to-point spoke (phase 1) in the tunnel of multipoint spoke %s (phase %u): the two never talk directly",
			 member_name(d, point), member_name(d, multipoint), (unsigned)c->phase);
	finding_place(f, member_config(d, point), point->interface->line);
	finding_place(f, member_config(d, point), said_line(point->interface, "tunnel destination"));
	finding_place(f, member_config(d, point), said_line(point->interface, "tunnel mode"));
	finding_place(f, member_config(d, multipoint), multipoint->interface->line);
	finding_place(f, member_config(d, multipoint), said_line(multipoint->interface, "tunnel mode"));
}

static void several_hubs(struct design *d, const struct design_member *m)
{
	struct design_finding *f;

	if (m->tunnel->mode != TUNNEL_GRE_P2P || m->nhrp->nhs_count < 2)
		return;
	f = design_found(d, RULE_PHASE1_SEVERAL_HUBS, "among our routers leave it so; elsewhere one point-to-point tunnel for each hub",
			 "%s %s is point-to-point and has %zu next hop servers: works here, the far end follows the best that lives; on Cisco it has one far end for ever",
			 member_name(d, m), m->interface->ios_name, m->nhrp->nhs_count);
	finding_place(f, member_config(d, m), m->interface->line);
	for (size_t i = 0; i < m->nhrp->nhs_count; i++)
		finding_place(f, member_config(d, m), nhrp_line_of(m, "nhs", &m->nhrp->nhs[i].addr));
}

static void without_redirect(struct design *d, const struct design_cloud *c, const struct design_member *hub)
{
	const struct design_member *spoke = NULL;
	struct design_finding *f;
	const uint32_t *in;
	size_t count;

	if (hub->nhrp->redirect || c->phase == PHASE_1)
		return;
	in = design_incoming(d, design_member_number(d, hub), &count);
	for (size_t i = 0; i < count && !spoke; i++) {
		const struct design_member *m = &d->members[d->links[in[i]].from];

		if (m->spoke && m->nhrp->shortcut && m->nhrp->shortcut_given)
			spoke = m;
	}
	if (!spoke)
		return;
	f = design_found(d, RULE_SHORTCUT_WITHOUT_REDIRECT, "add ip nhrp redirect to the hub's tunnel", "%s %s does not redirect, so that %s, which has ip nhrp shortcut, is told of no shorter way",
			 member_name(d, hub), hub->interface->ios_name, member_name(d, spoke));
	finding_place(f, member_config(d, hub), hub->interface->line);
	finding_place(f, member_config(d, spoke), nhrp_line(spoke, "shortcut"));
	finding_place(f, member_config(d, spoke), spoke->interface->line);
}

static const struct design_member *redirecting_hub(const struct design *d, const struct design_member *m)
{
	for (uint32_t i = m->first_link; i < m->first_link + m->link_count; i++) {
		if (d->members[d->links[i].to].nhrp->redirect)
			return &d->members[d->links[i].to];
	}
	return NULL;
}

static bool ignores_redirects(const struct design *d, const struct design_member *m)
{
	return m->spoke && m->tunnel->mode == TUNNEL_GRE_MULTIPOINT && !m->nhrp->shortcut && !m->nhrp->server_only && redirecting_hub(d, m);
}

/* `said`: those that write no ip nhrp shortcut, and so mean it. */
static void without_shortcut(struct design *d, const struct design_cloud *c, bool said)
{
	const struct design_member *first = NULL;
	struct name_list names = { 0 };
	struct design_finding *f;

	for (uint32_t i = 0; i < c->count; i++) {
		const struct design_member *m = design_in(d, c, i);

		if (ignores_redirects(d, m) && m->nhrp->shortcut_given == said) {
			first = first ? first : m;
			name_add(&names, member_name(d, m));
		}
	}
	if (!first)
		return;
	f = design_found(d, RULE_REDIRECT_WITHOUT_SHORTCUT, said ? "keep it where all traffic of the site shall go through its hubs" :
			 "add ip nhrp shortcut to the spoke's tunnel (IOS from 15.7 on has it without saying so: then give the version line)",
			 "%s %s: no ip nhrp shortcut, so that what %s says of shorter ways is not followed", name_text(&names), first->interface->ios_name,
			 member_name(d, redirecting_hub(d, first)));
	if (said)
		f->severity = DESIGN_ADVICE;
	for (uint32_t i = 0; i < c->count; i++) {
		const struct design_member *m = design_in(d, c, i);

		if (!ignores_redirects(d, m) || m->nhrp->shortcut_given != said)
			continue;
		finding_place(f, member_config(d, m), said_linef(m->interface, "no %s nhrp shortcut", m->family == IP_V4 ? "ip" : "ipv6"));
		finding_place(f, member_config(d, m), m->interface->line);
	}
	finding_place(f, member_config(d, redirecting_hub(d, first)), nhrp_line(redirecting_hub(d, first), "redirect"));
	finding_place(f, member_config(d, redirecting_hub(d, first)), redirecting_hub(d, first)->interface->line);
}

/* ---- hubs among each other ---- */

static bool knows(const struct design_member *a, const struct design_member *b)
{
	if (!b->address)
		return true;
	for (size_t i = 0; i < a->nhrp->nhs_count; i++) {
		if (ipaddr_eq(&a->nhrp->nhs[i].addr, &b->address->addr))
			return true;
	}
	for (size_t i = 0; i < a->nhrp->map_count; i++) {
		if (ipprefix_contains(&a->nhrp->maps[i].proto, &b->address->addr))
			return true;
	}
	return false;
}

static void check_partners(struct design *d, const struct design_member *a, const struct design_member *b)
{
	const struct design_member *x = design_spoke_of_one(d, a, b), *y = design_spoke_of_one(d, b, a);
	char text[IPADDR_TEXT_MAX], at[IPADDR_TEXT_MAX], remedy[160];
	const struct design_member *blind = knows(a, b) ? b : a, *other = blind == a ? b : a;
	struct design_finding *f;

	if (!x || !y || (knows(a, b) && knows(b, a)))
		return;
	snprintf(remedy, sizeof remedy, "add ip nhrp nhs %s nbma %s multicast at %s, and the same the other way round", ipaddr_format(&other->address->addr, text),
		 ipaddr_is_none(&other->nbma) ? "NBMA-ADDRESS" : ipaddr_format(&other->nbma, at), member_name(d, blind));
	f = design_found(d, RULE_HUB_KNOWS_NO_PARTNER, remedy, "%s does not know %s in the tunnel, so that %s (registered with one) never finds %s (with the other)",
			 member_name(d, blind), member_name(d, other), member_name(d, x), member_name(d, y));
	finding_place(f, member_config(d, blind), blind->interface->line);
	finding_place(f, member_config(d, other), other->interface->line);
	finding_place(f, member_config(d, x), x->interface->line);
	finding_place(f, member_config(d, y), y->interface->line);
}

/* ---- registrations ---- */

static void unique_and_dynamic(struct design *d, const struct design_member *m)
{
	struct design_finding *f;

	if (!m->nbma_dynamic || !m->nhrp->nhs_count || m->nhrp->no_unique)
		return;
	f = design_found(d, RULE_UNIQUE_WITH_DYNAMIC_ADDRESS, "add ip nhrp registration no-unique", "%s %s: its address changes (%s), and its registrations are unique: with another address they are refused until the old one has expired, in up to %u s",
			 member_name(d, m), m->interface->ios_name, m->source->ios_name, m->nhrp->holdtime_s);
	finding_place(f, member_config(d, m), m->interface->line);
	finding_place(f, member_config(d, m), said_line(m->source, m->tunnel->transport == IP_V4 ? "ip address" : "ipv6 address"));
	finding_place(f, member_config(d, m), m->source->line);
	finding_place(f, member_config(d, m), said_line(m->interface, "tunnel source"));
}

static void refreshed_too_late(struct design *d, const struct design_member *m)
{
	struct design_finding *f;
	char remedy[100];

	if (!m->nhrp->nhs_count || m->nhrp->registration_timeout_s < m->nhrp->holdtime_s)
		return;
	snprintf(remedy, sizeof remedy, "write ip nhrp registration timeout %u, a third of the hold time", m->nhrp->holdtime_s / 3);
	f = design_found(d, RULE_REGISTRATION_SLOWER_THAN_HOLDTIME, remedy, "%s %s registers every %u s, and what it registers holds for %u s", member_name(d, m),
			 m->interface->ios_name, m->nhrp->registration_timeout_s, m->nhrp->holdtime_s);
	finding_place(f, member_config(d, m), nhrp_line(m, "registration timeout"));
	finding_place(f, member_config(d, m), nhrp_line(m, "holdtime"));
}

static void rate_limit(struct design *d, const struct design_cloud *c, const struct design_member *hub)
{
	const unsigned line = nhrp_line(hub, "max-send");
	double per_s = 0;
	struct design_finding *f;
	const uint32_t *in;
	size_t count;

	in = design_incoming(d, design_member_number(d, hub), &count);
	for (size_t i = 0; i < count; i++)
		per_s += 1.0 / d->members[d->links[in[i]].from].nhrp->registration_timeout_s;
	/* Requests and replies are counted. */
	if (line == hub->interface->line || !hub->nhrp->max_send_s || 2 * per_s * hub->nhrp->max_send_s <= hub->nhrp->max_send_packets)
		return;
	(void)c;
	f = design_found(d, RULE_MAX_SEND_TOO_LOW, "raise ip nhrp max-send, or let spokes register less often", "%s %s: %zu clients make %.1f NHRP packets a second, %u in %u s are let through",
			 member_name(d, hub), hub->interface->ios_name, count, 2 * per_s, hub->nhrp->max_send_packets, hub->nhrp->max_send_s);
	finding_place(f, member_config(d, hub), line);
}

/* ---- how long a dead hub goes unnoticed ---- */

static unsigned hold_of(const struct design *d, const struct design_member *m, const struct design_member *hub, unsigned *line)
{
	struct routing r[ROUTING_MAX];
	const size_t count = routing_of(d, m, r);
	struct bgp_peer p;
	unsigned best = 0;

	for (size_t i = 0; i < count; i++) {
		const struct config_if_ospf *o = m->family == IP_V4 ? &m->interface->ospf : &m->interface->ospf6;
		const bool slow = o->network && (!strcmp(o->network, "point-to-multipoint") || !strcmp(o->network, "non-broadcast"));
		const struct config_block_line *named = eigrp_interface_line(&r[i], m->interface, "hold-time");
		char words[40];

		if (r[i].passive)
			continue;
		if (r[i].kind == ROUTING_OSPF) {
			best = o->dead_s ? o->dead_s : 4u * (o->hello_s ? o->hello_s : slow ? 30 : 10);
			*line = o->dead_s ? said_line(m->interface, m->family == IP_V4 ? "ip ospf dead-interval" : "ipv6 ospf dead-interval") : 0;
		} else if (r[i].kind == ROUTING_EIGRP) {
			const struct config_said *said;

			snprintf(words, sizeof words, "ip hold-time eigrp %u", r[i].number);
			said = said_find(m->interface, words);
			best = named ? (unsigned)strtoul(strrchr(named->text, ' ') + 1, NULL, 10)
			     : said ? (unsigned)strtoul(strrchr(said->text, ' ') + 1, NULL, 10) : 15;
			*line = named ? named->line : said ? said->line : 0;
		} else {
			best = 180;
		}
	}
	if (hub->address && bgp_peer(member_config(d, m), &hub->address->addr, &p)) {
		const struct config_block_line *own = bgp_says(&p, "timers"), *all = block_line(p.block, "timers bgp");
		unsigned hello, hold = 180;

		if (own)
			sscanf(own->text, "neighbor %*s timers %u %u", &hello, &hold);
		else if (all)
			sscanf(all->text, "timers bgp %u %u", &hello, &hold);
		if (!best || hold < best) {
			best = hold;
			*line = own ? own->line : all ? all->line : 0;
		}
		if (bgp_says(&p, "fall-over bfd"))
			best = 1;
	}
	return best;
}

/* Where there is another hub to go to it matters how soon that is known. */
static void slow(struct design *d, const struct design_member *m)
{
	const struct config *c = member_config(d, m);
	const struct design_router *r = &d->routers[m->router];
	const struct design_member *hub = m->link_count ? &d->members[d->links[m->first_link].to] : NULL;
	const struct config_said *holdtime = said_find(m->interface, "ip nhrp holdtime"), *registration = said_find(m->interface, "ip nhrp registration timeout");
	unsigned line = 0, hold, servers = 0;
	struct design_finding *f;

	for (uint32_t i = r->first; i < r->first + r->count; i++)
		servers += d->members[i].family == m->family && d->members[i].spoke ? d->members[i].link_count : 0;
	if (m->tunnel->warm_behind) /* slow on purpose, and quick in the moment in which it matters */
		return;
	if (!m->spoke || !hub || servers < 2 || (m->tunnel->bfd.multiplier && hub->tunnel->bfd.multiplier))
		return;
	hold = hold_of(d, m, hub, &line);
	if (m->nhrp->registration_timeout_s + 7u < hold || !hold)
		hold = m->nhrp->registration_timeout_s + 7u;
	if (hold <= SLOW_S)
		return;
	f = design_found(d, RULE_TIMERS_TOO_SLOW, "add bfd interval to the tunnels, or shorten ip nhrp registration timeout and the routing protocol's hold time",
			 "%s %s: beside routers that speak no BFD and answer no probes the death of %s goes unnoticed for up to %u s", member_name(d, m), m->interface->ios_name, member_name(d, hub), hold);
	finding_place(f, c, line);
	finding_place(f, c, registration ? registration->line : 0);
	finding_place(f, c, holdtime ? holdtime->line : 0);
	finding_place(f, c, m->interface->line);
}

void rules_redundancy(struct design *d)
{
	for (size_t i = 0; i < d->member_count; i++) {
		several_hubs(d, &d->members[i]);
		unique_and_dynamic(d, &d->members[i]);
		refreshed_too_late(d, &d->members[i]);
		slow(d, &d->members[i]);
	}
	for (size_t i = 0; i < d->cloud_count; i++) {
		const struct design_cloud *c = &d->clouds[i];

		mixed_phases(d, c);
		without_shortcut(d, c, false);
		without_shortcut(d, c, true);
		for (uint32_t k = 0; k < c->hubs; k++) {
			without_redirect(d, c, design_in(d, c, k));
			rate_limit(d, c, design_in(d, c, k));
			for (uint32_t n = 0; n < k && c->phase != PHASE_1; n++)
				check_partners(d, design_in(d, c, n), design_in(d, c, k));
		}
	}
}
