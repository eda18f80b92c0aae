/* BGP over a tunnel: both ends mean the same session, and what one spoke announces reaches the others. */
#include <stdio.h>
#include <string.h>

#include "design/bgp.h"
#include "design/compare.h"
#include "design/design.h"
#include "design/routing.h"
#include "design/said.h"

/* ---- one session ---- */

static void place_peer(struct design_finding *f, const struct config *c, const struct bgp_peer *p)
{
	finding_place(f, c, p->remote_line);
	finding_place(f, c, p->line);
}

static void not_taken(struct design *d, const struct design_member *from, const struct design_member *to, const struct bgp_peer *p)
{
	const struct config *c = member_config(d, to);
	const struct config_block *b = bgp_block(c);
	const struct config_block_line *range = b ? block_line(b, "bgp listen range") : NULL;
	char mine[IPADDR_TEXT_MAX], remedy[160];
	struct design_finding *f;

	if (!b)
		return;
	ipaddr_format(&from->address->addr, mine);
	if (range) {
		snprintf(remedy, sizeof remedy, "let bgp listen range take in %s", mine);
		f = design_found(d, RULE_BGP_LISTEN_RANGE, remedy, "%s takes BGP sessions from %.*s, where %s (%s) is not", member_name(d, to),
				 (int)strcspn(range->text + 17, " "), range->text + 17, mine, member_name(d, from));
	} else {
		snprintf(remedy, sizeof remedy, "add neighbor %s remote-as %s, or a bgp listen range", mine, bgp_as(p->block));
		f = design_found(d, RULE_BGP_LISTEN_RANGE, remedy, "%s has a BGP session with %s in mind, which knows no neighbour %s", member_name(d, from),
				 member_name(d, to), mine);
	}
	finding_place(f, c, range ? range->line : b->line);
	finding_place(f, c, b->line);
	place_peer(f, member_config(d, from), p);
	finding_place(f, member_config(d, from), said_line(from->interface, from->family == IP_V4 ? "ip address" : "ipv6 address"));
}

/* The spoke's neighbour is somebody in the tunnel who is not there. */
static void no_such_neighbor(struct design *d, const struct design_member *from, const struct design_member *to)
{
	const struct config *c = member_config(d, from);
	const struct config_block *b = bgp_block(c);
	struct bgp_peer hub;

	if (!b || !bgp_peer(member_config(d, to), &from->address->addr, &hub))
		return;
	for (size_t at = block_next(b, 0, "neighbor"); at != SIZE_MAX; at = block_next(b, at + 1, "neighbor")) {
		char word[64], right[IPADDR_TEXT_MAX], remedy[100];
		struct design_finding *f;
		struct ipaddr addr;
		size_t count;

		if (!said_word_after(b->lines[at].text, "neighbor", word) || !ipaddr_parse(word, &addr) ||
		    !ipprefix_contains(&from->subnet, &addr) || design_owners(d, &addr, &count))
			continue;
		snprintf(remedy, sizeof remedy, "write neighbor %s", ipaddr_format(&to->address->addr, right));
		f = design_found(d, RULE_ROUTING_MISMATCH, remedy, "%s: BGP neighbour %s is nobody; %s is %s", member_name(d, from), word, member_name(d, to), right);
		finding_place(f, c, b->lines[at].line);
		place_peer(f, member_config(d, to), &hub);
		return;
	}
	if (!hub.by_range) {
		struct design_finding *f = design_found(d, RULE_ROUTING_MISMATCH, "add the neighbour at the spoke too", "%s has a BGP session with %s in mind, which does not know of it",
							member_name(d, to), member_name(d, from));

		finding_place(f, c, b->line);
		place_peer(f, member_config(d, to), &hub);
	}
}

static bool as_fits(const struct bgp_peer *p, const char *theirs)
{
	const char *const mine = bgp_as(p->block);

	if (!*p->remote_as || block_line(p->block, "bgp confederation identifier") || bgp_says(p, "local-as"))
		return true;
	if (!strcmp(p->remote_as, "internal"))
		return bgp_same_as(mine, theirs);
	if (!strcmp(p->remote_as, "external"))
		return !bgp_same_as(mine, theirs);
	return bgp_same_as(p->remote_as, theirs);
}

static void check_as(struct design *d, const struct design_member *a, const struct design_member *b, const struct bgp_peer *p, const struct bgp_peer *q)
{
	const char *const theirs = bgp_as(q->block);
	struct design_finding *f;
	char remedy[100];

	if (!*p->remote_as && !bgp_says(p, "inherit")) {
		snprintf(remedy, sizeof remedy, "add neighbor %s remote-as %s", *p->group ? p->group : p->address, theirs);
		f = design_found(d, RULE_BGP_AS_MISMATCH, remedy, "%s does not say in which autonomous system %s is: there is no session", member_name(d, a), member_name(d, b));
		place_peer(f, member_config(d, a), p);
		finding_place(f, member_config(d, a), p->block->line);
		return;
	}
	if (as_fits(p, theirs) || bgp_says(q, "local-as") || block_line(q->block, "bgp confederation identifier"))
		return;
	snprintf(remedy, sizeof remedy, "write remote-as %s", theirs);
	f = design_found(d, RULE_BGP_AS_MISMATCH, remedy, "%s expects %s in autonomous system %s, which is in %s", member_name(d, a), member_name(d, b), p->remote_as, theirs);
	place_peer(f, member_config(d, a), p);
	finding_place(f, member_config(d, b), q->block->line);
	place_peer(f, member_config(d, b), q);
}

/* false: written encrypted, and so cannot be compared. */
static bool password_of(const struct bgp_peer *p, char out[64], unsigned *line)
{
	const struct config_block_line *says = bgp_says(p, "password");
	char first[64] = "";

	*line = says ? says->line : p->line;
	if (says)
		said_word_after(says->text, "password", first);
	snprintf(out, 64, "%.60s", says ? strrchr(says->text, ' ') + 1 : "");
	return !strcmp(first, out) || !strcmp(first, "0");
}

static void check_password(struct design *d, const struct design_member *a, const struct design_member *b, const struct bgp_peer *p, const struct bgp_peer *q)
{
	char mine[64], theirs[64];
	unsigned x, y;
	struct design_finding *f;

	if (!password_of(p, mine, &x) || !password_of(q, theirs, &y) || !strcmp(mine, theirs))
		return;
	f = design_found(d, RULE_ROUTING_AUTHENTICATION_MISMATCH, "write the same neighbor … password on both sides", "%s and %s do not have the same BGP password for each other",
			 member_name(d, a), member_name(d, b));
	finding_place(f, member_config(d, a), x);
	finding_place(f, member_config(d, b), y);
	finding_place(f, member_config(d, a), p->line);
	finding_place(f, member_config(d, b), q->line);
}

static void check_link(struct design *d, const struct design_link *l)
{
	const struct design_member *from = &d->members[l->from], *to = &d->members[l->to];
	struct bgp_peer p, q;

	if (!from->address || !to->address)
		return;
	if (!bgp_peer(member_config(d, from), &to->address->addr, &p)) {
		if (from->spoke)
			no_such_neighbor(d, from, to);
		return;
	}
	if (!bgp_peer(member_config(d, to), &from->address->addr, &q)) {
		not_taken(d, from, to, &p);
		return;
	}
	check_as(d, from, to, &p, &q);
	check_as(d, to, from, &q, &p);
	check_password(d, from, to, &p, &q);
}

/* ---- from spoke to spoke ---- */

struct sessions {
	const struct design_member *first;
	struct bgp_peer peer, back; /* the hub's idea of the first spoke, and the other way round */
	uint32_t count, internal, same_as;
};

static void count_sessions(const struct design *d, const struct design_member *hub, struct sessions *s)
{
	size_t count;
	const uint32_t *in = design_incoming(d, design_member_number(d, hub), &count);

	for (size_t i = 0; i < count; i++) {
		const struct design_member *m = &d->members[d->links[in[i]].from];
		struct bgp_peer p, q;

		if (!m->spoke || !m->address || !hub->address || !bgp_peer(member_config(d, hub), &m->address->addr, &p) ||
		    !bgp_peer(member_config(d, m), &hub->address->addr, &q))
			continue;
		if (!s->count++) {
			s->first = m;
			s->peer = p;
			s->back = q;
		}
		s->internal += bgp_same_as(bgp_as(p.block), bgp_as(q.block));
		s->same_as += bgp_same_as(bgp_as(s->back.block), bgp_as(q.block));
	}
}

static void place_sessions(struct design_finding *f, const struct design *d, const struct design_member *hub, const struct sessions *s, unsigned line)
{
	finding_place(f, member_config(d, hub), line);
	place_peer(f, member_config(d, hub), &s->peer);
	finding_place(f, member_config(d, hub), s->peer.block->line);
	place_peer(f, member_config(d, s->first), &s->back);
}

static void check_reflection(struct design *d, const struct design_member *hub, const struct sessions *s)
{
	struct design_finding *f;
	char remedy[160];

	if (s->internal != s->count || bgp_says(&s->peer, "route-reflector-client") || bgp_summarises(member_config(d, hub), &s->peer))
		return;
	snprintf(remedy, sizeof remedy, "add neighbor %s route-reflector-client", *s->peer.group ? s->peer.group : s->peer.address);
	f = design_found(d, RULE_BGP_NOT_REFLECTED, remedy, "%s tells no spoke of another one: the sessions are internal (AS %s) and it does not reflect",
			 member_name(d, hub), bgp_as(s->peer.block));
	place_sessions(f, d, hub, s, 0);
}

static void check_one_as(struct design *d, const struct design_member *hub, const struct sessions *s)
{
	struct design_finding *f;
	char remedy[200];

	if (s->internal || s->same_as != s->count || bgp_summarises(member_config(d, hub), &s->peer) || bgp_says(&s->back, "allowas-in") || bgp_says(&s->peer, "as-override"))
		return;
	snprintf(remedy, sizeof remedy, "add neighbor %s as-override at the hub, allowas-in at the spokes, or a default route from the hub",
		 *s->peer.group ? s->peer.group : s->peer.address);
	f = design_found(d, RULE_BGP_ONE_AS, remedy, "the spokes of %s are all in autonomous system %s, and refuse each other's routes as their own", member_name(d, hub),
			 bgp_as(s->back.block));
	place_sessions(f, d, hub, s, 0);
}

static void check_next_hop(struct design *d, const struct design_cloud *c, const struct design_member *hub, const struct sessions *s)
{
	const struct config_block_line *all = bgp_says(&s->peer, "next-hop-self all"), *own = bgp_says(&s->peer, "next-hop-self");
	/* What is reflected keeps its next hop without "all". */
	const struct config_block_line *line = s->internal ? all : own;
	struct design_finding *f;
	char remedy[160];

	if (c->phase != PHASE_2 || !line || s->first->tunnel->mode != TUNNEL_GRE_MULTIPOINT)
		return;
	snprintf(remedy, sizeof remedy, "take %s out, or make it phase 3 (redirect, shortcut)", line->text);
	f = design_found(d, RULE_NEXT_HOP_SELF, remedy, "%s %s: the hub makes itself the next hop of what spokes announce, so in phase 2 no spoke ever asks for another one",
			 member_name(d, hub), hub->interface->ios_name);
	place_sessions(f, d, hub, s, line->line);
	finding_place(f, member_config(d, hub), hub->interface->line);
}

static void check_summary(struct design *d, const struct design_cloud *c, const struct design_member *hub, const struct sessions *s)
{
	struct design_finding *f;

	if (c->phase != PHASE_2)
		return;
	for (size_t at = block_next(s->peer.block, 0, "aggregate-address"); at != SIZE_MAX; at = block_next(s->peer.block, at + 1, "aggregate-address")) {
		if (!strstr(s->peer.block->lines[at].text, "summary-only"))
			continue;
		f = design_found(d, RULE_SUMMARY_IN_PHASE2, "leave summary-only out, or make it phase 3 (redirect, shortcut)",
				 "%s: only the summary is announced, whose next hop is the hub: in phase 2 no spoke ever asks for another one", member_name(d, hub));
		place_sessions(f, d, hub, s, s->peer.block->lines[at].line);
		return;
	}
}

void rules_bgp(struct design *d)
{
	for (size_t i = 0; i < d->link_count; i++) {
		if (!d->links[i].strayed)
			check_link(d, &d->links[i]);
	}
	for (size_t i = 0; i < d->cloud_count; i++) {
		const struct design_cloud *c = &d->clouds[i];

		for (uint32_t k = 0; k < c->count && design_in(d, c, k)->hub; k++) {
			struct sessions s = { 0 };

			count_sessions(d, design_in(d, c, k), &s);
			if (s.count < 2)
				continue;
			check_reflection(d, design_in(d, c, k), &s);
			check_one_as(d, design_in(d, c, k), &s);
			check_next_hop(d, c, design_in(d, c, k), &s);
			check_summary(d, c, design_in(d, c, k), &s);
		}
	}
}
