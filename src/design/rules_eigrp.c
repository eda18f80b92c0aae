/* EIGRP and RIP over a tunnel: autonomous systems, split horizon, next hops, summaries; and whether
 * the two ends speak the same protocol at all. */
#include <stdio.h>
#include <string.h>

#include "design/bgp.h"
#include "design/compare.h"
#include "design/design.h"
#include "design/routing.h"
#include "design/said.h"

/* ---- who speaks what ---- */

/* Processes of one kind that speak there. */
static size_t speakers(const struct design *d, const struct design_member *m, enum routing_kind kind, struct routing out[ROUTING_MAX])
{
	struct routing all[ROUTING_MAX];
	const size_t count = routing_of(d, m, all);
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (all[i].kind == kind && !all[i].passive)
			out[kept++] = all[i];
	}
	return kept;
}

static void list_numbers(const struct routing *r, size_t count, char text[64])
{
	size_t used = 0;

	text[0] = 0;
	for (size_t i = 0; i < count && used < 50; i++)
		used += (size_t)snprintf(text + used, 64 - used, "%s%u", i ? " and " : "", r[i].number);
}

static void check_as(struct design *d, const struct design_link *l)
{
	const struct design_member *from = &d->members[l->from], *to = &d->members[l->to];
	struct routing a[ROUTING_MAX], b[ROUTING_MAX];
	const size_t x = speakers(d, from, ROUTING_EIGRP, a), y = speakers(d, to, ROUTING_EIGRP, b);
	char mine[64], theirs[64], remedy[120];
	struct design_finding *f;

	if (!x || !y)
		return;
	for (size_t i = 0; i < x; i++) {
		for (size_t k = 0; k < y; k++) {
			if (a[i].number == b[k].number)
				return;
		}
	}
	list_numbers(a, x, mine);
	list_numbers(b, y, theirs);
	snprintf(remedy, sizeof remedy, "use one autonomous system in the cloud: %s", theirs);
	f = design_found(d, RULE_EIGRP_AS_MISMATCH, remedy, "%s: %s speaks EIGRP in autonomous system %s, %s in %s", from->interface->ios_name,
			 member_name(d, from), mine, member_name(d, to), theirs);
	finding_place(f, member_config(d, from), a[0].block->line);
	finding_place(f, member_config(d, from), a[0].family == UINT32_MAX ? 0 : a[0].block->lines[a[0].family].line);
	finding_place(f, member_config(d, from), a[0].line);
	finding_place(f, member_config(d, to), b[0].block->line);
	finding_place(f, member_config(d, to), b[0].family == UINT32_MAX ? 0 : b[0].block->lines[b[0].family].line);
	finding_place(f, member_config(d, to), b[0].line);
	finding_place(f, member_config(d, from), from->interface->line);
}

/* One speaks a protocol that the other does not, and there is nothing else that both speak. */
static void check_protocols(struct design *d, const struct design_link *l)
{
	const struct design_member *from = &d->members[l->from], *to = &d->members[l->to];
	struct routing a[ROUTING_MAX], b[ROUTING_MAX];
	const size_t x = routing_of(d, from, a), y = routing_of(d, to, b);
	const struct routing *mine = NULL, *theirs = NULL;
	struct design_finding *f;

	for (size_t i = 0; i < x; i++) {
		for (size_t k = 0; k < y; k++) {
			if (a[i].kind != b[k].kind)
				continue;
			if (!a[i].passive && !b[k].passive)
				return;
			mine = &a[i];
			theirs = &b[k];
		}
	}
	if (bgp_between(d, from, to) || (!x && !y))
		return;
	if (mine && mine->passive != theirs->passive) {
		const struct design_member *quiet = mine->passive ? from : to;

		f = design_found(d, RULE_ROUTING_MISMATCH, "write no passive-interface for the tunnel", "%s %s: %s is passive there, while %s speaks it",
				 member_name(d, quiet), quiet->interface->ios_name, routing_name(mine->kind), member_name(d, mine->passive ? to : from));
		finding_place(f, member_config(d, quiet), (mine->passive ? mine : theirs)->block ? (mine->passive ? mine : theirs)->block->line : 0);
		finding_place(f, member_config(d, from), mine->line);
		finding_place(f, member_config(d, to), theirs->line);
		return;
	}
	for (size_t i = 0; !mine && i < x; i++)
		mine = a[i].passive ? NULL : &a[i];
	for (size_t k = 0; !theirs && k < y; k++)
		theirs = b[k].passive ? NULL : &b[k];
	if (!mine || !theirs || mine->kind == theirs->kind)
		return;
	f = design_found(d, RULE_ROUTING_MISMATCH, "run one routing protocol on all tunnels of the cloud", "%s: %s speaks %s there, %s speaks %s",
			 from->interface->ios_name, member_name(d, from), routing_name(mine->kind), member_name(d, to), routing_name(theirs->kind));
	finding_place(f, member_config(d, from), mine->line);
	finding_place(f, member_config(d, to), theirs->line);
}

/* Nobody at the hub speaks what all of its spokes speak: the tunnel was forgotten in the process. */
static void check_silent_hub(struct design *d, const struct design_member *hub)
{
	struct routing a[ROUTING_MAX], b[ROUTING_MAX];
	struct design_finding *f;
	const uint32_t *in;
	size_t count;

	in = design_incoming(d, design_member_number(d, hub), &count);
	if (!hub->hub || !count || routing_of(d, hub, a))
		return;
	for (size_t i = 0; i < count; i++) {
		const struct design_member *m = &d->members[d->links[in[i]].from];
		char words[40];

		if (!speakers(d, m, ROUTING_EIGRP, b) && !speakers(d, m, ROUTING_OSPF, b))
			continue;
		/* A hub without any such process is not known to be one that forgot. */
		snprintf(words, sizeof words, "router %s", b[0].kind == ROUTING_EIGRP ? "eigrp" : "ospf");
		if (bgp_between(d, m, hub) || m->family != IP_V4 || !block_after(member_config(d, hub), NULL, words))
			return;
		f = design_found(d, RULE_ROUTING_MISMATCH, "add a network line that takes in the tunnel's address", "%s %s: %s runs, but not on the tunnel, where %s speaks it",
				 member_name(d, hub), hub->interface->ios_name, routing_name(b[0].kind), member_name(d, m));
		finding_place(f, member_config(d, hub), block_after(member_config(d, hub), NULL, words)->line);
		finding_place(f, member_config(d, hub), hub->interface->line);
		finding_place(f, member_config(d, m), b[0].line);
		return;
	}
}

/* The other way round: the spoke has the process, and not on the tunnel. */
static void check_silent_spoke(struct design *d, const struct design_link *l)
{
	const struct design_member *from = &d->members[l->from], *to = &d->members[l->to];
	struct routing a[ROUTING_MAX], b[ROUTING_MAX];
	const struct config_block *block;
	struct design_finding *f;

	if (routing_of(d, from, a) || from->family != IP_V4 || (!speakers(d, to, ROUTING_EIGRP, b) && !speakers(d, to, ROUTING_OSPF, b)))
		return;
	block = block_after(member_config(d, from), NULL, b[0].kind == ROUTING_EIGRP ? "router eigrp" : "router ospf");
	if (!block || bgp_between(d, from, to))
		return;
	f = design_found(d, RULE_ROUTING_MISMATCH, "add a network line that takes in the tunnel's address", "%s %s: %s runs, but not on the tunnel, where %s speaks it",
			 member_name(d, from), from->interface->ios_name, routing_name(b[0].kind), member_name(d, to));
	finding_place(f, member_config(d, from), block->line);
	for (size_t i = 0; i < block->line_count; i++)
		finding_place(f, member_config(d, from), said_begins(block->lines[i].text, "network") ? block->lines[i].line : 0);
	finding_place(f, member_config(d, from), from->interface->line);
	finding_place(f, member_config(d, to), b[0].line);
}

/* ---- authentication ---- */

static bool eigrp_secret(const struct design *d, const struct design_member *m, struct trait *out)
{
	const struct config *c = member_config(d, m);
	struct routing r[ROUTING_MAX];
	const struct config_block_line *named;
	const struct config_said *said = NULL;
	const struct config_block *chain;
	const struct config_block_line *key;
	char name[64] = "", words[64];

	if (!speakers(d, m, ROUTING_EIGRP, r))
		return false;
	named = eigrp_interface_line(&r[0], m->interface, "authentication key-chain");
	snprintf(words, sizeof words, "ip authentication key-chain eigrp %u", r[0].number);
	said = said_find(m->interface, words);
	if (named)
		snprintf(name, sizeof name, "%.60s", strrchr(named->text, ' ') + 1);
	else if (said)
		snprintf(name, sizeof name, "%.60s", strrchr(said->text, ' ') + 1);
	chain = *name ? block_named(c, "key chain", name) : NULL;
	if (*name && !chain)
		return false; /* a reference to nothing is another finding */
	key = chain ? block_line(chain, "key-string") : NULL;
	snprintf(out->value, sizeof out->value, "%u %s", r[0].number, key ? strrchr(key->text, ' ') + 1 : "");
	snprintf(out->shown, sizeof out->shown, "%s", key ? m->hub ? "EIGRP with its key" : "EIGRP with a key of its own" : "EIGRP without authentication");
	snprintf(out->write, sizeof out->write, "%s", key ? "the same key-string and authentication" : "no authentication");
	out->line = key ? key->line : r[0].line;
	return true;
}

/* Two systems on one tunnel: only those of the same system are compared. */
static void compare_secrets(struct design *d, const struct design_cloud *c)
{
	struct routing r[ROUTING_MAX];
	unsigned number = 0;

	for (uint32_t i = 0; i < c->count; i++) {
		if (speakers(d, design_in(d, c, i), ROUTING_EIGRP, r) > 1)
			return;
		if (number && speakers(d, design_in(d, c, i), ROUTING_EIGRP, r) && r[0].number != number)
			return;
		number = speakers(d, design_in(d, c, i), ROUTING_EIGRP, r) ? r[0].number : number;
	}
	compare_cloud(d, c, RULE_ROUTING_AUTHENTICATION_MISMATCH, eigrp_secret);
}

/* ---- split horizon, next hop, summaries ---- */

struct horizon {
	const struct routing *r;
	unsigned next_hop_line; /* of a line that says it in one way or the other; 0 */
	bool split, self, summary;
	unsigned summary_line;
};

/* A route that stands for many: the default, or one that discards what nothing more exact covers. */
static bool has_wide_route(const struct config *c)
{
	for (size_t i = 0; i < c->route_count; i++) {
		const struct config_route *r = &c->routes[i];

		if ((!r->dst.len && !r->vrf) || (r->interface && !strcmp(r->interface, "Null0")))
			return true;
	}
	return false;
}

static bool announces_default(const struct config *c, const struct routing *r)
{
	if (block_line(r->block, "default-information originate"))
		return true;
	return block_line(r->block, "redistribute static") && has_wide_route(c);
}

/* A connected network of the hub that the spoke's own lie in, made to be a summary: a loopback of 10.0.0.0/8. */
static bool announces_connected(const struct design *d, const struct design_member *hub, const struct routing *r, const struct design_member *spoke)
{
	const struct config *c = member_config(d, hub), *other = member_config(d, spoke);

	for (size_t i = 0; i < c->interface_count; i++) {
		const struct config_interface *at = &c->interfaces[i];
		struct ipprefix p;

		if (at->is_tunnel || at == hub->source || !at->address_count || !routing_takes(c, r, at))
			continue;
		p = ipprefix_make(&at->addresses[0].addr, at->addresses[0].prefix_len);
		for (size_t k = 0; k < other->interface_count; k++) {
			const struct config_interface *lan = &other->interfaces[k];

			if (!lan->is_tunnel && lan != spoke->source && lan->address_count && p.len < lan->addresses[0].prefix_len &&
			    ipprefix_contains(&p, &lan->addresses[0].addr))
				return true;
		}
	}
	return false;
}

static void read_eigrp(const struct routing *r, const struct config_interface *i, struct horizon *h)
{
	const struct config_said *said;
	char words[64];

	if (r->family != UINT32_MAX) {
		const struct config_block_line *self = eigrp_interface_line(r, i, "no next-hop-self"),
					       *summary = eigrp_interface_line(r, i, "summary-address");

		h->split = !eigrp_interface_line(r, i, "no split-horizon");
		h->self = !self;
		h->next_hop_line = self ? self->line : 0;
		h->summary = summary;
		h->summary_line = summary ? summary->line : 0;
		return;
	}
	snprintf(words, sizeof words, "no ip split-horizon eigrp %u", r->number);
	h->split = !said_find(i, words);
	snprintf(words, sizeof words, "no ip next-hop-self eigrp %u", r->number);
	h->self = !said_find(i, words);
	said = said_find(i, h->self ? words + 3 : words);
	h->next_hop_line = said ? said->line : 0;
	snprintf(words, sizeof words, "ip summary-address eigrp %u", r->number);
	said = said_find(i, words);
	h->summary = said;
	h->summary_line = said ? said->line : 0;
}

static const char *no_horizon(const struct routing *r, char remedy[120])
{
	if (r->kind == ROUTING_RIP)
		snprintf(remedy, 120, "add no ip split-horizon to the hub's tunnel");
	else if (r->family == UINT32_MAX)
		snprintf(remedy, 120, "add no ip split-horizon eigrp %u to the hub's tunnel, or announce a summary there", r->number);
	else
		snprintf(remedy, 120, "add no split-horizon to af-interface of the hub's tunnel, or announce a summary there");
	return remedy;
}

static uint32_t speaking_spokes(const struct design *d, const struct design_member *hub, const struct routing *as, uint32_t *multipoint,
				const struct design_member **first)
{
	size_t count;
	const uint32_t *in = design_incoming(d, design_member_number(d, hub), &count);
	uint32_t speaking = 0;

	*multipoint = 0;
	for (size_t i = 0; i < count; i++) {
		const struct design_member *m = &d->members[d->links[in[i]].from];
		struct routing r[ROUTING_MAX];
		const size_t kinds = speakers(d, m, as->kind, r);

		for (size_t k = 0; k < kinds; k++) {
			if (r[k].number != as->number)
				continue;
			if (!speaking++)
				*first = m;
			*multipoint += m->tunnel->mode == TUNNEL_GRE_MULTIPOINT && m->spoke;
		}
	}
	return speaking;
}

static void check_horizon(struct design *d, const struct design_cloud *c, const struct design_member *hub, const struct routing *r)
{
	const struct config *config = member_config(d, hub);
	const struct config_interface *i = hub->interface;
	const struct design_member *spoke = NULL;
	struct horizon h = { .r = r };
	uint32_t multipoint;
	const uint32_t spokes = speaking_spokes(d, hub, r, &multipoint, &spoke);
	struct design_finding *f;
	char remedy[120];

	if (r->kind == ROUTING_RIP)
		h.split = !said_find(i, "no ip split-horizon");
	else
		read_eigrp(r, i, &h);
	if (h.split && spokes > 1 && !(h.summary && c->phase != PHASE_2) && !announces_default(config, r) && !announces_connected(d, hub, r, spoke)) {
		f = design_found(d, RULE_SPLIT_HORIZON, no_horizon(r, remedy), "%s %s: split horizon keeps %s from telling one spoke of the networks of another",
				 member_name(d, hub), i->ios_name, routing_name(r->kind));
		finding_place(f, config, i->line);
		finding_place(f, config, r->block->line);
		finding_place(f, config, eigrp_section_line(r, i));
		finding_place(f, config, r->line);
		finding_place(f, member_config(d, spoke), spoke->interface->line);
	}
	if (r->kind != ROUTING_EIGRP || !multipoint || (spokes < 2 && c->spokes < 2))
		return;
	if (c->phase == PHASE_2 && h.self) {
		if (r->family == UINT32_MAX)
			snprintf(remedy, sizeof remedy, "add no ip next-hop-self eigrp %u to the hub's tunnel, or make it phase 3 (redirect, shortcut)", r->number);
		else
			snprintf(remedy, sizeof remedy, "add no next-hop-self to af-interface of the hub's tunnel, or make it phase 3 (redirect, shortcut)");
		f = design_found(d, RULE_NEXT_HOP_SELF, remedy, "%s %s: the hub makes itself the next hop of what spokes announce, so in phase 2 no spoke ever asks for another one",
				 member_name(d, hub), i->ios_name);
		finding_place(f, config, h.next_hop_line);
		finding_place(f, config, i->line);
		finding_place(f, config, eigrp_section_line(r, i));
		finding_place(f, config, r->line);
		finding_place(f, member_config(d, spoke), spoke->interface->line);
	}
	if (c->phase == PHASE_3 && !h.self) {
		f = design_found(d, RULE_NEXT_HOP_SELF, "leave next-hop-self as it is by default: in phase 3 NHRP finds the short way",
				 "%s %s: in phase 3 the hub may stay the next hop; spokes as next hops are phase 2's way", member_name(d, hub), i->ios_name);
		f->severity = DESIGN_ADVICE;
		finding_place(f, config, h.next_hop_line);
		finding_place(f, config, i->line);
	}
	if (c->phase == PHASE_2 && !h.self && h.summary) {
		f = design_found(d, RULE_SUMMARY_IN_PHASE2, "leave the summary out towards spokes, or make it phase 3 (redirect, shortcut)",
				 "%s %s: the hub announces a summary, whose next hop is the hub: no spoke ever asks for another one", member_name(d, hub), i->ios_name);
		finding_place(f, config, h.summary_line);
		finding_place(f, config, i->line);
	}
}

/* A stub tells of its own networks only. */
static void stub_hub(struct design *d, const struct design_member *hub, const struct routing *r)
{
	const struct config_block_line *stub = r->family == UINT32_MAX ? block_line(r->block, "eigrp stub") : block_line_in(r->block, r->family, "eigrp stub");
	const struct design_member *spoke = NULL;
	uint32_t multipoint;
	struct design_finding *f;

	if (!stub || strstr(stub->text, "leak-map") || speaking_spokes(d, hub, r, &multipoint, &spoke) < 2)
		return;
	f = design_found(d, RULE_EIGRP_STUB_HUB, "write eigrp stub at the spokes, not at the hub", "%s is an EIGRP stub, which tells no spoke of another one", member_name(d, hub));
	finding_place(f, member_config(d, hub), stub->line);
	finding_place(f, member_config(d, hub), r->block->line);
}

void rules_eigrp(struct design *d)
{
	for (size_t i = 0; i < d->link_count; i++) {
		if (d->links[i].strayed)
			continue;
		check_as(d, &d->links[i]);
		check_protocols(d, &d->links[i]);
		check_silent_spoke(d, &d->links[i]);
	}
	for (size_t i = 0; i < d->cloud_count; i++) {
		const struct design_cloud *c = &d->clouds[i];

		compare_secrets(d, c);
		for (uint32_t k = 0; k < c->count && design_in(d, c, k)->hub; k++) {
			const struct design_member *hub = design_in(d, c, k);
			struct routing r[ROUTING_MAX];
			const size_t count = routing_of(d, hub, r);

			check_silent_hub(d, hub);
			for (size_t n = 0; n < count; n++) {
				if (r[n].passive || r[n].kind == ROUTING_OSPF)
					continue;
				check_horizon(d, c, hub, &r[n]);
				if (r[n].kind == ROUTING_EIGRP)
					stub_hub(d, hub, &r[n]);
			}
		}
	}
}
